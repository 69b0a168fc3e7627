using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>
/// Links, addresses, routes, nexthop objects, neighbours, forwarding databases and rules of one network namespace.
/// <code>
/// using var socket = RouteSocket.Open();               // or OpenIn(namespace)
/// socket.CreateLink(new VethSpec { Name = "mg0", PeerName = "eth0", PeerNamespace = pod }).ThrowIfFailed();
/// Link link = socket.GetLink("mg0").Value;
/// socket.AddRoute(new RouteEntry { Destination = prefix, LinkIndex = link.Index });
/// </code>
/// Each verb is one request and one answer, and returns what the kernel said. What goes in is what comes out: an entry added compares equal to
/// the entry listed. For many changes use <see cref="CreateBatch"/>; to be told of changes, <see cref="RouteMonitor"/>.
/// <para>Each kind of object has a codec (<c>…Codec.cs</c>) that turns its record into bytes and back; this class, the batch and the monitor share them.
/// The namespace is that of the thread that opens the socket, for good. One caller at a time; owned and disposed by whoever opened it.</para>
/// </summary>
public sealed class RouteSocket : IDisposable
{
    private const int DumpAttempts = 5;
    private readonly NetlinkSocket _socket;
    private MessageBuffer _buffer;

    private RouteSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>As <see cref="NetlinkSocket.PortId"/>: tells one's own changes in a <see cref="RouteMonitor"/>.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>In the namespace of the calling thread.</summary>
    public static RouteSocket Open(NetlinkSocketOptions? options = null) => new(NetlinkSocket.Open(NetlinkProtocol.Route, options));

    /// <summary>In another namespace.</summary>
    public static RouteSocket OpenIn(NetworkNamespace space, NetlinkSocketOptions? options = null) =>
        new(space.OpenSocket(NetlinkProtocol.Route, options));

    // ---- links ----

    /// <summary>Creates a link. EEXIST when the name or index is taken, EOPNOTSUPP when this kernel has no such kind.</summary>
    public NetlinkResult CreateLink(LinkSpec spec)
    {
        LinkCodec.WriteCreate(ref Buffer(), spec);
        return Send();
    }

    /// <summary>Deletes a link, and with it its peer (veth), addresses and routes. The kernel takes some 15 ms to wait for readers: see <see cref="RouteBatch"/>.</summary>
    public NetlinkResult DeleteLink(int index)
    {
        LinkCodec.WriteDelete(ref Buffer(), index);
        return Send();
    }

    public NetlinkResult DeleteLink(string name)
    {
        LinkCodec.WriteDelete(ref Buffer(), name);
        return Send();
    }

    public NetlinkResult SetLink(int index, LinkChange change)
    {
        LinkCodec.WriteChange(ref Buffer(), index, change);
        return Send();
    }

    /// <summary>Deletes every link of a group in one go, so that the wait for readers is paid once. Success when there is none, but EINVAL for group 0.</summary>
    public NetlinkResult DeleteLinkGroup(uint group)
    {
        LinkCodec.WriteDeleteGroup(ref Buffer(), group);
        return Send().IgnoreNotFound();
    }

    public NetlinkResult<Link> GetLink(string name)
    {
        LinkCodec.WriteGet(ref Buffer(), name, 0);
        return One<Link>(LinkCodec.TryRead);
    }

    public NetlinkResult<Link> GetLink(int index)
    {
        LinkCodec.WriteGet(ref Buffer(), null, index);
        return One<Link>(LinkCodec.TryRead);
    }

    public bool TryGetLink(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Link? link) => GetLink(name).TryGet(out link);

    public NetlinkResult<IReadOnlyList<Link>> ListLinks() =>
        List<Link>(static (ref MessageBuffer b) => LinkCodec.WriteGet(ref b, null, 0), LinkCodec.TryRead);

    // ---- addresses ----

    /// <summary>Adds an address; with <paramref name="replace"/> also when it is there already.</summary>
    public NetlinkResult AddAddress(InterfaceAddress address, bool replace = false)
    {
        AddressCodec.WriteAdd(ref Buffer(), address, replace);
        return Send();
    }

    public NetlinkResult DeleteAddress(InterfaceAddress address)
    {
        AddressCodec.WriteDelete(ref Buffer(), address);
        return Send();
    }

    /// <summary>The addresses of one link, or of all when <paramref name="linkIndex"/> is 0.</summary>
    public NetlinkResult<IReadOnlyList<InterfaceAddress>> ListAddresses(int linkIndex = 0) =>
        List<InterfaceAddress>((ref MessageBuffer b) => AddressCodec.WriteDump(ref b, linkIndex, Family.Unspec), AddressCodec.TryRead);

    // ---- routes ----

    /// <summary>Adds a route; with <paramref name="replace"/> in place of one with the same destination, table and priority.</summary>
    public NetlinkResult AddRoute(RouteEntry route, bool replace = false)
    {
        RouteCodec.WriteAdd(ref Buffer(), route, RouteBatch.AddFlags(replace));
        return Send();
    }

