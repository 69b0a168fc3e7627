using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>One BGPPeer object with its selectors resolved: which nodes hold sessions, with whom.</summary>
internal sealed class PeerRule
{
    private readonly BGPPeerSpec _spec;
    private readonly NodeList _locals;
    private readonly NodeList? _peers;
    private readonly (InetAddress Address, int Port)? _peerAddress;
    private readonly SortedDictionary<string, NodeInfo> _owners = new(StringComparer.Ordinal);
    private readonly string _prefix;

    private PeerRule(BGPPeer peer, NodeList locals, NodeList? peers, (InetAddress, int)? peerAddress, IEnumerable<NodeInfo> nodes)
    {
        _spec = peer.Spec;
        Name = peer.Name;
        _locals = locals;
        _peers = peers;
        _peerAddress = peerAddress;
        Rank = _spec.Node is not null ? 0 : _spec.NodeSelector is not null ? 1 : 2;
        _prefix = Rank == 2 ? $"global/{Name}" : $"node/{Name}";
        foreach (NodeInfo node in nodes) OnNodeChanged(null, node);
    }

    // Where two nodes claim the address, the first by name.
    private NodeInfo? PeerAddressOwner => _owners.Values.FirstOrDefault();

    /// <summary>A node was added, changed or (null) removed: the nodes whose sessions may differ by that, besides itself.</summary>
    public IEnumerable<string> OnNodeChanged(NodeInfo? before, NodeInfo? now)
    {
        string name = (before ?? now)!.Name;
        bool local = _locals.Update(name, now), peer = _peers?.Update(name, now) == true, owner = false;
        if (_peerAddress is { } wanted)
        {
            owner = _owners.Remove(name);
            if (now?.Address(wanted.Address.IsIPv6) == wanted.Address)
            {
                _owners[name] = now;
                owner = true;
            }
        }
        return [.. local && _peers is not null ? _peers.Names : [], .. peer || owner ? _locals.Names : []];
    }

    public string Name { get; }

    /// <summary>The virtual networks that it names.</summary>
    public IReadOnlyList<string> Networks => _spec.Networks ?? [];

    /// <summary>The more specific the lower: for one node, by selector, for all.</summary>
    public int Rank { get; }

    /// <summary>Null when the object says nothing that can be done: then it counts as absent.</summary>
    public static PeerRule? TryMake(BGPPeer peer, SortedDictionary<string, NodeInfo> nodes)
    {
        BGPPeerSpec spec = peer.Spec;
        // A password that cannot be read must not become a session without one. Peering with workloads is not there yet.
        if (spec.Password is { Value: null } || spec.LocalWorkloadSelector is not null) return null;
        NodeList locals;
        if (spec.Node is { } name) locals = new NodeList(n => n.Name == name);
        else if (Selector.TryParse(spec.NodeSelector, out Selector? selector)) locals = new NodeList(n => selector.Matches(n.Labels));
        else return null;
        if (spec.PeerSelector is { } text)
        {
            return Selector.TryParse(text, out Selector? selector)
                ? new PeerRule(peer, locals, new NodeList(n => selector.Matches(n.Labels)), null, nodes.Values)
                : null;
        }
        if (string.IsNullOrEmpty(spec.PeerIP) && !string.IsNullOrEmpty(spec.PeerInterface)) return new PeerRule(peer, locals, null, null, nodes.Values);
        if (!TryParseEndpoint(spec.PeerIP, out InetAddress address, out int port)) return null;
        return new PeerRule(peer, locals, null, (address, port), nodes.Values);
    }

    public IEnumerable<PeerView> ViewsFor(NodeInfo node, BgpCalculator bgp)
    {
        if (_peerAddress is { } peer) return _locals.Contains(node) && PeerAddressOwner?.Name != node.Name ? [ToAddress(node, peer.Address, peer.Port, bgp)] : [];
        if (_peers is null) return _locals.Contains(node) ? [OnLink(node, bgp)] : [];
        IEnumerable<PeerView> forth = _locals.Contains(node) ? _peers!.Items.Where(p => p.Name != node.Name).SelectMany(p => ToNode(node, p, bgp, mirrored: false)) : [];
        bool mirrors = _spec.ReversePeering != "Manual" && _peers!.Contains(node);
        // A pair that select each other have one session, which is both.
        IEnumerable<PeerView> back = mirrors
            ? _locals.Items.Where(l => l.Name != node.Name && !(_locals.Contains(node) && _peers!.Contains(l))).SelectMany(l => ToNode(node, l, bgp, mirrored: true))
            : [];
        return forth.Concat(back);
    }

    private IEnumerable<PeerView> ToNode(NodeInfo node, NodeInfo peer, BgpCalculator bgp, bool mirrored)
    {
        foreach (PeerView view in bgp.Between(node, peer, $"{_prefix}/{peer.Name}", $"BGPPeer {Name}"))
        {
            PeerView result = WithOptions(view, bgp, isNode: true);
            // The side that the object is about may speak under another AS; the other side expects it.
            if (mirrored && _spec.LocalASNumber is { } theirs) result = result with { AsNumber = theirs.Value };
            yield return mirrored ? result : result with { LocalAsNumber = _spec.LocalASNumber?.Value };
        }
    }

