using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Core.Buffers;

namespace Margay.Bgp.Bmp;

/// <summary>
/// The connection to one station: connects, waits and tries again, and sends what the <see cref="BmpFeed"/> has when the station reads. Peer Up, Peer Down and
/// Stats Reports go before routes. A station that reads nothing for <see cref="s_sendHold"/>, or lets too much gather, is cut off; the next connection starts
/// from nothing, which tells it all that it missed. Owned by the speaker's loop.
/// </summary>
internal sealed class BmpStation
{
    private static readonly TimeSpan s_connectLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_sendHold = TimeSpan.FromMinutes(3);
    private const int MostControl = 16 << 10;

    private readonly BmpExporter _exporter;
    private readonly ISessionHost _host;
    private readonly LoopTimer _retry;
    private readonly LoopTimer _stats;
    private readonly LoopTimer _stuck;
    private readonly Queue<byte[]> _control = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BmpFeed.BufferSize, pinned: true);
    private IConnection? _connection;
    private BmpFeed? _feed;
    private TimeSpan _wait = s_firstRetry;
    private int _begin;
    private int _end;
    private bool _blocked;
    private bool _stopped;

    internal BmpStation(BmpStationSpec spec, BmpExporter exporter, ISessionHost host)
    {
        Spec = spec;
        _exporter = exporter;
        _host = host;
        _retry = new LoopTimer(Connect);
        _stats = new LoopTimer(Report);
        _stuck = new LoopTimer(() => Lose($"the station reads nothing for {s_sendHold.TotalMinutes:0} minutes"));
        Since = host.WallClock;
    }

    internal BmpStationSpec Spec { get; }

    /// <summary>Null until the connection stands.</summary>
    internal BmpFeed? Feed => _feed;
    internal DateTimeOffset Since { get; private set; }
    internal string LastError { get; private set; } = "";
    internal int TimesConnected { get; private set; }
    internal long MessagesSent { get; private set; }
    internal long BytesSent { get; private set; }

    /// <summary>Something waits, and the station reads.</summary>
    internal bool HasWork => _feed is not null && !_blocked && (_begin < _end || _control.Count > 0 || !_feed.IsEmpty);

    internal void Connect()
    {
        if (_stopped) return;
        // One that hangs is given up.
        _connection?.Dispose();
        _connection = null;
        if (!_host.Transport.TryConnect(new ConnectRequest(Spec.Address, Spec.Port, null, null, null, 0, 0), out IConnection? connection, out string error))
        {
            Fail(error);
            return;
        }
        _connection = connection;
        _connection!.Owner = this;
        _host.Timers.Set(_retry, _host.Now + s_connectLimit);
        LastError = $"cannot connect to {Spec.Address} port {Spec.Port}: no answer";
    }

    internal void OnConnected(string? error)
    {
        if (error is not null)
        {
            Fail($"cannot connect to {Spec.Address} port {Spec.Port}: {error}");
            return;
        }
        TimerQueue.Cancel(_retry);
        _feed = _exporter.NewFeed(Spec);
        _begin = _end = 0;
        _control.Clear();
        _blocked = false;
        LastError = "";
        Since = _host.WallClock;
        TimesConnected++;
        Log.StationUp(_host.Logger, Spec.Address.ToString(), Spec.Port);
        foreach (byte[] message in _exporter.FirstMessages(Spec)) Send(message);
        if (Spec.StatsInterval > TimeSpan.Zero) _host.Timers.Set(_stats, _host.Now + Spec.StatsInterval);
    }

    /// <summary>Stations have nothing to say; what comes is the end.</summary>
    internal void OnReadable()
    {
        int n = _connection!.Read(_host.ReceiveBuffer);
        if (n < 0) Lose(_connection.Error);
    }

    internal void OnWritable() => _blocked = false;

    internal void Send(byte[] message)
    {
        if (_feed is null) return;
        _control.Enqueue(message);
        if (_control.Count > MostControl) Lose("the station reads more slowly than peers come and go");
    }

    private void Report()
    {
        if (_feed is null) return;
        foreach (byte[] message in _exporter.StatsReports(Spec)) Send(message);
        _host.Timers.Set(_stats, _host.Now + Spec.StatsInterval);
    }

    /// <summary>Sends a portion, if the station reads. Not while tables have changes that were not decided.</summary>
    internal void Flush()
    {
        if (_feed is { IsOverfull: true }) Lose("the station reads more slowly than routes change");
        if (!HasWork) return;
        if (_begin == _end) Fill();
        int written = _connection!.Write([new ArraySegment<byte>(_buffer, _begin, _end - _begin)]);
        if (written < 0)
        {
            Lose(_connection.Error);
            return;
        }
        BytesSent += written;
        _begin += written;
        _wait = s_firstRetry;
        bool was = _blocked;
        _blocked = _begin < _end;
        if (!_blocked) TimerQueue.Cancel(_stuck);
        else if (!was || written > 0) _host.Timers.Set(_stuck, _host.Now + s_sendHold);
    }

    private void Fill()
    {
        SpanWriter w = new(_buffer);
        while (_control.TryPeek(out byte[]? message) && message.Length <= w.Remaining)
        {
            w.WriteBytes(_control.Dequeue());
            MessagesSent++;
        }
        if (w.Position == 0) MessagesSent += _feed!.Write(ref w, _host.WallClock);
        _begin = 0;
        _end = w.Position;
    }

    private void Lose(string reason)
    {
        Log.StationDown(_host.Logger, Spec.Address.ToString(), Spec.Port, reason);
        Fail(reason);
    }

    private void Fail(string reason)
    {
        Drop();
        LastError = reason;
        _host.Timers.Set(_retry, _host.Now + _wait * (0.75 + 0.25 * _host.Random.NextDouble()));
        _wait = _wait * 2 < s_longestRetry ? _wait * 2 : s_longestRetry;
    }

    private void Drop()
    {
        if (_feed is not null) Since = _host.WallClock;
        _feed = null;
        _connection?.Dispose();
        _connection = null;
        TimerQueue.Cancel(_retry);
        TimerQueue.Cancel(_stats);
        TimerQueue.Cancel(_stuck);
    }

    /// <summary>Says goodbye, as far as the station reads, and connects no more.</summary>
    internal void Stop()
    {
        _stopped = true;
        if (_feed is not null && _begin == _end)
        {
            byte[] last = BmpMessage.Termination(BmpTerminationReason.AdministrativelyClosed);
            last.CopyTo(_buffer, 0);
            _connection!.Write([new ArraySegment<byte>(_buffer, 0, last.Length)]);
        }
        Drop();
    }
}
