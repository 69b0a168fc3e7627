using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>The virtual networks, and what a node in which some of them have an endpoint or a block is told of these, and of these alone.</summary>
internal sealed class NetworkCalculator
{
    private readonly Dictionary<string, VirtualNetwork> _networks = [];

    // By network, then by object.
    private readonly Dictionary<string, SortedDictionary<string, FloatingAddress>> _floating = [];
    private readonly Dictionary<string, string> _networkOfFloating = [];

    // The nodes that let a network out, of networks that do not leave by each host itself; and the networks of each selector, which are many of few.
    private readonly Dictionary<string, Selector> _gateways = [];
    private readonly Dictionary<string, (Selector Nodes, HashSet<string> Networks)> _leaving = [];
    private readonly LeakCalculator _leaks;
    private readonly TargetImporters _importers = new();

    public NetworkCalculator() => _leaks = new LeakCalculator(_networks);

    /// <summary>Adds, replaces or (null) removes; the name is <see cref="VirtualNetwork.FullName"/>. One without a VNI counts as absent. Returns the networks whose views may differ by that.</summary>
    public IEnumerable<string> Set(string fullName, VirtualNetwork? network)
    {
        VirtualNetwork? before = _networks.GetValueOrDefault(fullName), now = network?.Spec.Vni is null ? null : network;
        if (now is null) _networks.Remove(fullName);
        else _networks[fullName] = now;
        _importers.Set(fullName, before, now);
        SetGateways(fullName, before, now);
        return _leaks.OnChanged(fullName, before, now).Append(fullName).Distinct();
    }

    private void SetGateways(string fullName, VirtualNetwork? before, VirtualNetwork? now)
    {
        if (_gateways.Remove(fullName) && _leaving[before!.Spec.Egress!.NodeSelector!].Networks is { } were && were.Remove(fullName) && were.Count == 0) _leaving.Remove(before.Spec.Egress.NodeSelector!);
        if (now?.Spec.Egress is not { Mode: NetworkEgress.Snat, NodeSelector: { } text } || !Selector.TryParse(text, out Selector? selector)) return;
        _gateways[fullName] = selector;
        if (!_leaving.TryGetValue(text, out (Selector, HashSet<string> Networks) those)) _leaving[text] = those = (selector, []);
        those.Networks.Add(fullName);
    }

    /// <summary>The networks that leave by a node with these labels, for all nodes. Costs the different selectors, however many networks have them.</summary>
    public IEnumerable<string> LeavingBy(IReadOnlyDictionary<string, string>? nodeLabels) => _leaving.Values.Where(l => l.Nodes.Matches(nodeLabels)).SelectMany(l => l.Networks);

    /// <summary>Whether one network leaves by such a node.</summary>
    public bool LeavesBy(string network, IReadOnlyDictionary<string, string>? nodeLabels) => _gateways.TryGetValue(network, out Selector? nodes) && nodes.Matches(nodeLabels);

    /// <summary>The networks that are reached from these.</summary>
    public IEnumerable<string> ReachedFrom(IEnumerable<string> networks) => networks.SelectMany(_leaks.PartnersOf);

    /// <summary>Whether one network is reached from one of these: reaching is mutual.</summary>
    public bool IsReachedFrom(string network, IReadOnlyCollection<string> networks) => _leaks.PartnersOf(network).Any(networks.Contains);

    /// <summary>Adds, replaces or (null) removes a floating address; returns the networks that it was of and is of.</summary>
    public IEnumerable<string> SetFloating(string ns, string name, FloatingIP? floating)
    {
        HashSet<string> touched = [];
        if (_networkOfFloating.Remove($"{ns}/{name}", out string? was))
        {
            touched.Add(was);
            _floating[was].Remove($"{ns}/{name}");
            if (_floating[was].Count == 0) _floating.Remove(was);
        }
        if (floating?.Spec is not { Address: { } address, Target: { } target, Network: { } of } || !InetAddress.TryParse(address, null, out InetAddress a) || !InetAddress.TryParse(target, null, out InetAddress t) || a.IsIPv6 != t.IsIPv6) return touched;
        string full = VirtualNetwork.FullNameOf(ns, of);
        if (!_floating.TryGetValue(full, out SortedDictionary<string, FloatingAddress>? those)) _floating[full] = those = new(StringComparer.Ordinal);
        those[$"{ns}/{name}"] = new FloatingAddress(a.ToString(), t.ToString());
        _networkOfFloating[$"{ns}/{name}"] = full;
        touched.Add(full);
        return touched;
    }

