using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Managers;

// Many prefixes, few ways:
//
//   prefix ─┐
//   prefix ─┼─► Way {A, B} ─► nexthop group ─► A ─► link, gateway
//   prefix ─┘                          └─────► B ─► link, gateway
//
// A way keeps its group while some gateway of it can be reached, and the group changes under the routes: of those that can be reached it holds those that are not said to be
// lost, or all of them when all are (it may be that we hear nothing while they live). So the death of a host is one message for each group that it is in. Routes that have only
// the lost gateway stay as they are until they are withdrawn.

/// <summary>One set of next hops and the nexthop object that stands for it.</summary>
internal sealed class Way(IReadOnlyList<RouteNextHop> hops)
{
    public IReadOnlyList<RouteNextHop> Hops => hops;

    /// <summary>The nexthop object; 0 while no gateway can be reached.</summary>
    public uint Object { get; set; }

    /// <summary>In the order of the group's members.</summary>
    public (GatewayState Gateway, int Weight)[] Gateways { get; init; } = [];

    /// <summary>How many prefixes.</summary>
    public int Users { get; set; }

    public bool IsGroup => Gateways.Length > 1;
}

/// <summary>A gateway that some way leads to.</summary>
internal sealed class GatewayState(Gateway gateway)
{
    public Gateway Gateway => gateway;

    /// <summary>As the kernel says; null when it cannot be reached.</summary>
    public NextHopResolution? Via { get; set; }

    /// <summary>Nothing arrives there, whatever the kernel's routes say.</summary>
    public bool IsLost { get; set; }

    /// <summary>The nexthop object, while it can be reached.</summary>
    public uint Object { get; set; }

    public HashSet<Way> Ways { get; } = [];
}

/// <summary>Keeps the ways of routes and the nexthop objects that they need. Owned by the dataplane's loop.</summary>
internal sealed class Ways(Nexthops nexthops, IKernel kernel)
{
    private readonly Dictionary<IReadOnlyList<RouteNextHop>, Way> _ways = new(HopsComparer.Instance);
    private readonly Dictionary<Gateway, GatewayState> _gateways = [];
    private IReadOnlySet<Gateway> _lost = new HashSet<Gateway>();
    private Way? _last;

    /// <summary>The way over these next hops, of which there is at least one; used by one prefix more.</summary>
    public Way Hold(IReadOnlyList<RouteNextHop> hops)
    {
        // Routes of one sender come one after the other, with one list.
        if (_last is null || !ReferenceEquals(_last.Hops, hops))
        {
            if (!_ways.TryGetValue(hops, out Way? way)) _ways[hops] = way = Make(hops);
            _last = way;
        }
        _last.Users++;
        return _last;
    }

    public void Release(Way way)
    {
        if (--way.Users > 0) return;
        if (_last == way) _last = null;
        _ways.Remove(way.Hops);
        if (way.IsGroup && way.Object != 0) nexthops.Remove(way.Object);
        foreach ((GatewayState gateway, _) in way.Gateways)
        {
            gateway.Ways.Remove(way);
            if (gateway.Ways.Count > 0) continue;
            _gateways.Remove(gateway.Gateway);
            if (gateway.Object != 0) nexthops.Remove(gateway.Object);
        }
    }

    /// <summary>Asks the kernel again how each gateway is reached. Returns the ways that are over another object than before, or over none.</summary>
    public IReadOnlySet<Way> Refresh()
    {
        HashSet<Way> touched = [];
        List<GatewayState> unreachable = [];
        foreach (GatewayState gateway in _gateways.Values)
        {
            NextHopResolution? before = gateway.Via;
            gateway.Via = Resolve(gateway.Gateway);
            if (gateway.Via == before) continue;
            if (gateway.Via is null) unreachable.Add(gateway);
            else if (before is null) gateway.Object = nexthops.Add(gateway.Via.Value);
            else nexthops.Change(gateway.Object, gateway.Via.Value);
            if (gateway.Via is null || before is null) touched.UnionWith(gateway.Ways);
        }
        HashSet<Way> moved = [];
        foreach (Way way in touched)
        {
            uint before = way.Object;
            Regroup(way);
            if (way.Object != before) moved.Add(way);
        }
        // After the groups, which hold them until then.
        foreach (GatewayState gateway in unreachable)
        {
            nexthops.Remove(gateway.Object);
            gateway.Object = 0;
        }
        return moved;
    }

