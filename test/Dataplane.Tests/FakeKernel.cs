using System.Globalization;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Tests;

/// <summary>
/// A kernel in memory: it keeps what it is given, refuses what the real one refuses (a rule that names what is not there, a set in use, a second element of one key), applies a
/// transaction as a whole, and fails on demand. <see cref="Calls"/> tells the order of changes.
/// </summary>
internal class FakeKernel : IKernel
{
    private Action<KernelNotification> _notify = _ => { };

    public List<string> Calls { get; } = [];
    public Dictionary<string, Link> Links { get; } = [];
    public Dictionary<IpPrefix, RouteEntry> Routes { get; } = [];
    public Dictionary<uint, Nexthop> Nexthops { get; } = [];
    public Dictionary<(int Link, InetAddress Address), MacAddress> Neighbours { get; } = [];
    public Dictionary<string, string> Sysctls { get; } = [];
    public FakeTables Tables { get; private set; } = new();

    /// <summary>The protocols whose routes were listed.</summary>
    public List<byte> Listed { get; } = [];

    /// <summary>How many commits are refused from now on.</summary>
    public int CommitsToRefuse { get; set; }

    /// <summary>Changes that are refused while this says so, with <see cref="RefusedWith"/>.</summary>
    public Func<FilterChange, bool>? Refuses { get; set; }

    public Errno RefusedWith { get; set; } = Errno.EINVAL;

    /// <summary>Routes that are refused while they stand here.</summary>
    public HashSet<IpPrefix> RefusedRoutes { get; } = [];

    public void AddLink(string name, int index, string alias) => Links[name] = new Link { Name = name, Index = index, Alias = alias, Flags = LinkFlags.Up };

    /// <summary>Another hand changed something.</summary>
    public void Notify(KernelNotification notification) => _notify(notification);

