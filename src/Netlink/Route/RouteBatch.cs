using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>
/// Many changes at the price of few system calls: messages are sent 256 at a time with one acknowledgement. Not a transaction: the kernel
/// works through them in order and goes on after one that fails; <see cref="Complete"/> says which did, by their number in the order of the calls.
/// <code>
/// using RouteBatch batch = socket.CreateBatch();
/// foreach (RouteEntry route in routes) batch.AddRoute(route, replace: true);
/// foreach (NetlinkResult failure in batch.Complete()) log(routes[failure.Index], failure);
/// </code>
/// Uses the socket that made it: nothing else may use that socket between the first call here and <see cref="Complete"/>.
/// </summary>
public sealed class RouteBatch : IDisposable
{
    /// <summary>More do not help: measured with 256 and 1024 alike.</summary>
    public const int DefaultMessagesPerSend = 256;

    private readonly NetlinkSocket _socket;
    private readonly int _messagesPerSend;
    private readonly List<NetlinkResult> _chunk = [];
    private readonly List<NetlinkResult> _failures = [];
    private MessageBuffer _buffer;
    private int _sent;

    internal RouteBatch(NetlinkSocket socket, int messagesPerSend)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(messagesPerSend, 1);
        _socket = socket;
        _messagesPerSend = messagesPerSend;
    }

    /// <summary>Messages so far; the next one's number.</summary>
    public int Count => _sent + _buffer.Count;

    public void CreateLink(LinkSpec spec)
    {
        LinkCodec.WriteCreate(ref _buffer, spec);
        Added();
    }

    public void DeleteLink(int index)
    {
        LinkCodec.WriteDelete(ref _buffer, index);
        Added();
    }

    public void SetLink(int index, LinkChange change)
    {
        LinkCodec.WriteChange(ref _buffer, index, change);
        Added();
    }

    public void AddAddress(InterfaceAddress address, bool replace = false)
    {
        AddressCodec.WriteAdd(ref _buffer, address, replace);
        Added();
    }

    public void DeleteAddress(InterfaceAddress address)
    {
        AddressCodec.WriteDelete(ref _buffer, address);
        Added();
    }

    public void AddRoute(RouteEntry route, bool replace = false)
    {
        RouteCodec.WriteAdd(ref _buffer, route, AddFlags(replace));
        Added();
    }

    public void DeleteRoute(RouteEntry route)
    {
        RouteCodec.WriteDelete(ref _buffer, route);
        Added();
    }

    public void AddNexthop(Nexthop nexthop, bool replace = false)
    {
        NexthopCodec.WriteAdd(ref _buffer, nexthop, replace);
        Added();
    }

    public void DeleteNexthop(uint id)
    {
        NexthopCodec.WriteDelete(ref _buffer, id);
        Added();
    }

    public void AddNeighbour(Neighbour neighbour, bool replace = false)
    {
        NeighbourCodec.Write(ref _buffer, RTM_NEWNEIGH, AddFlags(replace), neighbour);
        Added();
    }

    public void DeleteNeighbour(Neighbour neighbour)
    {
        NeighbourCodec.Write(ref _buffer, RTM_DELNEIGH, 0, neighbour);
        Added();
    }

    /// <summary>How long a link waits before it answers ARP for another: <c>net/ipv4/neigh/LINK/proxy_delay</c>, which only a file sets otherwise.</summary>
    public void SetProxyDelay(int linkIndex, TimeSpan delay)
    {
        NeighbourCodec.WriteProxyDelay(ref _buffer, linkIndex, delay);
        Added();
    }

    public void AddFdb(FdbEntry entry, bool replace = false)
    {
        NeighbourCodec.Write(ref _buffer, RTM_NEWNEIGH, AddFlags(replace), entry);
        Added();
    }

    public void DeleteFdb(FdbEntry entry)
    {
        NeighbourCodec.Write(ref _buffer, RTM_DELNEIGH, 0, entry);
        Added();
    }

    public void AddRule(Rule rule)
    {
        RuleCodec.Write(ref _buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
        Added();
    }

    public void DeleteRule(Rule rule)
    {
        RuleCodec.Write(ref _buffer, RTM_DELRULE, 0, rule);
        Added();
    }

    /// <summary>
    /// Sends what is left and returns the failures in order, each with its number; empty when all went well. Starts over afterwards.
    /// A failure with index -1 (ENOBUFS, ETIMEDOUT) means that answers were lost: read the state back.
    /// </summary>
    public IReadOnlyList<NetlinkResult> Complete()
    {
        Flush();
        NetlinkResult[] failures = [.. _failures];
        _failures.Clear();
        _sent = 0;
        return failures;
    }

    internal static int AddFlags(bool replace) => NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);

    private void Added()
    {
        if (_buffer.Count >= _messagesPerSend) Flush();
    }

    private void Flush()
    {
        if (_buffer.Count == 0) return;
        bool single = _buffer.Count == 1;
        NetlinkResult result = _socket.Request(ref _buffer, _chunk);
        foreach (NetlinkResult failure in _chunk) _failures.Add(failure with { Index = _sent + (single ? 0 : failure.Index) });
        // A failure that belongs to no message: the answers themselves were lost.
        if (!result.Ok && _chunk.Count == 0) _failures.Add(result with { Index = -1 });
        _chunk.Clear();
        _sent += _buffer.Count;
        _buffer.Clear();
    }

    public void Dispose() => _buffer.Dispose();
}