    private PeerView ToAddress(NodeInfo node, InetAddress address, int port, BgpCalculator bgp)
    {
        uint peerAs = _spec.AsNumber?.Value ?? (PeerAddressOwner is { } owner ? bgp.AsOf(owner) : bgp.DefaultAs);
        return WithOptions(new PeerView
        {
            Name = _prefix,
            Address = address.ToString(),
            Port = port,
            AsNumber = peerAs,
            LocalAsNumber = _spec.LocalASNumber?.Value,
            // A link-local address is spoken to from one.
            SourceAddress = address is { IsIPv6: true, IsLinkLocal: true } ? null : node.Address(address.IsIPv6)?.ToString(),
            RouteReflectorClient = bgp.IsClient(node, peerAs, PeerAddressOwner?.ClusterId),
            Origin = $"BGPPeer {Name}",
        }, bgp, isNode: PeerAddressOwner is not null);
    }

    /// <summary>Unnumbered: whoever is heard on the interface.</summary>
    private PeerView OnLink(NodeInfo node, BgpCalculator bgp) => WithOptions(new PeerView
    {
        Name = _prefix,
        Address = "",
        AsNumber = _spec.AsNumber?.Value ?? 0,
        IsInternal = _spec.AsNumber is null && _spec.PeerType == "Internal",
        LocalAsNumber = _spec.LocalASNumber?.Value,
        RouteReflectorClient = node.IsReflector && _spec.PeerType == "Internal",
        Origin = $"BGPPeer {Name}",
    }, bgp, isNode: false);

    private PeerView WithOptions(PeerView view, BgpCalculator bgp, bool isNode) => WithNetworks(view, bgp, isNode) with
    {
        SourceAddress = _spec.SourceAddress == "None" ? null : view.SourceAddress,
        NextHopMode = _spec.NextHopMode ?? (_spec.KeepOriginalNextHop == true ? "Keep" : "Auto"),
        Password = _spec.Password?.Value,
        KeepaliveSeconds = Durations.TrySeconds(_spec.KeepaliveTime),
        RestartSeconds = Durations.TrySeconds(_spec.MaxRestartTime),
        AllowedLocalAsNumbers = _spec.NumAllowedLocalASNumbers ?? 0,
        TtlSecurityHops = _spec.TtlSecurity,
        Filters = _spec.Filters is { Count: > 0 } filters ? filters : null,
        Interface = string.IsNullOrEmpty(_spec.PeerInterface) ? null : _spec.PeerInterface,
        Bfd = BfdOf(_spec.Bfd),
    };

    /// <summary>What it carries of virtual networks. Nobody but our nodes does unless it was asked for: a router that takes EVPN because it is offered would be believed for all networks.</summary>
    private PeerView WithNetworks(PeerView view, BgpCalculator bgp, bool isNode)
    {
        bool limited = _spec.Networks is not null || _spec.RouteTargets is not null;
        view = view with { AddressFamilies = _spec.AddressFamilies, WithoutNetworks = _spec.AddressFamilies is null && !limited && !isNode };
        if (!limited) return view;
        (IReadOnlyList<string> believed, IReadOnlyList<string> told) = bgp.TargetsOf(_spec.Networks ?? []);
        IReadOnlyList<string> given = _spec.RouteTargets ?? [];
        return view with { Networks = _spec.Networks, ImportTargets = [.. believed.Union(given)], RouteTargets = [.. told.Union(given)] };
    }

    /// <summary>With the defaults filled in; null: off.</summary>
    internal static BfdView? BfdOf(BfdSettings? bfd) =>
        bfd is null ? null : new BfdView(Milliseconds(bfd.MinTxInterval), Milliseconds(bfd.MinRxInterval), bfd.Multiplier ?? 3, bfd.Multihop);

    private static int Milliseconds(string? interval) => (int)(1000 * (Durations.TrySeconds(interval) ?? 0.3));

    /// <summary>192.0.2.1, 192.0.2.1:1790, 2001:db8::1 or [2001:db8::1]:1790.</summary>
    internal static bool TryParseEndpoint(string? text, out InetAddress address, out int port)
    {
        port = 179;
        address = default;
        if (string.IsNullOrEmpty(text)) return false;
        if (InetAddress.TryParse(text, out address)) return true;
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0) return false;
        port = number;
        ReadOnlySpan<char> host = text.AsSpan(0, colon);
        bool bracketed = host is ['[', .., ']'];
        return InetAddress.TryParse(bracketed ? host[1..^1] : host, null, out address) && address.IsIPv6 == bracketed;
    }

    /// <summary>The nodes that something selects, in the order of their names.</summary>
    private sealed class NodeList(Func<NodeInfo, bool> selects)
    {
        private readonly SortedDictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);

        public IEnumerable<NodeInfo> Items => _nodes.Values;
        public IEnumerable<string> Names => _nodes.Keys;

        public bool Contains(NodeInfo node) => _nodes.ContainsKey(node.Name);

        /// <summary>Whether the node was or is one of them.</summary>
        public bool Update(string name, NodeInfo? now)
        {
            bool was = _nodes.Remove(name), isOne = now is not null && selects(now);
            if (isOne) _nodes[name] = now!;
            return was || isOne;
        }
    }
}
