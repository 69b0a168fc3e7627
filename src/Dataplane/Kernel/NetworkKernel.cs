using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

/// <summary>The real kernel of a virtual network: that of its namespace, and the tunnel between it and the host.</summary>
public sealed class NetworkKernel : ITunnelKernel
{
    private readonly NetlinkKernel _inside;
    private readonly NetworkNamespace _space;

    /// <param name="space">Stays the caller's to dispose, after this.</param>
    /// <param name="watch">Reads the kernel's notifications for all networks; the caller's to dispose.</param>
    public NetworkKernel(DataplaneOptions options, NetworkNamespace space, SocketWatch watch)
    {
        _space = space;
        _inside = new NetlinkKernel(options, space, watch);
    }

    /// <summary>Where it is; the opener's to dispose.</summary>
    public NetworkNamespace Namespace => _space;

    // A socket of the host for each call: tunnels and legs are made once, and looked at when they change.
    public NetlinkResult CreateTunnel(VxlanSpec spec)
    {
        using RouteSocket host = RouteSocket.Open();
        return host.CreateLink(spec with { Namespace = _space });
    }

    public NetlinkResult CreateLeg(LegSpec spec)
    {
        using RouteSocket host = RouteSocket.Open();
        NetlinkResult made = host.CreateLink(new VethSpec
        {
            Name = spec.HostLink, Mac = LegSpec.Mac, Mtu = spec.Mtu, PeerName = ITunnelKernel.LegName, PeerMac = LegSpec.Mac, PeerMtu = spec.Mtu, PeerNamespace = _space, Queues = 1,
        });
        if (!made.Ok) return made;
        NetlinkResult inside = SetUp(_inside.Routes, ITunnelKernel.LegName, null, [spec.V4, spec.V6]);
        return inside.Ok ? SetUp(host, spec.HostLink, spec.Alias, []) : inside;
    }

    public NetlinkResult AllowLoopback(string hostLink) => Sysctl.Write($"net/ipv4/conf/{hostLink}/route_localnet", "1");

    public NetlinkResult CreateLeak(string name, ITunnelKernel other, string nameThere, int mtu)
    {
        NetworkKernel there = (NetworkKernel)other;
        NetlinkResult made = _inside.Routes.CreateLink(new VethSpec
        {
            Name = name, Mac = LegSpec.Mac, Mtu = mtu, PeerName = nameThere, PeerMac = LegSpec.Mac, PeerMtu = mtu, PeerNamespace = there._space, Queues = 1,
        });
        if (!made.Ok) return made;
        NetlinkResult far = SetUp(there._inside.Routes, nameThere, null, []);
        return far.Ok ? SetUp(_inside.Routes, name, null, []) : far;
    }

    private static NetlinkResult SetUp(RouteSocket socket, string name, string? alias, InetAddress[] addresses)
    {
        NetlinkResult<Link> link = socket.GetLink(name);
        if (!link.Ok) return link.Result;
        int index = link.Value.Index;
        using RouteBatch batch = socket.CreateBatch();
        batch.SetLink(index, new LinkChange { AddressGeneration = AddressGeneration.None, NoArp = true, Alias = alias });
        batch.SetLink(index, new LinkChange { Up = true });
        foreach (InetAddress address in addresses)
            batch.AddAddress(new InterfaceAddress { LinkIndex = index, Local = address, PrefixLength = address.BitLength, Flags = address.IsIPv6 ? AddressFlags.NoDad : default }, replace: true);
        return batch.Complete().FirstOrDefault();
    }

    public NetlinkResult<Link> GetHostLink(string name)
    {
        using RouteSocket host = RouteSocket.Open();
        return host.GetLink(name);
    }

    public NetlinkResult DeleteLink(int index) => _inside.Routes.DeleteLink(index);

    public NetlinkResult<IReadOnlyList<FdbEntry>> ListFdb(int linkIndex)
    {
        NetlinkResult<IReadOnlyList<FdbEntry>> all = _inside.Routes.ListFdb(linkIndex);
        return all.Ok ? all.Value.Where(e => e.LinkIndex == linkIndex && (e.State & NeighbourState.Permanent) != 0).ToList() : all.Result;
    }

    public IReadOnlyList<NetlinkResult> ApplyFdb(IReadOnlyList<FdbChange> changes) =>
        [.. changes.Select(c => c.Delete ? _inside.Routes.DeleteFdb(c.Entry) : _inside.Routes.AddFdb(c.Entry, replace: true))];

    /// <summary>A next hop without a link is another host, behind the tunnel.</summary>
    public NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null)
    {
        if (link is not null) return _inside.ResolveNextHop(address, link);
        NetlinkResult<Link> tunnel = _inside.GetLink(ITunnelKernel.TunnelName);
        return tunnel.Ok ? new NextHopResolution(tunnel.Value.Index, address) : tunnel.Result;
    }

    public NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix) => _inside.ListLinks(prefix);
    public NetlinkResult<Link> GetLink(string name) => _inside.GetLink(name);
    public NetlinkResult SetLinkUp(int index) => _inside.SetLinkUp(index);
    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => _inside.ReadSysctls(keys);
    public NetlinkResult WriteSysctl(string key, string value) => _inside.WriteSysctl(key, value);
    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol) => _inside.ListRoutes(protocol);
    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol) => _inside.ListNexthops(protocol);
    public IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes) => _inside.ApplyRoutes(changes);
    public NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours() => _inside.ListPermanentNeighbours();
    public IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes) => _inside.ApplyNeighbours(changes);
    public NetlinkResult<FilterState> ReadTables(string table) => _inside.ReadTables(table);
    public NetlinkResult Commit(FilterTransaction transaction) => _inside.Commit(transaction);
    public NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(bool unanswered = false) => _inside.ListFlows(unanswered);
    public NetlinkResult<int> CountFlows() => _inside.CountFlows();
    public NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows) => _inside.DeleteFlows(flows);
    public NetlinkResult<IReadOnlySet<InetAddress>> ListOwnAddresses() => _inside.ListOwnAddresses();
    public NetlinkResult<IReadOnlyList<LinkAddress>> ListLinkAddresses() => _inside.ListLinkAddresses();
    public void Listen(Action<KernelNotification> onChange) => _inside.Listen(onChange);

    public void Dispose() => _inside.Dispose();
}
