using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.PacketLog;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drops;

// How a dropped packet becomes known:
//
//   rule: limit rate ─► log group 78, prefix = DropSite ─► kernel collects 100 ms ─► socket buffer ─► DropReader's thread ─► DropEvent ─► the agent's book, log, metrics
//         (a rule's rate)                                                              (512 KiB)        (so many a second)
//
// Each arrow has a bound, and none of them waits for the next: a flood fills the socket's buffer, the kernel passes over the rest, and the counters of the rules know how many
// there were. Neither the dataplane's loop nor any packet that is let through has part in it.

/// <summary>Reads what the rules of one network's namespace log of drops, on a thread of its own.</summary>
public sealed class DropReader : IDisposable
{
    /// <summary>Packets that are looked at in one second; each costs some microseconds.</summary>
    private const int MaxPerSecond = 1000;

    private readonly CancellationTokenSource _stop = new();
    private readonly NetworkName _network;
    private readonly PacketLogSocket _socket;
    private readonly LinkNames _links;
    private readonly Action<DropEvent> _told;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private long _secondBegan;
    private int _inSecond;

    private DropReader(NetworkName network, PacketLogSocket socket, LinkNames links, Action<DropEvent> told, TimeProvider time)
    {
        (_network, _socket, _links, _told, _time) = (network, socket, links, told, time);
        _secondBegan = time.GetTimestamp();
        _thread = new Thread(Run, 256 << 10) { IsBackground = true, Name = $"drops {network}" };
    }

    /// <param name="space">The network's namespace; null: that of the calling thread.</param>
    /// <param name="told">Called on the reader's thread.</param>
    /// <returns>EBUSY or EPERM when another program reads the group.</returns>
    public static NetlinkResult<DropReader> Start(DropLogOptions options, NetworkName network, NetworkNamespace? space, Action<DropEvent> told, TimeProvider time)
    {
        NetlinkResult<PacketLogSocket> socket = PacketLogSocket.Open(new PacketLogOptions { Group = options.Group }, space);
        if (!socket.Ok) return socket.Result;
        DropReader reader = new(network, socket.Value, new LinkNames(space is null ? RouteSocket.Open() : RouteSocket.OpenIn(space)), told, time);
        reader._thread.Start();
        return reader;
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                PacketLogEvent read = _socket.Read(_stop.Token);
                KeepPace();
                if (read is LoggedPacket packet) Tell(packet);
                else _told(new DropsLost(_network));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        catch (NetlinkException e)
        {
            _told(new DropReaderFailed(_network, e.Message));
        }
    }

    private void Tell(LoggedPacket packet)
    {
        if (!DropSite.TryParse(packet.Prefix, out DropSite site) || !PacketHeaders.TryRead(packet.Payload.AsSpan(), out PacketHeaders headers)) return;
        _told(new DroppedPacket(_network, site, headers, _links.Of(packet.InputLink), _links.Of(packet.OutputLink)));
    }

    /// <summary>Waits for the next second when this one has had its share: meanwhile the kernel passes over what its buffer has no room for.</summary>
    private void KeepPace()
    {
        TimeSpan gone = _time.GetElapsedTime(_secondBegan);
        if (gone < TimeSpan.FromSeconds(1) && ++_inSecond <= MaxPerSecond) return;
        if (gone < TimeSpan.FromSeconds(1) && _stop.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(1) - gone)) throw new OperationCanceledException();
        (_secondBegan, _inSecond) = (_time.GetTimestamp(), 1);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _socket.Dispose();
        _links.Dispose();
        _stop.Dispose();
    }
}