    /// <summary>Gateways that nothing arrives at, all of them. True when groups are others than before.</summary>
    public bool SetLost(IReadOnlySet<Gateway> lost)
    {
        _lost = lost;
        HashSet<Way> touched = [];
        foreach (GatewayState gateway in _gateways.Values)
        {
            bool isLost = lost.Contains(gateway.Gateway);
            if (gateway.IsLost == isLost) continue;
            gateway.IsLost = isLost;
            touched.UnionWith(gateway.Ways.Where(w => w.IsGroup));
        }
        foreach (Way way in touched) Regroup(way);
        return touched.Count > 0;
    }

    private Way Make(IReadOnlyList<RouteNextHop> hops)
    {
        Way way = new(hops)
        {
            Gateways = [.. hops.Select(h => (Gateway: Gateway.Of(h), h.Weight)).DistinctBy(h => h.Gateway).OrderBy(h => h.Gateway.Address).ThenBy(h => h.Gateway.Interface, StringComparer.Ordinal).Select(h => (StateOf(h.Gateway), h.Weight))],
        };
        foreach ((GatewayState gateway, _) in way.Gateways) gateway.Ways.Add(way);
        Regroup(way);
        return way;
    }

    private GatewayState StateOf(Gateway gateway)
    {
        if (_gateways.TryGetValue(gateway, out GatewayState? state)) return state;
        _gateways[gateway] = state = new GatewayState(gateway) { Via = Resolve(gateway), IsLost = _lost.Contains(gateway) };
        if (state.Via is { } via) state.Object = nexthops.Add(via);
        return state;
    }

    private void Regroup(Way way)
    {
        (GatewayState Gateway, int Weight)[] reachable = [.. way.Gateways.Where(g => g.Gateway.Via is not null)], alive = [.. reachable.Where(g => !g.Gateway.IsLost)];
        if (!way.IsGroup)
        {
            way.Object = reachable.Length == 0 ? 0 : reachable[0].Gateway.Object;
            return;
        }
        NexthopMember[] members = [.. (alive.Length > 0 ? alive : reachable).Select(g => new NexthopMember(g.Gateway.Object, g.Weight))];
        if (members.Length == 0)
        {
            if (way.Object != 0) nexthops.Remove(way.Object);
            way.Object = 0;
        }
        else if (way.Object == 0) way.Object = nexthops.Add(members);
        else nexthops.Change(way.Object, members);
    }

    private NextHopResolution? Resolve(Gateway gateway)
    {
        NetlinkResult<NextHopResolution> found = kernel.ResolveNextHop(gateway.Address, gateway.Interface);
        return found.Ok ? found.Value : null;
    }

    /// <summary>Lists are the same when their next hops are, in the same order.</summary>
    private sealed class HopsComparer : IEqualityComparer<IReadOnlyList<RouteNextHop>>
    {
        public static HopsComparer Instance { get; } = new();

        public bool Equals(IReadOnlyList<RouteNextHop>? x, IReadOnlyList<RouteNextHop>? y) => ReferenceEquals(x, y) || x is not null && y is not null && x.SequenceEqual(y);

        public int GetHashCode(IReadOnlyList<RouteNextHop> hops)
        {
            HashCode hash = default;
            foreach (RouteNextHop hop in hops) hash.Add(hop);
            return hash.ToHashCode();
        }
    }
}