    public NetlinkResult<IReadOnlyList<Link>> ListLinks(string prefix) => Links.Values.Where(l => l.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList();
    public NetlinkResult<Link> GetLink(string name) => Links.TryGetValue(name, out Link? link) ? link : new NetlinkResult(Errno.ENODEV);

    public NetlinkResult SetLinkUp(int index)
    {
        Calls.Add("link up");
        Link link = Links.Values.Single(l => l.Index == index);
        Links[link.Name] = link with { Flags = LinkFlags.Up };
        return default;
    }

    public IReadOnlyList<NetlinkResult<string>> ReadSysctls(IReadOnlyList<string> keys) => [.. keys.Select(k => (NetlinkResult<string>)Sysctls.GetValueOrDefault(k, "0"))];

    public NetlinkResult WriteSysctl(string key, string value)
    {
        Sysctls[key] = value;
        return default;
    }

    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(byte protocol)
    {
        Listed.Add(protocol);
        return Routes.Values.Where(r => (byte)r.Protocol == protocol).ToList();
    }

    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops(byte protocol) => Nexthops.Values.ToList();
    public IReadOnlyList<NetlinkResult> ApplyRoutes(IReadOnlyList<RouteChange> changes) => [.. changes.Select(Apply)];

    private NetlinkResult Apply(RouteChange change)
    {
        if (change.SetNexthop is { } nexthop)
        {
            Calls.Add("nexthop set");
            if (nexthop.Group.Any(m => !Nexthops.ContainsKey(m.Id))) return new NetlinkResult(Errno.ENOENT);
            Nexthops[nexthop.Id] = nexthop;
            return default;
        }
        if (change.DeleteNexthop is { } id)
        {
            Calls.Add("nexthop delete");
            foreach (RouteEntry over in Routes.Values.Where(r => r.NexthopId == id).ToArray()) Routes.Remove(over.Destination);
            return Nexthops.Remove(id) ? default : new NetlinkResult(Errno.ENOENT);
        }
        if (change.Delete is { } gone)
        {
            Calls.Add("route delete");
            return Routes.Remove(gone.Destination) ? default : new NetlinkResult(Errno.ESRCH);
        }
        RouteEntry route = change.Add ?? change.Replace!;
        Calls.Add("route set");
        if (RefusedRoutes.Contains(route.Destination)) return new NetlinkResult(Errno.EINVAL, "refused on demand");
        if (change.Add is not null && Routes.ContainsKey(route.Destination)) return new NetlinkResult(Errno.EEXIST);
        if (route.NexthopId != 0 && !Nexthops.ContainsKey(route.NexthopId)) return new NetlinkResult(Errno.EINVAL, "nexthop id does not exist");
        Routes[route.Destination] = route;
        return default;
    }

    /// <summary>Addresses that no route leads to.</summary>
    public HashSet<InetAddress> Unreachable { get; } = [];

    /// <summary>A link that is not there has the number that its name ends with, as its index.</summary>
    public NetlinkResult<NextHopResolution> ResolveNextHop(InetAddress address, string? link = null)
    {
        if (Unreachable.Contains(address)) return new NetlinkResult(Errno.ENETUNREACH);
        if (link is null) return new NextHopResolution(2, address);
        if (Links.TryGetValue(link, out Link? there)) return new NextHopResolution(there.Index, address);
        return int.TryParse(link.AsSpan(link.AsSpan().TrimEnd("0123456789").Length), CultureInfo.InvariantCulture, out int index) ? new NextHopResolution(index, address) : new NetlinkResult(Errno.ENODEV);
    }

    public NetlinkResult<IReadOnlyList<Neighbour>> ListPermanentNeighbours() =>
        Neighbours.Select(n => new Neighbour { LinkIndex = n.Key.Link, Address = n.Key.Address, Mac = n.Value }).ToList();

    public IReadOnlyList<NetlinkResult> ApplyNeighbours(IReadOnlyList<NeighbourChange> changes)
    {
        foreach (NeighbourChange change in changes)
        {
            Calls.Add(change.Delete ? "neighbour delete" : "neighbour set");
            if (change.Delete) Neighbours.Remove((change.Neighbour.LinkIndex, change.Neighbour.Address));
            else Neighbours[(change.Neighbour.LinkIndex, change.Neighbour.Address)] = change.Neighbour.Mac!.Value;
        }
        return new NetlinkResult[changes.Count];
    }

    public List<ConntrackFlow> Flows { get; } = [];
    public bool RefuseFlows { get; set; }
    public NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(bool unanswered = false) =>
        RefuseFlows ? new NetlinkResult(Errno.ENOMEM) : Flows.Where(f => !unanswered || !f.Status.HasFlag(ConntrackStatus.SeenReply)).ToList();
    public NetlinkResult<int> CountFlows() => Flows.Count;
    public NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows) => Flows.RemoveAll(flows.Contains);
    public NetlinkResult<IReadOnlySet<InetAddress>> ListOwnAddresses() => new HashSet<InetAddress> { InetAddress.Parse("192.0.2.9") };

    /// <summary>Addresses of the host's own links.</summary>
    public List<LinkAddress> Addresses { get; } = [];

    public NetlinkResult<IReadOnlyList<LinkAddress>> ListLinkAddresses() => Addresses.ToList();

    public NetlinkResult<FilterState> ReadTables(string table) => Tables.Read();

    public NetlinkResult Commit(FilterTransaction transaction)
    {
        Calls.Add("commit");
        if (CommitsToRefuse > 0)
        {
            CommitsToRefuse--;
            return new NetlinkResult(Errno.ENOMEM, "refused on demand");
        }
        FakeTables next = Tables.Clone();
        foreach ((int index, FilterChange change) in transaction.Changes.Index())
        {
            if (Refuses?.Invoke(change) is true) return new NetlinkResult(RefusedWith, "refused on demand", index);
            if (next.Apply(change) is { } fault) return new NetlinkResult(Errno.EINVAL, $"{change}: {fault}");
        }
        if (next.Validate() is { } dangling) return new NetlinkResult(Errno.ENOENT, dangling);
        Tables = next;
        return default;
    }

    public void Flush() => Tables = new FakeTables();
    public void Listen(Action<KernelNotification> onChange) => _notify = onChange;
    public void Dispose()
    {
    }
}
