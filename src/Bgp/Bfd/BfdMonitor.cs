using Margay.Bgp.Session;
using Margay.Bgp.Transport;

namespace Margay.Bgp.Bfd;

/// <summary>A change of state, as whoever asked for the session is told.</summary>
/// <param name="RemoteState">As the peer said last; after silence what it said before.</param>
internal readonly record struct BfdReport(BfdState Was, BfdState Now, BfdDiagnostic Diagnostic, BfdState RemoteState, BfdDiagnostic RemoteDiagnostic, bool RemoteControlPlaneIndependent);

/// <summary>
/// One session with its path, its timer and its socket. Owned by the <see cref="BfdLoop"/>; others keep it as a handle and may read <see cref="Status"/>.
/// </summary>
internal sealed class BfdMonitor : IBfdOutput
{
    private readonly BfdLoop _loop;
    private readonly Action<BfdMonitor, BfdReport> _onChange;
    private readonly byte[] _packet = new byte[BfdPacket.Length];
    private IBfdSender? _sender;
    private long _sent;
    private long _received;
    private long _refused;
    private int _timesUp;
    private volatile string _error = "";

    internal BfdMonitor(BfdLoop loop, BfdPath path, uint discriminator, BfdSpec spec, Random random, Action<BfdMonitor, BfdReport> onChange)
    {
        _loop = loop;
        _onChange = onChange;
        Path = path;
        Session = new BfdSession(discriminator, spec, this, random);
        Timer = new LoopTimer(OnTimer);
    }

    internal BfdPath Path { get; }
    internal BfdSession Session { get; }
    internal LoopTimer Timer { get; }

    /// <summary>After it was closed it says AdminDown until this time; null: it is not closed.</summary>
    internal TimeSpan? LingersUntil { get; private set; }

    /// <summary>0 while unknown.</summary>
    internal int InterfaceIndex => _sender?.InterfaceIndex ?? 0;

    /// <summary>Every field by itself is what it was a moment ago; together they need not be of one moment.</summary>
    internal BfdStatus Status => new()
    {
        State = Session.State,
        Diagnostic = Session.Diagnostic,
        RemoteState = Session.RemoteState,
        RemoteDiagnostic = Session.RemoteDiagnostic,
        RemoteControlPlaneIndependent = Session.RemoteControlPlaneIndependent,
        Multihop = Path.Multihop,
        LocalDiscriminator = Session.LocalDiscriminator,
        RemoteDiscriminator = Session.RemoteDiscriminator,
        TransmitInterval = Session.TransmitInterval,
        DetectionTime = Session.DetectionTime,
        PacketsSent = Volatile.Read(ref _sent),
        PacketsReceived = Volatile.Read(ref _received),
        PacketsRefused = Volatile.Read(ref _refused),
        TimesUp = Volatile.Read(ref _timesUp),
        Error = _error,
    };

    internal void Start()
    {
        TryOpen();
        Session.Start(_loop.Now);
        Arm();
    }

    internal void Change(BfdSpec spec)
    {
        Session.Change(spec, _loop.Now);
        Arm();
    }

    /// <summary>The peer's detection time is how long it has to hear AdminDown (RFC 5880 §6.8.16); one that never heard us needs nothing.</summary>
    internal void Shut()
    {
        LingersUntil = Session.RemoteDiscriminator == 0 ? _loop.Now : _loop.Now + Session.RemoteDetectionTime;
        Session.Shut(_loop.Now);
        Arm();
    }

    internal void Receive(in BfdPacket packet)
    {
        BfdFault fault = Session.OnPacket(packet, _loop.Now);
        if (fault == BfdFault.None) _received++;
        else if (LingersUntil is null) Refuse();
        Arm();
    }

    internal void Refuse() => _refused++;

    private void OnTimer()
    {
        if (LingersUntil <= _loop.Now)
        {
            _loop.Forget(this);
            return;
        }
        Session.OnTimer(_loop.Now);
        Arm();
    }

    private void Arm()
    {
        TimeSpan due = Session.Due;
        if (LingersUntil < due) due = LingersUntil.Value;
        if (due < TimeSpan.MaxValue) _loop.Timers.Set(Timer, due);
        else TimerQueue.Cancel(Timer);
    }

    private bool TryOpen()
    {
        if (_loop.Transport.TryOpen(Path, out _sender, out string error)) return true;
        _error = error;
        return false;
    }

    void IBfdOutput.Send(in BfdPacket packet)
    {
        // An interface or address that went may be back: the next packet tries anew.
        if (_sender is null && !TryOpen()) return;
        packet.Write(_packet);
        if (_sender!.Send(_packet) is not { } error)
        {
            _sent++;
            if (_error.Length > 0) _error = "";
            return;
        }
        _error = error;
        CloseSender();
    }

    void IBfdOutput.OnStateChanged(BfdState was)
    {
        if (Session.State == BfdState.Up) _timesUp++;
        if (LingersUntil is null) _onChange(this, new BfdReport(was, Session.State, Session.Diagnostic, Session.RemoteState, Session.RemoteDiagnostic, Session.RemoteControlPlaneIndependent));
    }

    internal void CloseSender()
    {
        _sender?.Dispose();
        _sender = null;
    }
}
