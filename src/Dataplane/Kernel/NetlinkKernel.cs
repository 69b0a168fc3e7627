using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

/// <summary>
/// The real kernel. Sockets are opened once and kept: requests to rtnetlink, to nf_tables (closing one with destroy work pending waits 5–13 ms), to conntrack, and
/// monitors. The namespace is that of the opener unless another is given, which stays the caller's to dispose.
/// </summary>
public sealed class NetlinkKernel : IKernel
{
    private readonly NetworkNamespace? _space;
    private readonly DataplaneOptions _options;
    private readonly SocketWatch? _sharedWatch;
    private readonly RouteSocket _routes;
    private readonly KernelTables _tables;
    private readonly ConntrackSocket _flows;
    private SocketWatch? _ownWatch;
    private KernelMonitor? _monitor;

    /// <param name="watch">Reads notifications for several kernels with one thread, and stays the caller's to dispose; without one, this kernel has a thread of its own.</param>
    public NetlinkKernel(DataplaneOptions options, NetworkNamespace? space = null, SocketWatch? watch = null)
    {
        _options = options;
        _space = space;
        _sharedWatch = watch;
        (_routes, _tables, _flows) = Inside(() => (RouteSocket.Open(), new KernelTables(), ConntrackSocket.Open()));
    }

    internal RouteSocket Routes => _routes;

    private T Inside<T>(Func<T> function) => _space is null ? function() : _space.Visit(function);

    public NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix)
    {
        NetlinkResult<IReadOnlyList<Link>> all = _routes.ListLinks();
        return all.Ok ? all.Value.Where(l => l.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList() : all.Result;
    }

    public NetlinkResult<Link> GetLink(string name) => _routes.GetLink(name);

    public NetlinkResult SetLinkUp(int index) => _routes.SetLink(index, new LinkChange { Up = true });

    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => Inside(() => keys.Select(Sysctl.Read).ToArray());

    public NetlinkResult WriteSysctl(string key, string value) => _space is null ? Sysctl.Write(key, value) : _space.WriteSysctl(key, value);

    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol) =>
        _routes.ListRoutes(new RouteFilter { Table = RouteTable.Main, Protocol = (RouteProtocol)protocol });

    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol)
    {
        NetlinkResult<IReadOnlyList<Nexthop>> all = _routes.ListNexthops();
        return all.Ok ? all.Value.Where(n => n.Protocol == (RouteProtocol)protocol).ToList() : all.Result;
    }

    public IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes)
    {
        using RouteBatch batch = _routes.CreateBatch();
        foreach (RouteChange change in changes)
        {
            if (change.Add is { } add) batch.AddRoute(add);
            else if (change.Replace is { } replace) batch.AddRoute(replace, replace: true);
            else if (change.Delete is { } delete) batch.DeleteRoute(delete);
            else if (change.SetNexthop is { } nexthop) batch.AddNexthop(nexthop, replace: true);
            else if (change.DeleteNexthop is { } id) batch.DeleteNexthop(id);
        }
        return ResultPerChange(batch, changes.Count);
    }

    public NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null)
    {
        if (link is not null)
        {
            NetlinkResult<Link> on = _routes.GetLink(link);
            return on.Ok ? new NextHopResolution(on.Value.Index, address) : on.Result;
        }
        NetlinkResult<RouteEntry> found = _routes.LookupRoute(address);
        if (!found.Ok) return found.Result;
        RouteEntry route = found.Value;
        if (route.Type == RouteType.Unicast && route.LinkIndex != 0) return new NextHopResolution(route.LinkIndex, route.Gateway ?? address);
        // Of several ways the first: the one that is the answer stays it while it is there.
        if (route.Type == RouteType.Unicast && route.Hops.Count > 0) return new NextHopResolution(route.Hops[0].LinkIndex, route.Hops[0].Gateway ?? address);
        if (route.Type == RouteType.Unicast && route.NexthopId != 0) return ResolveObject(route.NexthopId, address);
        return new NetlinkResult(Errno.ENETUNREACH, $"{address} is not reached through a link");
    }

    private NetlinkResult<NextHopResolution> ResolveObject(uint id, InetAddress address)
    {
        NetlinkResult<Nexthop> found = _routes.GetNexthop(id);
        if (found.Ok && found.Value.Group.Count > 0) found = _routes.GetNexthop(found.Value.Group[0].Id);
        if (!found.Ok) return found.Result;
        return found.Value.LinkIndex != 0
            ? new NextHopResolution(found.Value.LinkIndex, found.Value.Gateway ?? address)
            : new NetlinkResult(Errno.ENETUNREACH, $"{address} is not reached through a link");
    }

    public NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours()
    {
        NetlinkResult<IReadOnlyList<Neighbour>> all = _routes.ListNeighbours();
        return all.Ok ? all.Value.Where(n => (n.State & NeighbourState.Permanent) != 0).ToList() : all.Result;
    }

    public IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes)
    {
        using RouteBatch batch = _routes.CreateBatch();
        foreach (NeighbourChange change in changes)
        {
            if (change.Delete) batch.DeleteNeighbour(change.Neighbour);
            else batch.AddNeighbour(change.Neighbour, replace: true);
        }
        return ResultPerChange(batch, changes.Count);
    }

    public NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(bool unanswered = false) => _flows.ListFlows(unanswered ? new ConntrackFilter { Answered = false } : null);

    public NetlinkResult<int> CountFlows() => _flows.CountFlows();

    public NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows) => _flows.DeleteFlows(flows);

    public NetlinkResult<IReadOnlySet<InetAddress>> ListOwnAddresses()
    {
        NetlinkResult<IReadOnlyList<InterfaceAddress>> all = _routes.ListAddresses();
        return all.Ok ? all.Value.Select(a => a.Local).ToHashSet() : all.Result;
    }

    public NetlinkResult<IReadOnlyList<LinkAddress>> ListLinkAddresses()
    {
        NetlinkResult<IReadOnlyList<InterfaceAddress>> addresses = _routes.ListAddresses();
        if (!addresses.Ok) return addresses.Result;
        NetlinkResult<IReadOnlyList<Link>> links = _routes.ListLinks();
        if (!links.Ok) return links.Result;
        Dictionary<int, string> names = links.Value.ToDictionary(l => l.Index, l => l.Name);
        return addresses.Value.Where(a => names.ContainsKey(a.LinkIndex)).Select(a => new LinkAddress(names[a.LinkIndex], a.Local)).ToList();
    }

    public NetlinkResult<FilterState> ReadTables(string table) => _tables.Read(table);

    public NetlinkResult Commit(FilterTransaction transaction) => _tables.Commit(transaction);

    public void Listen(Action<KernelNotification> onChange) =>
        _monitor ??= Inside(() => new KernelMonitor(_sharedWatch ?? (_ownWatch = new SocketWatch("kernel monitor")), _options, _routes.PortId, _tables.PortId, onChange));

    /// <summary>A failure without a number means that answers were lost: then no result is trusted.</summary>
    private static NetlinkResult[] ResultPerChange(RouteBatch batch, int count)
    {
        NetlinkResult[] results = new NetlinkResult[count];
        foreach (NetlinkResult failure in batch.Complete())
        {
            if (failure.Index < 0) Array.Fill(results, failure);
            else results[failure.Index] = failure;
        }
        return results;
    }

    public void Dispose()
    {
        _monitor?.Dispose();
        _ownWatch?.Dispose();
        _flows.Dispose();
        _routes.Dispose();
        _tables.Dispose();
    }
}
