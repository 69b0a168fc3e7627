using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// What a node needs to know besides endpoints and policy: its settings, the pools, its blocks, its BGP peers. Small and seldom changing, so it is
/// worked out anew for a node when something changed, and compared with what the node was told.
/// </summary>
internal sealed class NodeFacts
{
    // Sorted: where two nodes claim one address, who comes first must not depend on who came first.
    private readonly SortedDictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly PoolCalculator _pools = new();
    private readonly BlockCalculator _blocks = new();
    private readonly NetworkCalculator _networks = new();
    private readonly FelixCalculator _felix = new();
    private readonly BgpCalculator _bgp;

    public NodeFacts() => _bgp = new BgpCalculator(_nodes, _networks);

    /// <summary>Adds, replaces or (null) removes; returns the nodes whose facts may differ by that, null for all.</summary>
    public IReadOnlyCollection<string>? SetNode(string name, Node? node)
    {
        NodeInfo? before = Find(name), now = node is null ? null : NodeInfo.Of(node);
        if (before is null ? now is null : now is not null && now.IsLike(before)) return [];
        if (now is null) _nodes.Remove(name);
        else _nodes[name] = now;
        return _bgp.OnNodeChanged(before, now) is { } others ? [name, .. others] : null;
    }

    public void SetPool(string name, IPPool? pool) => _pools.Set(name, pool);

    /// <summary>Adds, replaces or (null) removes a block; returns the nodes that it belonged to and belongs to.</summary>
    public IEnumerable<string> SetBlock(string name, IPAMBlock? block) => _blocks.Set(name, block);

    /// <inheritdoc cref="NetworkCalculator.Set"/>
    public IEnumerable<string> SetNetwork(string fullName, VirtualNetwork? network) => _networks.Set(fullName, network);

    /// <inheritdoc cref="BgpCalculator.PeersSpeakForOthers"/>
    public bool PeersSpeakForOthers() => _bgp.PeersSpeakForOthers();

    /// <inheritdoc cref="NetworkCalculator.SetFloating"/>
    public IEnumerable<string> SetFloating(string ns, string name, FloatingIP? floating) => _networks.SetFloating(ns, name, floating);

    public void SetPeer(string name, BGPPeer? peer) => _bgp.SetPeer(name, peer);
    /// <summary>Adds, replaces or (null) removes. False when nothing changed.</summary>
    public bool SetFilter(string name, BGPFilter? filter) => _bgp.SetFilter(name, filter);

    public bool SetConfiguration(string name, BGPConfiguration? configuration) => _bgp.SetConfiguration(name, configuration);

    public void SetConfiguration(string name, FelixConfiguration? configuration) => _felix.Set(name, configuration);

    public NodeSettings SettingsOf(string node) => _felix.Complete(_bgp.SettingsOf(node));
    public Dictionary<string, PeerView> PeersOf(string node) => _bgp.PeersOf(node);
    public Dictionary<string, BgpFilterView> FiltersOf(IEnumerable<string> names) => _bgp.FiltersOf(names);
    public Dictionary<string, NetworkView> NetworksOf(NodeView node) => _networks.ViewsOf(ToldTo(node), NeededIn(node), Find(node.Name)?.Labels, _bgp.DefaultAs);

    /// <summary>The pools of the default network, and the subnets of the networks that are present.</summary>
    public Dictionary<string, PoolView> PoolsOf(NodeView node)
    {
        Dictionary<string, PoolView> pools = _pools.PoolsOf(Find(node.Name)?.Labels);
        foreach (PoolView subnet in _networks.PoolsOf(PresentIn(node))) pools[subnet.Name] = subnet;
        return pools;
    }

    /// <summary>Whether a network has an endpoint or a block on the node. A block comes first: an endpoint needs an address.</summary>
    public bool IsPresentIn(NodeView node, string network) => node.Networks.Contains(network) || _blocks.HasAny(node.Name, network);

    /// <summary>Whether the node's view tells of a network: asked of every node when a network changes, so it costs that network alone.</summary>
    public bool IsToldTo(NodeView node, string network) =>
        IsPresentIn(node, network) || _networks.IsReachedFrom(network, node.Networks) || _networks.LeavesBy(network, Find(node.Name)?.Labels);

    private HashSet<string> PresentIn(NodeView node) => [.. node.Networks, .. _blocks.NetworksOf(node.Name)];

    private HashSet<string> ToldTo(NodeView node) => [.. PresentIn(node), .. NeededIn(node)];

    // Not for what is there by a block alone: blocks stay when the last endpoint goes.
    private HashSet<string> NeededIn(NodeView node) => [.. _networks.ReachedFrom(node.Networks), .. _networks.LeavingBy(Find(node.Name)?.Labels)];

    public Dictionary<string, BlockView> BlocksOf(string node) => _blocks.BlocksOf(node);

    private NodeInfo? Find(string name) => _nodes.TryGetValue(name, out NodeInfo? node) ? node : null;

    /// <summary>The names of all filters that peers name.</summary>
    public static HashSet<string> FilterNames(IEnumerable<PeerView> peers) => [.. peers.SelectMany(p => p.Filters ?? [])];

    /// <summary>By value, the list within included.</summary>
    public static bool SamePeer(PeerView a, PeerView b) => WithoutLists(a) == WithoutLists(b) && (a.Filters ?? []).SequenceEqual(b.Filters ?? [])
        && Same(a.AddressFamilies, b.AddressFamilies) && Same(a.Networks, b.Networks) && Same(a.RouteTargets, b.RouteTargets) && Same(a.ImportTargets, b.ImportTargets);

    private static PeerView WithoutLists(PeerView peer) => peer with { Filters = null, AddressFamilies = null, Networks = null, RouteTargets = null, ImportTargets = null };

    // An empty list is not an absent one.
    private static bool Same(IReadOnlyList<string>? a, IReadOnlyList<string>? b) => a is null == b is null && (a ?? []).SequenceEqual(b ?? []);

    /// <summary>By value, the lists within included.</summary>
    public static bool SameSettings(NodeSettings? a, NodeSettings? b)
    {
        if (a is null || b is null) return ReferenceEquals(a, b);
        IReadOnlyList<PrefixCommunities> x = a.PrefixCommunities ?? [], y = b.PrefixCommunities ?? [];
        return WithoutLists(a) == WithoutLists(b)
            && (a.FailsafeInbound ?? []).SequenceEqual(b.FailsafeInbound ?? []) && (a.FailsafeOutbound ?? []).SequenceEqual(b.FailsafeOutbound ?? [])
            && x.Count == y.Count
            && x.Zip(y).All(p => p.First.Cidr == p.Second.Cidr && p.First.Communities.SequenceEqual(p.Second.Communities));
    }

    private static NodeSettings WithoutLists(NodeSettings settings) => settings with { PrefixCommunities = null, FailsafeInbound = null, FailsafeOutbound = null };
}
