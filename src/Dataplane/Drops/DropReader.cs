using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.PacketLog;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drops;

// How a dropped packet becomes known:
//
//   rule: limit rate ─► log group 78, prefix = DropSite ─► kernel collects 100 ms ─► socket buffer ─► DropReader, on the watch's thread ─► DropEvent ─► the agent's book, log, metrics
//         (a rule's rate)                                                              (512 KiB)        (so many a second)
//
// Each arrow has a bound, and none of them waits for the next: a flood fills the socket's buffer, the kernel passes over the rest, and the counters of the rules know how many
// there were. Neither the dataplane's loop nor any packet that is let through has part in it.

/// <summary>Reads what the rules of one network's namespace log of drops. One thread, the <see cref="SocketWatch"/>'s, reads for all networks.</summary>
public sealed class DropReader : IDisposable
{
    /// <summary>Packets that are looked at in one second; each costs some microseconds.</summary>
    private const int MaxPerSecond = 1000;

    // Then the next network's turn.
    private const int AtOnce = 64;

    private readonly NetworkName _network;
    private readonly PacketLogSocket _socket;
    private readonly LinkNames _links;
    private readonly SocketWatch _watch;
    private readonly Action<DropEvent> _told;
    private readonly TimeProvider _time;
    private readonly ITimer _resume;
    private readonly Lock _gate = new();
    private IDisposable? _watched;
    private bool _disposed;
    private long _secondBegan;
    private int _inSecond;

    private DropReader(NetworkName network, PacketLogSocket socket, LinkNames links, SocketWatch watch, Action<DropEvent> told, TimeProvider time)
    {
        (_network, _socket, _links, _watch, _told, _time) = (network, socket, links, watch, told, time);
        _secondBegan = time.GetTimestamp();
        _resume = time.CreateTimer(_ => Resume(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="space">The network's namespace; null: that of the calling thread.</param>
    /// <param name="watch">Stays the caller's to dispose, after this.</param>
    /// <param name="told">Called on the watch's thread.</param>
    /// <returns>EBUSY or EPERM when another program reads the group.</returns>
    public static NetlinkResult<DropReader> Start(DropLogOptions options, NetworkName network, NetworkNamespace? space, SocketWatch watch, Action<DropEvent> told, TimeProvider time)
    {
        NetlinkResult<PacketLogSocket> socket = PacketLogSocket.Open(new PacketLogOptions { Group = options.Group }, space);
        if (!socket.Ok) return socket.Result;
        DropReader reader = new(network, socket.Value, new LinkNames(() => space is null ? RouteSocket.Open() : RouteSocket.OpenIn(space)), watch, told, time);
        reader.Resume();
        return reader;
    }

    // Outside of the gate, since the watch's thread takes it while it is in a call.
    private void Resume()
    {
        IDisposable watched = _watch.Add(_socket.Handle, Read);
        lock (_gate)
        {
            if (!_disposed && _watched is null)
            {
                _watched = watched;
                return;
            }
        }
        watched.Dispose();
    }

    private void Read()
    {
        try
        {
            for (int i = 0; i < AtOnce; i++)
            {
                if (!KeepsPace() || !_socket.TryRead(out PacketLogEvent? read)) return;
                _inSecond++;
                if (read is LoggedPacket packet) Tell(packet);
                else _told(new DropsLost(_network));
            }
        }
        catch (NetlinkException e)
        {
            Pause();
            _told(new DropReaderFailed(_network, e.Message));
        }
    }

    private void Tell(LoggedPacket packet)
    {
        if (!DropSite.TryParse(packet.Prefix, out DropSite site) || !PacketHeaders.TryRead(packet.Payload.AsSpan(), out PacketHeaders headers)) return;
        _told(new DroppedPacket(_network, site, headers, _links.Of(packet.InputLink), _links.Of(packet.OutputLink)));
    }

    /// <summary>False, until the next second, when this one has had its share: meanwhile the kernel passes over what its buffer has no room for.</summary>
    private bool KeepsPace()
    {
        TimeSpan gone = _time.GetElapsedTime(_secondBegan);
        if (gone >= TimeSpan.FromSeconds(1)) (_secondBegan, _inSecond) = (_time.GetTimestamp(), 0);
        if (_inSecond < MaxPerSecond) return true;
        Pause();
        _resume.Change(TimeSpan.FromSeconds(1) - gone, Timeout.InfiniteTimeSpan);
        return false;
    }

    private void Pause()
    {
        IDisposable? watched;
        lock (_gate) (watched, _watched) = (_watched, null);
        watched?.Dispose();
    }

    /// <summary>Waits for a call that is being made.</summary>
    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _resume.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Pause();
        _socket.Dispose();
    }
}
