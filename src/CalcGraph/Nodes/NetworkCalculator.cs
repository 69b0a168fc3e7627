using System.Globalization;
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

    // The nodes that let a network out, of networks that do not leave by each host itself.
    private readonly Dictionary<string, Selector> _gateways = [];
    private readonly LeakCalculator _leaks;

    public NetworkCalculator() => _leaks = new LeakCalculator(_networks);

    /// <summary>Adds, replaces or (null) removes; the name is <see cref="VirtualNetwork.FullName"/>. One without a VNI counts as absent. Returns the networks whose views may differ by that.</summary>
    public IEnumerable<string> Set(string fullName, VirtualNetwork? network)
    {
        VirtualNetwork? before = _networks.GetValueOrDefault(fullName), now = network?.Spec.Vni is null ? null : network;
        if (now is null) _networks.Remove(fullName);
        else _networks[fullName] = now;
        if (now?.Spec.Egress is { Mode: NetworkEgress.Snat, NodeSelector: { } text } && Selector.TryParse(text, out Selector? selector)) _gateways[fullName] = selector;
        else _gateways.Remove(fullName);
        return _leaks.OnChanged(fullName, before, now).Append(fullName).Distinct();
    }

    /// <summary>The networks that leave by a node with these labels, for all nodes.</summary>
    public IEnumerable<string> LeavingBy(IReadOnlyDictionary<string, string>? nodeLabels) => _gateways.Where(g => g.Value.Matches(nodeLabels)).Select(g => g.Key);

    /// <summary>The networks that are reached from these.</summary>
    public IEnumerable<string> ReachedFrom(IEnumerable<string> networks) => networks.SelectMany(_leaks.PartnersOf);

    /// <summary>Adds, replaces or (null) removes a floating address; returns the networks that it was of and is of.</summary>
    public IEnumerable<string> SetFloating(string ns, string name, FloatingIP? floating)
    {
        HashSet<string> touched = [];
        foreach ((string network, SortedDictionary<string, FloatingAddress> addresses) in _floating)
        {
            if (!addresses.Remove($"{ns}/{name}")) continue;
            touched.Add(network);
            if (addresses.Count == 0) _floating.Remove(network);
        }
        if (floating?.Spec is not { Address: { } address, Target: { } target, Network: { } of } || !InetAddress.TryParse(address, null, out InetAddress a) || !InetAddress.TryParse(target, null, out InetAddress t) || a.IsIPv6 != t.IsIPv6) return touched;
        string full = VirtualNetwork.FullNameOf(ns, of);
        if (!_floating.TryGetValue(full, out SortedDictionary<string, FloatingAddress>? those)) _floating[full] = those = new(StringComparer.Ordinal);
        those[$"{ns}/{name}"] = new FloatingAddress(a.ToString(), t.ToString());
        touched.Add(full);
        return touched;
    }

    /// <param name="asNumber">The cluster's: automatic route targets are the same on all nodes, also where each rack has an AS of its own.</param>
    /// <param name="needed">Those present that have to be, for their own or another's endpoints.</param>
    public Dictionary<string, NetworkView> ViewsOf(IReadOnlySet<string> present, IReadOnlySet<string> needed, IReadOnlyDictionary<string, string>? nodeLabels, uint asNumber)
    {
        Dictionary<string, NetworkView> views = [];
        foreach (string name in present)
        {
            if (!_networks.TryGetValue(name, out VirtualNetwork? network)) continue;
            NetworkRouteTargets targets = network.Spec.RouteTargets ?? new();
            bool hasGateways = _gateways.TryGetValue(name, out Selector? nodes), isGateway = nodes is not null && nodes.Matches(nodeLabels);
            string[] automatic = [string.Create(CultureInfo.InvariantCulture, $"{asNumber & 0xffff}:{network.Spec.Vni}")];
            views[name] = new NetworkView
            {
                Name = name,
                Vni = network.Spec.Vni!.Value,
                Mtu = network.Spec.Mtu,
                Import = targets.Import ?? automatic,
                Export = targets.Export ?? automatic,
                ExportAggregates = targets.ExportAggregates ?? [],
                Subnets = [.. (network.Spec.Subnets ?? []).Select(s => s.Cidr).Where(c => IpPrefix.TryParse(c, out _)).OfType<string>()],
                LetsOut = network.Spec.Egress?.Mode == NetworkEgress.Snat && (isGateway || (!hasGateways && network.Spec.Egress.NodeSelector is null)),
                IsGateway = isGateway,
                Leaks = _leaks.ViewsOf(name, present),
                Needed = needed.Contains(name),
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
                };
            }
        }
    }
}