    /// <summary>Deletes the route that agrees in destination, table, priority, protocol, type and next hop. ESRCH when there is none.</summary>
    public NetlinkResult DeleteRoute(RouteEntry route)
    {
        RouteCodec.WriteDelete(ref Buffer(), route);
        return Send();
    }

    /// <summary>Routes that the kernel picked by the filter. A table that does not exist has no routes.</summary>
    public NetlinkResult<IReadOnlyList<RouteEntry>> ListRoutes(RouteFilter? filter = null)
    {
        List<RouteEntry> routes = [];
        for (int attempt = 1; ; attempt++)
        {
            routes.Clear();
            NetlinkResult result = ForEachRoute(filter ?? RouteFilter.All, routes.Add);
            if (result.Ok) return routes;
            if (!result.IsInterrupted || attempt == DumpAttempts) return result;
        }
    }

    /// <summary>As <see cref="ListRoutes"/>, one at a time. When interrupted by a change (EINTR) some routes may have been missed or given twice.</summary>
    public NetlinkResult ForEachRoute(RouteFilter filter, Action<RouteEntry> visit)
    {
        foreach (bool v6 in filter.IPv6 is { } one ? [one] : (ReadOnlySpan<bool>)[false, true])
        {
            RouteCodec.WriteDump(ref Buffer(), filter, v6);
            NetlinkResult result = _socket.Request(ref _buffer, visit, static (message, visit) =>
            {
                if (message.Type == RTM_NEWROUTE && RouteCodec.TryRead(message, out RouteEntry route)) visit(route);
            });
            if (result.Error != Errno.ENOENT && !result.Ok) return result;
        }
        return default;
    }

    /// <summary>The route the kernel would take, as <c>ip route get</c>. ENETUNREACH, EHOSTUNREACH, EINVAL (blackhole) or EACCES (prohibit) when there is none.</summary>
    public NetlinkResult<RouteEntry> LookupRoute(InetAddress destination, RouteLookup? lookup = null)
    {
        RouteCodec.WriteLookup(ref Buffer(), destination, lookup ?? RouteLookup.Default);
        return One<RouteEntry>(RouteCodec.TryRead);
    }

    // ---- nexthop objects ----

    public NetlinkResult AddNexthop(Nexthop nexthop, bool replace = false)
    {
        NexthopCodec.WriteAdd(ref Buffer(), nexthop, replace);
        return Send();
    }

    /// <summary>Deletes the object, all routes over it, and its place in groups.</summary>
    public NetlinkResult DeleteNexthop(uint id)
    {
        NexthopCodec.WriteDelete(ref Buffer(), id);
        return Send();
    }

    public NetlinkResult<Nexthop> GetNexthop(uint id)
    {
        NexthopCodec.WriteGet(ref Buffer(), id);
        return One<Nexthop>(NexthopCodec.TryRead);
    }

    public NetlinkResult<IReadOnlyList<Nexthop>> ListNexthops() =>
        List<Nexthop>(static (ref MessageBuffer b) => NexthopCodec.WriteGet(ref b, 0), NexthopCodec.TryRead);

    // ---- neighbours and forwarding databases ----

    public NetlinkResult AddNeighbour(Neighbour neighbour, bool replace = false)
    {
        NeighbourCodec.Write(ref Buffer(), RTM_NEWNEIGH, RouteBatch.AddFlags(replace), neighbour);
        return Send();
    }

    public NetlinkResult DeleteNeighbour(Neighbour neighbour)
    {
        NeighbourCodec.Write(ref Buffer(), RTM_DELNEIGH, 0, neighbour);
        return Send();
    }

    /// <summary>Neighbours of one link, or of all (0). Proxy entries are a list of their own.</summary>
    public NetlinkResult<IReadOnlyList<Neighbour>> ListNeighbours(int linkIndex = 0, bool? ipv6 = null, bool proxies = false)
    {
        // A dump of proxies is not filtered by the kernel.
        byte family = ipv6 is { } v6 ? v6 ? Family.Inet6 : Family.Inet : Family.Unspec;
        NetlinkResult<IReadOnlyList<Neighbour>> all = List<Neighbour>(
            (ref MessageBuffer b) => NeighbourCodec.WriteDump(ref b, family, proxies ? 0 : linkIndex, proxies), NeighbourCodec.TryRead);
        return proxies && linkIndex != 0 && all.Ok ? all.Value.Where(n => n.LinkIndex == linkIndex).ToList() : all;
    }

    /// <summary>Adds to the forwarding database. The default entry (MAC zero) may be appended to with <paramref name="append"/>: flooding to several VTEPs.</summary>
    public NetlinkResult AddFdb(FdbEntry entry, bool replace = false, bool append = false)
    {
        NeighbourCodec.Write(ref Buffer(), RTM_NEWNEIGH, append ? NLM_F_CREATE | NLM_F_APPEND : RouteBatch.AddFlags(replace), entry);
        return Send();
    }

