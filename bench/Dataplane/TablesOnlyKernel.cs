using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Bench.Dataplane;

/// <summary>The real kernel for nftables; links, routes and neighbours are said to be there. So a thousand endpoints need no thousand links.</summary>
internal sealed class TablesOnlyKernel(IKernel real) : IKernel
{
    public NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix) => new List<Link>();
    public NetlinkResult<Link> GetLink(string name) => new Link { Name = name, Index = 1000, Alias = $"margay:default/bench/{name}", Flags = LinkFlags.Up };
    public NetlinkResult SetLinkUp(int index) => default;
    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => [.. keys.Select(_ => (NetlinkResult<string>)new NetlinkResult(Errno.ENOENT))];
    public NetlinkResult WriteSysctl(string key, string value) => default;
    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol) => new List<RouteEntry>();
    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol) => new List<Nexthop>();
    public IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes) => new NetlinkResult[changes.Count];
    public NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null) => new NetlinkResult(Errno.ENETUNREACH);
    public NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours() => new List<Neighbour>();
    public IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes) => new NetlinkResult[changes.Count];
    public NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(bool unanswered = false) => real.ListFlows(unanswered);
    public NetlinkResult<int> CountFlows() => real.CountFlows();
    public NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows) => real.DeleteFlows(flows);
    public NetlinkResult<IReadOnlySet<InetAddress>> ListOwnAddresses() => real.ListOwnAddresses();
    public NetlinkResult<IReadOnlyList<LinkAddress>> ListLinkAddresses() => real.ListLinkAddresses();
    public NetlinkResult<FilterState> ReadTables(string table) => real.ReadTables(table);
    public NetlinkResult Commit(FilterTransaction transaction) => real.Commit(transaction);
    public void Listen(Action<KernelNotification> onChange) => real.Listen(onChange);
    public void Dispose() => real.Dispose();
}
