using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

// The seam between what we want and the machine that does it. One IKernel is one network namespace (one routing domain).
//
//   Managers ─► Drivers ─► IKernel ─┬─ NetlinkKernel: long-lived netlink sockets, /proc/sys
//                                   └─ FakeKernel (TestKit): a model with the kernel's rules and refusals, and faults on demand
//
// Refusals are values. Lists are answered in the order of the kernel and contain only what is ours or asked for; nobody here lists foreign routes.

/// <summary>The kernel of one network namespace. Called by the dataplane's loop alone, except <see cref="Listen"/>'s callback, which comes from its own thread.</summary>
public interface IKernel : IDisposable
{
    /// <summary>Links whose name begins with <paramref name="prefix"/>.</summary>
    NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix);

    /// <summary>One link; ENODEV when there is none.</summary>
    NetlinkResult<Link> GetLink(string name);

    NetlinkResult SetLinkUp(int index);

    /// <summary>Keys below /proc/sys/, as in <c>net/ipv4/ip_forward</c>; a result for each. All at once: to look into another namespace takes a thread.</summary>
    IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys);

    NetlinkResult WriteSysctl(string key, string value);

    /// <summary>Routes of the main table with protocol <paramref name="protocol"/>, filtered by the kernel.</summary>
    NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol);

    NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol);

    /// <summary>Works through all changes in order and returns one result for each.</summary>
    IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes);

    /// <summary>How the kernel would send a packet to <paramref name="address"/>; ENETUNREACH when it would not.</summary>
    /// <param name="link">The link of a link-local address, which is a neighbour there without asking; null for others.</param>
    NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null);

    /// <summary>All permanent neighbour entries: those that someone set, not those that were learnt.</summary>
    NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours();

    IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes);

    /// <summary>Every connection that is tracked, or those that nobody has answered: where few are, that spares most of the work.</summary>
    NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(bool unanswered = false);

    /// <summary>How many connections there are: to list none takes the kernel milliseconds all the same.</summary>
    NetlinkResult<int> CountFlows();

    /// <summary>Forgets these connections; returns how many were still there.</summary>
    NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows);

    /// <summary>The addresses of the namespace's own links.</summary>
    NetlinkResult<IReadOnlySet<InetAddress>> ListOwnAddresses();

    /// <summary>The same with the link that each is on.</summary>
    NetlinkResult<IReadOnlyList<LinkAddress>> ListLinkAddresses();

    /// <summary>All of our tables. A table that is not there is simply absent.</summary>
    NetlinkResult<FilterState> ReadTables(string table);

    /// <summary>Applies all of it or nothing. The index of a failure is that of the first change refused; -1 when no single one is at fault.</summary>
    NetlinkResult Commit(FilterTransaction transaction);

    /// <summary>Begins to report changes by others. Called once, before anything is read, so that nothing is missed in between.</summary>
    void Listen(Action<KernelNotification> onChange);
}

/// <summary>One step on routes or nexthop objects: exactly one of the members is given.</summary>
public readonly record struct RouteChange
{
    /// <summary>EEXIST when the prefix has a route of the same metric, whoever's it is.</summary>
    public RouteEntry? Add { get; init; }

    /// <summary>In place of the route with the same prefix and metric: only where that is known to be ours.</summary>
    public RouteEntry? Replace { get; init; }

    public RouteEntry? Delete { get; init; }
    public Nexthop? SetNexthop { get; init; }
    public uint? DeleteNexthop { get; init; }
}

public readonly record struct NeighbourChange(Neighbour Neighbour, bool Delete);

/// <param name="LinkIndex">The link towards the address.</param>
/// <param name="Gateway">The neighbour to give packets to: the address itself when it is on the link.</param>
public readonly record struct NextHopResolution(int LinkIndex, InetAddress Gateway);

/// <param name="Link">The link's name.</param>
/// <param name="Address">One of its addresses.</param>
public readonly record struct LinkAddress(string Link, InetAddress Address);
