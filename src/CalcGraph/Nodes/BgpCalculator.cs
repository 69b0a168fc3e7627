using System.Text.Json;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.CalcGraph.Topology;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// The BGP sessions that a node shall hold: those that BGPPeer objects ask for, their mirror images on the nodes that they select as peers, and the mesh.
/// There is one session per pair of addresses; the more specific object wins (one for a node, then by selector, then for all, then the mesh; ties by name).
/// Between two of our nodes the one with the numerically lower address connects and the other waits, so that connections do not collide.
/// </summary>
/// <param name="nodes">Sorted by name.</param>
/// <param name="networks">Those that peers may speak for.</param>
internal sealed class BgpCalculator(SortedDictionary<string, NodeInfo> nodes, NetworkCalculator networks)
{
    public const uint DefaultAsNumber = 64512;
    private const int DefaultPort = 179;

    private readonly Dictionary<string, BGPPeer> _peers = [];
    private readonly Dictionary<string, (BGPConfigurationSpec Spec, byte[] Text)> _configurations = [];
    private readonly Dictionary<string, (BgpFilterView View, byte[] Text)> _filters = [];

    private readonly MeshTopology _mesh = new(nodes);

    // Those of _peers that mean something, the most specific first; made anew when first asked for after one has changed.
    private List<PeerRule>? _rules;

    // Of all peers that name networks, when a network changed last; null after peers changed.
    private string? _targets;

    public void SetPeer(string name, BGPPeer? peer)
    {
        if (peer is null) _peers.Remove(name);
        else _peers[name] = peer;
        (_rules, _targets) = (null, null);
    }

    /// <summary>Adds, replaces or (null) removes. False when nothing changed that matters here: the server reports the state of the mesh in its status.</summary>
    public bool SetConfiguration(string name, BGPConfiguration? configuration)
    {
        BGPConfiguration relevant = new() { Spec = configuration?.Spec ?? new(), Status = new() { RouteReflection = configuration?.Status?.RouteReflection } };
        byte[] text = configuration is null ? [] : JsonSerializer.SerializeToUtf8Bytes(relevant, ApiJsonContext.Default.BGPConfiguration);
        if (_configurations.TryGetValue(name, out var before) ? before.Text.AsSpan().SequenceEqual(text) : configuration is null) return false;
        if (configuration is null) _configurations.Remove(name);
        else _configurations[name] = (configuration.Spec, text);
        _targets = null;
        if (name == "default") _mesh.Configure(Default, configuration?.Status?.RouteReflection, DefaultAs);
        return true;
    }

    /// <summary>A network changed: whether some peer that names networks may speak for other route targets by that.</summary>
    public bool PeersSpeakForOthers()
    {
        if (!Rules.Exists(r => r.Networks.Count > 0)) return false;
        string now = string.Join('\n', Rules.Where(r => r.Networks.Count > 0).Select(r => TargetsOf(r.Networks)).Select(t => $"{string.Join(' ', t.Believed)}/{string.Join(' ', t.Told)}"));
        if (now == _targets) return false;
        _targets = now;
        return true;
    }

    /// <inheritdoc cref="NetworkCalculator.TargetsOf"/>
    public (IReadOnlyList<string> Believed, IReadOnlyList<string> Told) TargetsOf(IReadOnlyList<string> named) => networks.TargetsOf(named, DefaultAs);

    /// <summary>A node was added, changed or (null) removed: the nodes whose sessions may differ by that, besides itself; null for all.</summary>
    public IReadOnlyCollection<string>? OnNodeChanged(NodeInfo? before, NodeInfo? now)
    {
        IReadOnlyCollection<string>? mesh = _mesh.OnNodeChanged(before, now);
        if (mesh is null)
        {
            foreach (PeerRule rule in _rules ?? []) rule.OnNodeChanged(before, now);
            return null;
        }
        HashSet<string> affected = [.. mesh];
        foreach (PeerRule rule in Rules) affected.UnionWith(rule.OnNodeChanged(before, now));
        return affected;
    }

    /// <summary>Adds, replaces or (null) removes. False when nothing changed.</summary>
    public bool SetFilter(string name, BGPFilter? filter)
    {
        if (filter is null) return _filters.Remove(name);
        BgpFilterView view = new() { Name = name, Spec = filter.Spec };
        // Compared as text: the rules are lists within lists, and a filter changes seldom.
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(view, ApiJsonContext.Default.BgpFilterView);
        if (_filters.TryGetValue(name, out var before) && before.Text.AsSpan().SequenceEqual(text)) return false;
        _filters[name] = (view, text);
        return true;
    }

    /// <summary>Those of the filters that exist.</summary>
    public Dictionary<string, BgpFilterView> FiltersOf(IEnumerable<string> names) =>
        names.Where(_filters.ContainsKey).ToDictionary(n => n, n => _filters[n].View);