    public NetlinkResult DeleteFdb(FdbEntry entry)
    {
        NeighbourCodec.Write(ref Buffer(), RTM_DELNEIGH, 0, entry);
        return Send();
    }

    /// <summary>The forwarding database of one link (vxlan or bridge port), or all.</summary>
    public NetlinkResult<IReadOnlyList<FdbEntry>> ListFdb(int linkIndex = 0) =>
        List<FdbEntry>((ref MessageBuffer b) => NeighbourCodec.WriteDump(ref b, Family.Bridge, linkIndex, false), NeighbourCodec.TryRead);

    // ---- rules ----

    /// <summary>Adds a rule. EEXIST when the same is there.</summary>
    public NetlinkResult AddRule(Rule rule)
    {
        RuleCodec.Write(ref Buffer(), RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
        return Send();
    }

    /// <summary>Deletes the first rule that agrees with everything given. ENOENT when there is none.</summary>
    public NetlinkResult DeleteRule(Rule rule)
    {
        RuleCodec.Write(ref Buffer(), RTM_DELRULE, 0, rule);
        return Send();
    }

    public NetlinkResult<IReadOnlyList<Rule>> ListRules(bool ipv6) =>
        List<Rule>((ref MessageBuffer b) => RuleCodec.WriteDump(ref b, ipv6), RuleCodec.TryRead);

    // ---- namespaces ----

    /// <summary>The id by which this namespace knows another (<see cref="Link.ParentNamespaceId"/>), or null when it has none yet.</summary>
    public NetlinkResult<int?> GetNamespaceId(NetworkNamespace space)
    {
        NamespaceIdCodec.WriteGet(ref Buffer(), space);
        int? id = null;
        NetlinkResult result = _socket.Request(ref _buffer, (Action<int>)(found => id = found < 0 ? null : found), static (message, set) =>
        {
            if (NamespaceIdCodec.TryRead(message, out int found)) set(found);
        });
        return result.Ok ? new NetlinkResult<int?>(id) : result;
    }

    /// <summary>Whether somebody still holds the namespace that has this id here. One that nobody holds may not be taken down yet.</summary>
    public NetlinkResult<bool> IsNamespaceHeld(int id)
    {
        NamespaceIdCodec.WriteGet(ref Buffer(), id);
        NetlinkResult result = _socket.Request(ref _buffer);
        return result.Ok || result.IsNotFound ? new NetlinkResult<bool>(result.Ok) : result;
    }

    /// <summary>The links of the namespace that has this id here.</summary>
    public NetlinkResult<IReadOnlyList<Link>> ListLinksOf(int namespaceId) =>
        List<Link>((ref MessageBuffer b) => LinkCodec.WriteGet(ref b, null, 0, namespaceId), LinkCodec.TryRead);

    /// <summary>Deletes a link of the namespace that has this id here.</summary>
    public NetlinkResult DeleteLinkOf(int namespaceId, int index)
    {
        LinkCodec.WriteDelete(ref Buffer(), index, namespaceId);
        return Send();
    }

    /// <summary>Gives another namespace an id here.</summary>
    public NetlinkResult SetNamespaceId(NetworkNamespace space, int id)
    {
        NamespaceIdCodec.WriteNew(ref Buffer(), space, id);
        return Send();
    }

    /// <summary>Collects changes and sends them many at a time.</summary>
    public RouteBatch CreateBatch(int messagesPerSend = RouteBatch.DefaultMessagesPerSend) => new(_socket, messagesPerSend);

    // ---- mechanism ----

    private delegate void Writer(ref MessageBuffer buffer);

    private delegate bool Reader<T>(NetlinkMessage message, out T value);

    private ref MessageBuffer Buffer()
    {
        _buffer.Clear();
        return ref _buffer;
    }

    private NetlinkResult Send() => _socket.Request(ref _buffer);

    private NetlinkResult<T> One<T>(Reader<T> read)
        where T : class
    {
        List<T> found = [];
        NetlinkResult result = Collect(read, found);
        if (!result.Ok) return result;
        return found.Count > 0 ? found[0] : new NetlinkResult(Errno.ENOENT, "the kernel's answer could not be read");
    }

    /// <summary>A dump that was changed underneath is repeated some times before it is given up as EINTR.</summary>
    private NetlinkResult<IReadOnlyList<T>> List<T>(Writer write, Reader<T> read)
    {
        List<T> found = [];
        for (int attempt = 1; ; attempt++)
        {
            found.Clear();
            write(ref Buffer());
            NetlinkResult result = Collect(read, found);
            if (result.Ok) return found;
            if (!result.IsInterrupted || attempt == DumpAttempts) return result;
        }
    }

    private NetlinkResult Collect<T>(Reader<T> read, List<T> into) =>
        _socket.Request(ref _buffer, (read, into), static (message, state) =>
        {
            if (state.read(message, out T value)) state.into.Add(value);
        });

    public void Dispose()
    {
        _buffer.Dispose();
        _socket.Dispose();
    }
}
