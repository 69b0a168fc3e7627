using System.Runtime.CompilerServices;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Conntrack;

/// <summary>
/// The connections the kernel tracks in one network namespace: to list them and to cut them, so that a connection a new policy forbids does not
/// live on as established. One caller at a time; owned and disposed by whoever opened it.
/// <para>The kernel can delete by tuple or all; a filter is applied here on a dump, and what agrees is deleted by tuple, zone and id, many at a time.</para>
/// </summary>
public sealed class ConntrackSocket : IDisposable
{
    private const int MessagesPerSend = 128;
    private readonly NetlinkSocket _socket;
    private MessageBuffer _buffer;

    private ConntrackSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>In the namespace of the calling thread.</summary>
    public static ConntrackSocket Open(NetlinkSocketOptions? options = null) => new(NetlinkSocket.Open(NetlinkProtocol.Netfilter, options));

    public static ConntrackSocket OpenIn(NetworkNamespace space, NetlinkSocketOptions? options = null) =>
        new(space.OpenSocket(NetlinkProtocol.Netfilter, options));

    /// <summary>How many connections are tracked, those of packets under way included. Costs nothing, while a list costs a walk over the whole table, be it empty or not.</summary>
    public NetlinkResult<int> CountFlows()
    {
        _buffer.Clear();
        ConntrackCodec.WriteCount(ref _buffer);
        StrongBox<int> count = new();
        NetlinkResult result = _socket.Request(ref _buffer, count, static (message, box) =>
        {
            if (ConntrackCodec.TryReadCount(message, out int read)) box.Value = read;
        });
        return result.Ok ? count.Value : result;
    }

    /// <summary>The connections that agree with the filter. New ones may come while the list is made.</summary>
    public NetlinkResult<IReadOnlyList<ConntrackFlow>> ListFlows(ConntrackFilter? filter = null)
    {
        List<ConntrackFlow> found = [];
        NetlinkResult result = Find(filter ?? ConntrackFilter.All, found);
        return result.Ok ? found : result;
    }

    /// <summary>
    /// Deletes the connections that agree with the filter and returns how many there were. One that ended meanwhile is no failure. A connection that goes on
    /// sending is tracked anew, as new: block it first, then cut it.
    /// </summary>
    public NetlinkResult<int> DeleteFlows(ConntrackFilter filter)
    {
        List<ConntrackFlow> found = [];
        NetlinkResult result = Find(filter, found);
        return result.Ok ? DeleteFlows(found) : result;
    }

    /// <summary>Deletes these connections, by tuple, zone and id, and returns how many there still were.</summary>
    public NetlinkResult<int> DeleteFlows(IReadOnlyList<ConntrackFlow> flows)
    {
        int deleted = flows.Count;
        List<NetlinkResult> failures = [];
        foreach (ConntrackFlow[] chunk in flows.Chunk(MessagesPerSend))
        {
            _buffer.Clear();
            foreach (ConntrackFlow flow in chunk) ConntrackCodec.WriteDelete(ref _buffer, flow);
            failures.Clear();
            NetlinkResult result = _socket.Request(ref _buffer, failures);
            deleted -= failures.Count;
            NetlinkResult real = failures.Find(f => !f.IsNotFound);
            if (!real.Ok || (!result.Ok && failures.Count == 0)) return real.Ok ? result : real;
        }
        return deleted;
    }

    private NetlinkResult Find(ConntrackFilter filter, List<ConntrackFlow> into)
    {
        _buffer.Clear();
        ConntrackCodec.WriteDump(ref _buffer, filter);
        return _socket.Request(ref _buffer, (filter, into), static (message, state) =>
        {
            if (ConntrackCodec.TryRead(message, out ConntrackFlow flow) && state.filter.Matches(flow)) state.into.Add(flow);
        });
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _socket.Dispose();
    }
}
