using Margay.Core.Net;
using Margay.Core.State;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>Whom packets are given to. A link-local address is unique on its link only, so that it comes with one; others have none.</summary>
public readonly record struct Gateway(InetAddress Address, string? Interface)
{
    public static Gateway Of(in RouteNextHop hop) => new(hop.Gateway, hop.Gateway is { IsIPv6: true, IsLinkLocal: true } ? hop.Interface : null);
}

/// <summary>
/// Nexthop objects: one for each gateway, one for each combination of several (ECMP). A route names an object, so that many routes over one gateway cost the kernel
/// little, and a gateway that is reached another way is changed in one place. An object's number means nothing: after a restart those found are
/// taken over by content. Owned by the dataplane's loop.
/// </summary>
public sealed class Nexthops(IKernel kernel, byte protocol)
{
    /// <summary>Our numbers begin here ("mg" and zeros); others choose small ones.</summary>
    private const uint FirstId = 0x6d67_0000;

    private readonly DeltaTracker<uint, Nexthop> _objects = new();
    private readonly Dictionary<Gateway, uint> _gateways = [];
    private readonly Dictionary<string, uint> _groups = [];
    private readonly Dictionary<uint, int> _users = [];
    private uint _next = FirstId;
    private bool _wasRead;

    public bool NeedsResync { get; set; } = true;

    /// <summary>Gateways in use.</summary>
    public IReadOnlyCollection<Gateway> Gateways => _gateways.Keys;

    public bool IsPending => NeedsResync || _objects.ToUpdate.Count > 0;

    public NetlinkResult Resync()
    {
        NetlinkResult<IReadOnlyList<Nexthop>> listed = kernel.ListNexthops(protocol);
        if (!listed.Ok) return listed.Result;
        _objects.ResyncActual(listed.Value.Select(n => KeyValuePair.Create(n.Id, n)));
        foreach (Nexthop found in listed.Value) _next = Math.Max(_next, found.Id + 1);
        NeedsResync = false;
        _wasRead = true;
        return default;
    }

    /// <summary>The object for these next hops, used once more. Null when none of them can be reached.</summary>
    public uint? Acquire(IReadOnlyList<(Gateway Gateway, NextHopResolution Via, int Weight)> hops)
    {
        if (hops.Count == 0) return null;
        if (hops.Count == 1) return AcquireGateway(hops[0].Gateway, hops[0].Via);
        List<NexthopMember> members = [];
        foreach ((Gateway gateway, NextHopResolution via, int weight) in hops.OrderBy(h => h.Gateway.Address).ThenBy(h => h.Gateway.Interface, StringComparer.Ordinal))
            members.Add(new NexthopMember(AcquireGateway(gateway, via), weight));
        string key = string.Join(',', members);
        if (!_groups.TryGetValue(key, out uint id))
        {
            Nexthop wanted = new() { Id = 0, Protocol = (RouteProtocol)protocol, Group = members };
            _groups[key] = id = Number(wanted);
            _objects.SetDesired(id, wanted with { Id = id });
        }
        else
        {
            // The group holds its members already.
            foreach (NexthopMember member in members) Release(member.Id);
        }
        _users[id] = _users.GetValueOrDefault(id) + 1;
        return id;
    }

    public void Release(uint id)
    {
        if (--_users[id] > 0) return;
        _users.Remove(id);
        if (!_objects.TryGetDesired(id, out Nexthop? gone)) return;
        _objects.RemoveDesired(id);
        foreach (NexthopMember member in gone.Group) Release(member.Id);
        foreach ((string key, uint group) in _groups) if (group == id) _groups.Remove(key);
        foreach ((Gateway gateway, uint single) in _gateways) if (single == id) _gateways.Remove(gateway);
    }

    /// <summary>A gateway is reached another way than before.</summary>
    public void Move(Gateway gateway, NextHopResolution via)
    {
        if (_gateways.TryGetValue(gateway, out uint id)) _objects.SetDesired(id, Single(via) with { Id = id });
    }

    /// <summary>Whether a gateway is reached over this link.</summary>
    public bool IsOver(int link) => _objects.Desired.Values.Any(n => n.LinkIndex == link);

    public bool IsApplied(uint id) => !NeedsResync && !_objects.ToUpdate.Contains(id);

    /// <summary>Singles before groups, which are made of them.</summary>
    public bool ApplyUpdates()
    {
        if (_objects.ToUpdate.Count == 0) return true;
        Nexthop[] wanted = [.. _objects.ToUpdate.Select(id => _objects.Desired[id]).OrderBy(n => n.Group.Count > 0)];
        IReadOnlyList<NetlinkResult> results = kernel.ApplyRoutes([.. wanted.Select(n => new RouteChange { SetNexthop = n })]);
        bool ok = true;
        for (int i = 0; i < wanted.Length; i++)
        {
            if (results[i].Ok) _objects.SetActual(wanted[i].Id, wanted[i]);
            else ok = false;
        }
        return ok;
    }

    /// <summary>Groups before singles. Only when no route over them is left: the kernel would take those along.</summary>
    public bool ApplyRemovals()
    {
        if (_objects.ToDelete.Count == 0) return true;
        Nexthop[] doomed = [.. _objects.ToDelete.Select(id => _objects.Actual[id]).OrderBy(n => n.Group.Count == 0)];
        IReadOnlyList<NetlinkResult> results = kernel.ApplyRoutes([.. doomed.Select(n => new RouteChange { DeleteNexthop = n.Id })]);
        bool ok = true;
        for (int i = 0; i < doomed.Length; i++)
        {
            if (results[i].IgnoreNotFound().Ok) _objects.RemoveActual(doomed[i].Id);
            else ok = false;
        }
        return ok;
    }

    private uint AcquireGateway(Gateway gateway, NextHopResolution via)
    {
        if (!_gateways.TryGetValue(gateway, out uint id))
        {
            Nexthop wanted = Single(via);
            _gateways[gateway] = id = Number(wanted);
            _objects.SetDesired(id, wanted with { Id = id });
        }
        _users[id] = _users.GetValueOrDefault(id) + 1;
        return id;
    }

    /// <summary>The number of an object found at start that has this content and no user yet, or a new one.</summary>
    private uint Number(Nexthop wanted)
    {
        // Before an earlier life's are known a number would be given to a second thing while routes still go by the first.
        if (!_wasRead) Resync();
        foreach ((uint id, Nexthop found) in _objects.Actual)
            if (!_users.ContainsKey(id) && !_objects.Desired.ContainsKey(id) && found.Equals(wanted with { Id = id })) return id;
        return _next++;
    }

    private Nexthop Single(NextHopResolution via) =>
        new() { Id = 0, Protocol = (RouteProtocol)protocol, LinkIndex = via.LinkIndex, Gateway = via.Gateway };
}
