using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Decides the one route for each prefix. A local endpoint wins over a way of the host's own making, that over what BGP learnt, that over the blackhole of an own block. What BGP says of a network that this host is on
/// itself is not installed: the kernel has its own route, and a second one would take over when someone lowers a metric. Next hops are what the kernel says of the way
/// to them, asked again when links or addresses change. Owned by the dataplane's loop.
/// </summary>
internal sealed class RouteManager(Routes routes, Nexthops nexthops, IKernel kernel)
{
    private readonly Dictionary<IpPrefix, SortedDictionary<string, int>> _local = [];
    private readonly Dictionary<IpPrefix, Way> _learnt = [];
    private readonly Dictionary<IpPrefix, Way> _fixed = [];
    private readonly Dictionary<IpPrefix, string> _fixedBy = [];
    private readonly HashSet<IpPrefix> _blocks = [];
    private readonly Ways _ways = new(nexthops, kernel);
    private HashSet<IpPrefix> _connected = [];
    private readonly HashSet<int> _connectedLinks = [];
    private bool _reachabilityChanged;
    private bool _connectedChanged = true;

    public string Origin(IpPrefix prefix) => _local.ContainsKey(prefix) ? "local" : _fixedBy.TryGetValue(prefix, out string? kind) ? kind : _learnt.ContainsKey(prefix) ? "bgp" : "block";

    /// <summary>Prefixes that BGP learnt and for which there is no route of ours, with the reason.</summary>
    public IEnumerable<(IpPrefix Prefix, string Reason)> NotInstalled =>
        from learnt in _learnt
        let reason = _connected.Contains(learnt.Key) ? "this host is on that network itself" : learnt.Value.Object == 0 ? "no next hop can be reached" : null
        where reason is not null && !_local.ContainsKey(learnt.Key) && !_fixed.ContainsKey(learnt.Key)
        select (learnt.Key, reason);

    public void SetLocal(IpPrefix prefix, string endpointId, int linkIndex)
    {
        if (!_local.TryGetValue(prefix, out SortedDictionary<string, int>? claims)) _local[prefix] = claims = new(StringComparer.Ordinal);
        claims[endpointId] = linkIndex;
        Decide(prefix);
    }

    public void RemoveLocal(IpPrefix prefix, string endpointId)
    {
        if (!_local.TryGetValue(prefix, out SortedDictionary<string, int>? claims) || !claims.Remove(endpointId)) return;
        if (claims.Count == 0) _local.Remove(prefix);
        Decide(prefix);
    }

    public void SetBlocks(IReadOnlySet<IpPrefix> blocks)
    {
        foreach (IpPrefix gone in _blocks.Where(b => !blocks.Contains(b)).ToArray())
        {
            _blocks.Remove(gone);
            Decide(gone);
        }
        foreach (IpPrefix block in blocks.Where(_blocks.Add)) Decide(block);
    }

    public void Learn(RouteUpdate update) => Lead(_learnt, update.Prefix.Prefix, update.NextHops);

    /// <summary>The ways of the host's own making, between its namespaces: all of those of one kind.</summary>
    /// <param name="kind">For people: leg, leak.</param>
    public void SetFixed(string kind, IReadOnlyDictionary<IpPrefix, RouteNextHop> ways)
    {
        foreach (IpPrefix gone in _fixedBy.Where(f => f.Value == kind && !ways.ContainsKey(f.Key)).Select(f => f.Key).ToArray())
        {
            _fixedBy.Remove(gone);
            Lead(_fixed, gone, []);
        }
        foreach ((IpPrefix prefix, RouteNextHop hop) in ways)
        {
            _fixedBy[prefix] = kind;
            if (!_fixed.TryGetValue(prefix, out Way? there) || there.Hops[0] != hop) Lead(_fixed, prefix, [hop]);
        }
    }

    private void Lead(Dictionary<IpPrefix, Way> ways, IpPrefix prefix, IReadOnlyList<RouteNextHop> hops)
    {
        // Held before the other is let go of, so that what both have stays.
        Way? now = hops.Count == 0 ? null : _ways.Hold(hops);
        if (ways.TryGetValue(prefix, out Way? before)) _ways.Release(before);
        if (now is not null) ways[prefix] = now;
        else if (before is null || !ways.Remove(prefix)) return;
        if (now != before) Decide(prefix);
    }

    /// <summary>Gateways that nothing arrives at though the kernel has a way there, all of them: groups leave them out. True when groups are others than before.</summary>
    public bool SetLost(IReadOnlySet<Gateway> lost) => _ways.SetLost(lost);

    /// <summary>A route of another's came or went: other ways may lead to the next hops.</summary>
    public void OnForeignRoute(IpPrefix prefix)
    {
        _reachabilityChanged = true;
        _connectedChanged |= _learnt.ContainsKey(prefix);
    }

    public void OnAddressesChanged() => _reachabilityChanged = _connectedChanged = true;

    /// <summary>A link without a connected network matters to nobody yet; its addresses are reported when they come.</summary>
    public void OnLinkChanged(int index)
    {
        _reachabilityChanged = true;
        _connectedChanged |= _connectedLinks.Contains(index);
    }

    /// <summary>Asks the kernel again about connected networks and every next hop, if something changed.</summary>
    public void Refresh()
    {
        if (_connectedChanged) RefreshConnected();
        if (!_reachabilityChanged) return;
        _reachabilityChanged = false;
        IReadOnlySet<Way> moved = _ways.Refresh();
        if (moved.Count == 0) return;
        foreach ((IpPrefix prefix, Way way) in _learnt.Concat(_fixed))
            if (moved.Contains(way)) Decide(prefix);
    }

    private void RefreshConnected()
    {
        NetlinkResult<IReadOnlyList<RouteEntry>> listed = kernel.ListRoutes((byte)RouteProtocol.Kernel);
        if (!listed.Ok) return; // asked again at the next pass
        _connectedChanged = false;
        HashSet<IpPrefix> before = _connected;
        List<RouteEntry> routes = [.. listed.Value.Where(r => r.Type == RouteType.Unicast && !(r.Destination.IsIPv6 && r.Destination.Address.IsLinkLocal))];
        _connected = [.. routes.Select(r => r.Destination)];
        // One that is down now has lost its route, and counts again when it is up.
        _connectedLinks.UnionWith(routes.Select(r => r.LinkIndex));
        before.SymmetricExceptWith(_connected);
        foreach (IpPrefix changed in before) Decide(changed);
    }

    private void Decide(IpPrefix prefix)
    {
        if (_local.TryGetValue(prefix, out SortedDictionary<string, int>? claims)) routes.Set(prefix, new RouteTarget(RouteType.Unicast, LinkIndex: claims.First().Value));
        // Never by another way than its own: a tenant's packets would leave by it.
        else if (_fixed.TryGetValue(prefix, out Way? way)) SetOrRemove(prefix, way.Object);
        else if (!_connected.Contains(prefix) && _learnt.TryGetValue(prefix, out Way? learnt) && learnt.Object != 0) SetOrRemove(prefix, learnt.Object);
        else if (_blocks.Contains(prefix)) routes.Set(prefix, new RouteTarget(RouteType.Blackhole));
        else routes.Remove(prefix);
    }

    private void SetOrRemove(IpPrefix prefix, uint nexthop)
    {
        if (nexthop != 0) routes.Set(prefix, new RouteTarget(RouteType.Unicast, NexthopId: nexthop));
        else routes.Remove(prefix);
    }
}
