using Margay.Bgp.Transport;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>One end of a simulated stream.</summary>
public sealed class SimConnection : IConnection
{
    private readonly SimTransport _host;
    private readonly string? _password;
    private static readonly TimeSpan s_retransmission = TimeSpan.FromMilliseconds(200);
    private readonly Queue<byte[]> _received = new();
    private readonly Queue<(TimeSpan At, Action<SimConnection, ITransportEvents> What)> _onTheWay = new();
    private string _endReason = "";
    private int _offset;
    private SimConnection? _other;
    private int _outstanding;
    private bool _wantsWrite;
    private bool _ended;
    private bool _closed;
    private bool _paused;

    internal SimConnection(SimTransport host, InetAddress local, InetAddress remote, string? password, (ushort Local, ushort Remote) ports = default)
    {
        (LocalPort, RemotePort) = ports;
        _host = host;
        LocalAddress = local;
        RemoteAddress = remote;
        _password = password;
    }

    public InetAddress LocalAddress { get; }
    public InetAddress RemoteAddress { get; }
    public ushort LocalPort { get; }
    public ushort RemotePort { get; }
    public string? Interface => RemoteAddress is { IsIPv6: true, IsLinkLocal: true } && _host.Network.HostOf(RemoteAddress) is { } other ? _host.DeviceTo(other) : null;
    public object? Owner { get; set; }
    public string Error { get; private set; } = "";

    /// <summary>A reader that does not read: nothing is acknowledged until it is taken back.</summary>
    public bool Paused
    {
        get => _paused;
        set
        {
            _paused = value;
            if (!value) _host.Schedule(TimeSpan.Zero, e => NotifyReadable(e));
        }
    }

    // Runs on the connecting host, when the answer to its SYN would be there.
    internal void Connect(ushort port, ITransportEvents events)
    {
        if (_closed) return;
        SimTransport? remote = _host.Network.HostOf(RemoteAddress);
        SimListener? listener = remote?.ListenerFor(RemoteAddress, port);
        if (listener is not null && listener.PasswordFor(LocalAddress) != _password) return;
        if (listener is null)
        {
            events.OnConnected(this, "Connection refused");
            return;
        }
        _other = new SimConnection(remote!, RemoteAddress, LocalAddress, _password, (port, LocalPort)) { _other = this };
        SimConnection accepted = _other;
        remote!.Schedule(TimeSpan.Zero, e => e.OnAccepted(listener, accepted));
        events.OnConnected(this, null);
    }

    private bool IsCut => _host.Network.IsCut(LocalAddress, RemoteAddress);

    public int Write(ReadOnlySpan<ArraySegment<byte>> buffers)
    {
        if (_ended || _closed) return Fail("Broken pipe");
        int written = 0;
        foreach (ArraySegment<byte> b in buffers)
        {
            int room = Math.Min(b.Count, _host.Network.Window - _outstanding);
            if (room <= 0) break;
            Deliver(b.AsSpan(0, room).ToArray());
            written += room;
            _outstanding += room;
            if (room < b.Count) break;
        }
        int total = 0;
        foreach (ArraySegment<byte> b in buffers) total += b.Count;
        _wantsWrite = written < total;
        return written;
    }

    private int Fail(string why)
    {
        Error = why;
        return -1;
    }

    private void Deliver(byte[] bytes)
    {
        _host.Network.Trace(LocalAddress, RemoteAddress, bytes);
        SendToOther((other, events) => other.Receive(bytes, events));
    }

    private void Receive(byte[] bytes, ITransportEvents events)
    {
        if (_closed)
        {
            SendToOther(static (me, e) => me.End(e, "Connection reset by peer"));
            return;
        }
        _received.Enqueue(bytes);
        if (!_paused) NotifyReadable(events);
    }

    private void End(ITransportEvents events, string why)
    {
        if (_closed) return;
        _ended = true;
        _endReason = why;
        NotifyReadable(events);
    }

    // In order, and never lost while both ends are there: what is sent over a cut link waits for the link, as TCP's retransmission would have it.
    private void SendToOther(Action<SimConnection, ITransportEvents> what)
    {
        if (_other is not { } other) return;
        TimeSpan travel = _host.Network.Travel(s_retransmission);
        other._onTheWay.Enqueue((_host.Network.Clock.Now + travel, what));
        other._host.Schedule(travel, other.Arrive);
    }

    private void Arrive(ITransportEvents events)
    {
        if (IsCut)
        {
            _host.Schedule(s_retransmission, Arrive);
            return;
        }
        while (_onTheWay.TryPeek(out (TimeSpan At, Action<SimConnection, ITransportEvents> What) next) && next.At <= _host.Network.Clock.Now)
        {
            _onTheWay.Dequeue();
            next.What(this, events);
        }
    }

    // As with epoll: told again as long as there is something to read.
    private void NotifyReadable(ITransportEvents events)
    {
        if (_closed || _paused || Owner is null) return;
        while (!_closed && !_paused && (_received.Count > 0 || _ended))
        {
            bool last = _received.Count == 0;
            events.OnReadable(this);
            if (last) return;
        }
    }

    public int Read(Span<byte> destination)
    {
        if (_received.Count == 0) return _ended ? Fail(_endReason) : 0;
        byte[] head = _received.Peek();
        int n = Math.Min(destination.Length, head.Length - _offset);
        head.AsSpan(_offset, n).CopyTo(destination);
        _offset += n;
        if (_offset == head.Length)
        {
            _received.Dequeue();
            _offset = 0;
        }
        Acknowledge(n);
        return n;
    }

    private void Acknowledge(int n) => SendToOther((other, events) =>
    {
        other._outstanding -= n;
        if (!other._wantsWrite || other._closed) return;
        other._wantsWrite = false;
        events.OnWritable(other);
    });

    /// <summary>The connection breaks: both ends see a reset.</summary>
    public void Break()
    {
        SendToOther(static (other, events) => other.End(events, "Connection reset by peer"));
        _host.Schedule(TimeSpan.Zero, events => End(events, "Connection reset by peer"));
    }

    public void SetTtl(byte send, byte receiveAtLeast)
    {
    }

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        SendToOther(static (other, events) => other.End(events, "closed by the peer"));
    }
}