    public NodeSettings SettingsOf(string name)
    {
        nodes.TryGetValue(name, out NodeInfo? node);
        return new NodeSettings
        {
            Node = name,
            Ipv4Address = node?.Ipv4?.ToString(),
            Ipv6Address = node?.Ipv6?.ToString(),
            AsNumber = AsOf(node),
            BgpPort = PortOf(name),
            // An elected reflector's cluster is its own: with one cluster for several, a route would be lost where only one of them has it.
            RouteReflectorClusterId = node is null ? null : node.ClusterId ?? (_mesh.IsElected(node) ? node.Ipv4?.ToString() ?? "" : null),
            PrefixCommunities = CommunitiesOf(name),
            BindToNodeAddresses = (OfNode(name)?.BindMode ?? Default?.BindMode) == "NodeIP",
            RoutePriorityIPv4 = OfNode(name)?.Ipv4NormalRoutePriority ?? Default?.Ipv4NormalRoutePriority,
            RoutePriorityIPv6 = OfNode(name)?.Ipv6NormalRoutePriority ?? Default?.Ipv6NormalRoutePriority,
        };
    }

    public Dictionary<string, PeerView> PeersOf(string name)
    {
        Dictionary<string, PeerView> views = [];
        if (!nodes.TryGetValue(name, out NodeInfo? node)) return views;
        HashSet<(string Address, string? Interface, int Port)> taken = [];
        void Add(PeerView view)
        {
            if (taken.Add((view.Address, view.Interface, view.Port))) views[view.Name] = view;
        }

        foreach (PeerRule rule in Rules)
        {
            foreach (PeerView view in rule.ViewsFor(node, this)) Add(view);
        }
        foreach (PeerView view in MeshOf(node)) Add(view);
        return views;
    }

    private List<PeerRule> Rules => _rules ??= MakeRules();

    private List<PeerRule> MakeRules() =>
        [.. _peers.Values.Select(p => PeerRule.TryMake(p, nodes)).OfType<PeerRule>().OrderBy(r => r.Rank).ThenBy(r => r.Name, StringComparer.Ordinal)];

    private IEnumerable<PeerView> MeshOf(NodeInfo node)
    {
        SecretKeySource? secret = Default?.NodeMeshPassword;
        // A password that cannot be read must not become a session without one.
        if (secret is { Value: null }) yield break;
        bool reflects = _mesh.IsElected(node);
        double? restart = Durations.TrySeconds(Default?.NodeMeshMaxRestartTime);
        BfdView? bfd = PeerRule.BfdOf(Default?.NodeMeshBfd);
        // The name says nothing of roles: a session goes on when they change.
        foreach (NodeInfo peer in _mesh.PartnersOf(node))
        {
            bool isReflector = _mesh.IsElected(peer);
            foreach (PeerView view in Between(node, peer, $"mesh/{peer.Name}", isReflector ? "elected route reflector" : reflects ? "client of this route reflector" : "node-to-node mesh"))
            {
                yield return view with { Password = secret?.Value, RestartSeconds = restart, Bfd = bfd, RouteReflectorClient = reflects && !isReflector && AsOf(peer) == AsOf(node) };
            }
        }
    }

    /// <summary>The sessions between two nodes: one for each family in which both have an address.</summary>
    public IEnumerable<PeerView> Between(NodeInfo node, NodeInfo peer, string name, string origin)
    {
        foreach (bool isIPv6 in new[] { false, true })
        {
            if (node.Address(isIPv6) is not { } own || peer.Address(isIPv6) is not { } other || other == own) continue;
            yield return new PeerView
            {
                Name = isIPv6 ? name + "/v6" : name,
                Address = other.ToString(),
                Port = PortOf(peer.Name),
                AsNumber = AsOf(peer),
                SourceAddress = own.ToString(),
                Passive = other > own,
                RouteReflectorClient = IsClient(node, AsOf(peer), peer.ClusterId),
                Origin = origin,
            };
        }
    }

    /// <summary>RFC 4456: an iBGP peer of a reflector is its client unless it belongs to the same cluster of reflectors.</summary>
    public bool IsClient(NodeInfo node, uint peerAs, string? peerCluster) => node.IsReflector && peerAs == AsOf(node) && peerCluster != node.ClusterId;

    public uint AsOf(NodeInfo? node) => node?.AsNumber ?? Default?.AsNumber?.Value ?? DefaultAsNumber;
    public uint DefaultAs => Default?.AsNumber?.Value ?? DefaultAsNumber;

    private BGPConfigurationSpec? Default => _configurations.GetValueOrDefault("default").Spec;

    private int PortOf(string node) => OfNode(node)?.ListenPort ?? Default?.ListenPort ?? DefaultPort;

    private BGPConfigurationSpec? OfNode(string node) => _configurations.GetValueOrDefault($"node.{node}").Spec;

    private List<PrefixCommunities>? CommunitiesOf(string node)
    {
        IReadOnlyList<PrefixAdvertisement>? advertisements = OfNode(node)?.PrefixAdvertisements ?? Default?.PrefixAdvertisements;
        if (advertisements is not { Count: > 0 }) return null;
        Dictionary<string, string> named = [];
        foreach (CommunityDefinition c in OfNode(node)?.Communities ?? Default?.Communities ?? [])
        {
            if (c is { Name: { } name, Value: { } value }) named[name] = value;
        }
        return
        [
            .. advertisements.Where(a => IpPrefix.TryParse(a.Cidr, out _)).Select(a => new PrefixCommunities
            {
                Cidr = a.Cidr!,
                Communities = [.. (a.Communities ?? []).Select(c => named.GetValueOrDefault(c, c))],
            }),
        ];
    }
}
