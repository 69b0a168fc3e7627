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
/// Nexthop objects: one for each gateway, and groups of them (ECMP). A route names an object, so that many routes over one gateway cost the kernel little, and a gateway that is
/// reached another way, or a group that loses a member, is changed in one place. An object's number means nothing: after a restart those found are taken over by content. Owned by
/// the dataplane's loop.
/// </summary>
public sealed class Nexthops(IKernel kernel, byte protocol)
{
    /// <summary>Our numbers begin here ("mg" and zeros); others choose small ones.</summary>
    private const uint FirstId = 0x6d67_0000;

    private readonly DeltaTracker<uint, Nexthop> _objects = new();
    private uint _next = FirstId;
    private bool _wasRead;

    public bool NeedsResync { get; set; } = true;

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

    /// <summary>A new object for one gateway.</summary>
    public uint Add(NextHopResolution via) => Add(Single(via));

    /// <summary>A new group; its members are there.</summary>
    public uint Add(IReadOnlyList<NexthopMember> members) => Add(Group(members));

    /// <summary>The gateway is reached another way than before.</summary>
    public void Change(uint id, NextHopResolution via) => _objects.SetDesired(id, Single(via) with { Id = id });

    /// <summary>The group has other members than before: for the kernel one message, whatever the number of routes over it.</summary>
    public void Change(uint id, IReadOnlyList<NexthopMember> members) => _objects.SetDesired(id, Group(members) with { Id = id });

    /// <summary>No route is to lead over it any more.</summary>
    public void Remove(uint id) => _objects.RemoveDesired(id);

    /// <summary>Whether a gateway is reached over this link.</summary>
    public bool IsOver(int link) => _objects.Desired.Values.Any(n => n.LinkIndex == link);

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

    private uint Add(Nexthop wanted)
    {
        uint id = Number(wanted);
        _objects.SetDesired(id, wanted with { Id = id });
        return id;
    }

    /// <summary>The number of an object that has this content and no user, or a new one.</summary>
    private uint Number(Nexthop wanted)
    {
        // Before an earlier life's are known a number would be given to a second thing while routes still go by the first.
        if (!_wasRead) Resync();
        foreach (uint id in _objects.ToDelete)
            if (_objects.Actual[id].Equals(wanted with { Id = id })) return id;
        return _next++;
    }

    private Nexthop Single(NextHopResolution via) => new() { Id = 0, Protocol = (RouteProtocol)protocol, LinkIndex = via.LinkIndex, Gateway = via.Gateway };

    private Nexthop Group(IReadOnlyList<NexthopMember> members) => new() { Id = 0, Protocol = (RouteProtocol)protocol, Group = members };
}