    /// <summary>
    /// The route targets of networks, NAMESPACE/NAME: those by which a route comes into one of them and into no other, and those that their own routes have. Of a network that does not exist, none.
    /// </summary>
    /// <param name="asNumber">As in <see cref="ViewsOf"/>.</param>
    public (IReadOnlyList<string> Believed, IReadOnlyList<string> Told) TargetsOf(IReadOnlyList<string> named, uint asNumber)
    {
        HashSet<string> names = [.. named.Select(n => n.Replace('/', '.'))];
        SortedSet<string> believed = new(StringComparer.Ordinal), told = new(StringComparer.Ordinal);
        foreach (VirtualNetwork network in names.Select(n => _networks.GetValueOrDefault(n)).OfType<VirtualNetwork>())
        {
            believed.UnionWith(ImportsOf(network, asNumber).Where(t => _importers.Of(t, asNumber).All(names.Contains)));
            told.UnionWith(ExportsOf(network, asNumber));
            told.UnionWith(network.Spec.RouteTargets?.ExportAggregates ?? []);
        }
        return ([.. believed], [.. told]);
    }

    private static IReadOnlyList<string> ImportsOf(VirtualNetwork network, uint asNumber) => network.Spec.RouteTargets?.Import ?? [NetworkRouteTargets.Automatic(asNumber, network.Spec.Vni!.Value)];

    private static IReadOnlyList<string> ExportsOf(VirtualNetwork network, uint asNumber) => network.Spec.RouteTargets?.Export ?? [NetworkRouteTargets.Automatic(asNumber, network.Spec.Vni!.Value)];

    /// <param name="asNumber">The cluster's: automatic route targets are the same on all nodes, also where each rack has an AS of its own.</param>
    /// <param name="needed">Those present that have to be, for their own or another's endpoints.</param>
    public Dictionary<string, NetworkView> ViewsOf(IReadOnlySet<string> present, IReadOnlySet<string> needed, IReadOnlyDictionary<string, string>? nodeLabels, uint asNumber)
    {
        Dictionary<string, NetworkView> views = [];
        foreach (string name in present)
        {
            if (!_networks.TryGetValue(name, out VirtualNetwork? network)) continue;
            bool hasGateways = _gateways.TryGetValue(name, out Selector? nodes), isGateway = nodes is not null && nodes.Matches(nodeLabels);
            views[name] = new NetworkView
            {
                Name = name,
                Vni = network.Spec.Vni!.Value,
                Mtu = network.Spec.Mtu,
                Import = ImportsOf(network, asNumber),
                Export = ExportsOf(network, asNumber),
                ExportAggregates = network.Spec.RouteTargets?.ExportAggregates ?? [],
                Subnets = [.. (network.Spec.Subnets ?? []).Select(s => s.Cidr).Where(c => IpPrefix.TryParse(c, out _)).OfType<string>()],
                LetsOut = network.Spec.Egress?.Mode == NetworkEgress.Snat && (isGateway || (!hasGateways && network.Spec.Egress.NodeSelector is null)),
                IsGateway = isGateway,
                Leaks = _leaks.ViewsOf(name, present),
                Needed = needed.Contains(name),
                Limits = network.Spec.Limits is { } limits ? limits with { Endpoints = null } : null,
                // Elsewhere default routes lead to the gateways, and a floating address has to leave by the host that it is reached at.
                Floating = (!hasGateways || isGateway) && _floating.TryGetValue(name, out SortedDictionary<string, FloatingAddress>? floating) ? [.. floating.Values] : [],
            };
        }
        return views;
    }

    public IEnumerable<PoolView> PoolsOf(IEnumerable<string> present)
    {
        foreach (string name in present)
        {
            if (!_networks.TryGetValue(name, out VirtualNetwork? network)) continue;
            foreach (NetworkSubnet subnet in network.Spec.Subnets ?? [])
            {
                if (!IpPrefix.TryParse(subnet.Cidr, out IpPrefix cidr)) continue;
                yield return new PoolView
                {
                    Name = $"{name}/{cidr}",
                    Network = name,
                    Cidr = cidr.ToString(),
                    BlockSize = subnet.BlockSize ?? Math.Max(cidr.Length, cidr.IsIPv6 ? 122 : 26),
                    Usable = true,
                    Reserved = subnet.Reserved is { Count: > 0 } reserved ? reserved : null,
                };
            }
        }
    }
}
