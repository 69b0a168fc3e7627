using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Bench.Dataplane;

/// <summary>The real kernel, but that an interface which is not there is said to be: its filter entries are real, its routes and neighbours are passed over.</summary>
internal sealed class LinksOfSomeKernel(IKernel real, int endpoints) : IKernel
{
    private const int Pretended = 1_000_000;

    public NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix) => real.ListLinks(prefix);

    public NetlinkResult<Link> GetLink(string name)
    {
        NetlinkResult<Link> found = real.GetLink(name);
        if (found.Ok) return found;
        int index = Pretended + endpoints;
        return new Link { Name = name, Index = index, Alias = $"margay:default/bench/{name}", Flags = LinkFlags.Up };
    }

    public NetlinkResult SetLinkUp(int index) => index >= Pretended ? default : real.SetLinkUp(index);
    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => real.ReadSysctls(keys);
    public NetlinkResult WriteSysctl(string key, string value) => real.WriteSysctl(key, value);
    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol) => real.ListRoutes(protocol);
    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol) => real.ListNexthops(protocol);

    public IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes) =>
        [.. changes.Select(c => (c.Add ?? c.Replace)?.LinkIndex >= Pretended ? default : real.ApplyRoutes([c])[0])];

    public NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null) => real.ResolveNextHop(address, link);
    public NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours() => real.ListPermanentNeighbours();

    public IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes) =>
        [.. changes.Select(c => c.Neighbour.LinkIndex >= Pretended ? default : real.ApplyNeighbours([c])[0])];

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
