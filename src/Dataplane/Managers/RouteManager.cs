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
internal sealed class RouteManager(Routes routes, Nexthops nexthops, IKernel kernel, DataplaneOptions options)
{
    private readonly Dictionary<IpPrefix, SortedDictionary<string, int>> _local = [];
    private readonly Dictionary<IpPrefix, Learnt> _learnt = [];
    private readonly Dictionary<IpPrefix, Learnt> _fixed = [];
    private readonly Dictionary<IpPrefix, string> _fixedBy = [];
    private readonly HashSet<IpPrefix> _blocks = [];
    private readonly Dictionary<Gateway, NextHopResolution?> _resolved = [];
    private HashSet<IpPrefix> _connected = [];
    private readonly HashSet<int> _connectedLinks = [];
    private bool _reachabilityChanged;
    private bool _connectedChanged = true;

    private sealed record Learnt(IReadOnlyList<RouteNextHop> Hops)
    {
        /// <summary>The nexthop object held for it.</summary>
        public uint? Object { get; set; }
    }

    public string Origin(IpPrefix prefix) => _local.ContainsKey(prefix) ? "local" : _fixedBy.TryGetValue(prefix, out string? kind) ? kind : _learnt.ContainsKey(prefix) ? "bgp" : "block";

    /// <summary>Prefixes that BGP learnt and for which there is no route of ours, with the reason.</summary>
    public IEnumerable<(IpPrefix Prefix, string Reason)> NotInstalled =>
        from learnt in _learnt
        let reason = _connected.Contains(learnt.Key) ? "this host is on that network itself" : learnt.Value.Object is null ? "no next hop can be reached" : null
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
            if (!_fixed.TryGetValue(prefix, out Learnt? there) || there.Hops[0] != hop) Lead(_fixed, prefix, [hop]);
        }
    }

    private void Lead(Dictionary<IpPrefix, Learnt> ways, IpPrefix prefix, IReadOnlyList<RouteNextHop> hops)
    {
        if (ways.Remove(prefix, out Learnt? before) && before.Object is { } held) nexthops.Release(held);
        if (hops.Count > 0)
        {
            Learnt now = new(hops);
            ways[prefix] = now;
            now.Object = nexthops.Acquire(Reachable(now.Hops));
        }
        Decide(prefix);
    }

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
        HashSet<Gateway> appearedOrGone = [];
        foreach ((Gateway gateway, NextHopResolution? before) in _resolved.ToArray())
        {
            NextHopResolution? now = Resolve(gateway);
            if (now == before) continue;
            _resolved[gateway] = now;
            if (before is null || now is null) appearedOrGone.Add(gateway);
            else nexthops.Move(gateway, now.Value);
        }
        if (appearedOrGone.Count == 0) return;
        foreach ((IpPrefix prefix, Learnt learnt) in _learnt.Concat(_fixed))
        {
            if (!learnt.Hops.Any(h => appearedOrGone.Contains(Gateway.Of(h)))) continue;
            uint? before = learnt.Object;
            learnt.Object = nexthops.Acquire(Reachable(learnt.Hops));
            if (before is { } held) nexthops.Release(held);
            Decide(prefix);
        }
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

    private List<(Gateway Gateway, NextHopResolution Via, int Weight)> Reachable(IReadOnlyList<RouteNextHop> hops)
    {
        List<(Gateway, NextHopResolution, int)> reachable = [];
        foreach (RouteNextHop hop in hops)
        {
            Gateway gateway = Gateway.Of(hop);
            if (!_resolved.TryGetValue(gateway, out NextHopResolution? via)) _resolved[gateway] = via = Resolve(gateway);
            if (via is { } way) reachable.Add((gateway, way, hop.Weight));
        }
        return reachable;
    }

    private NextHopResolution? Resolve(Gateway gateway)
    {
        NetlinkResult<NextHopResolution> found = kernel.ResolveNextHop(gateway.Address, gateway.Interface);
        return found.Ok ? found.Value : null;
    }

    private void Decide(IpPrefix prefix)
    {
        if (_local.TryGetValue(prefix, out SortedDictionary<string, int>? claims)) routes.Set(Route(prefix) with { LinkIndex = claims.First().Value });
        else if (_fixed.TryGetValue(prefix, out Learnt? way))
        {
            // Never by another way than its own: a tenant's packets would leave by it.
            if (way.Object is { } over) routes.Set(Route(prefix) with { NexthopId = over });
            else routes.Remove(prefix);
        }
        else if (!_connected.Contains(prefix) && _learnt.TryGetValue(prefix, out Learnt? learnt) && learnt.Object is { } id) routes.Set(Route(prefix) with { NexthopId = id });
        else if (_blocks.Contains(prefix)) routes.Set(Route(prefix) with { Type = RouteType.Blackhole });
        else routes.Remove(prefix);
    }

    private RouteEntry Route(IpPrefix prefix) =>
        new() { Destination = prefix, Protocol = (RouteProtocol)options.RouteProtocol, Priority = options.RouteMetric };
}
