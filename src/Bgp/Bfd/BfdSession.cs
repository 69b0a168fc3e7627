namespace Margay.Bgp.Bfd;

/// <summary>
/// One BFD session in asynchronous mode, active role: the variables of RFC 5880 §6.8.1 and what changes them. Pure: packets and times in, packets out; whoever
/// owns it sends what <see cref="IBfdOutput"/> is given and calls <see cref="OnTimer"/> at <see cref="Due"/>.
/// </summary>
internal sealed class BfdSession
{
    /// <summary>RFC 5880 §6.8.3: while not Up nobody is to be troubled more often.</summary>
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(1);

    private readonly IBfdOutput _output;
    private readonly Random _random;

    // What we told the peer, and what we go by until it has confirmed (§6.8.3).
    private TimeSpan _desiredMinTx;
    private TimeSpan _requiredMinRx;
    private TimeSpan _transmitAt;
    private TimeSpan _detectAt;

    private TimeSpan _remoteMinTx;
    private TimeSpan _remoteMinRx = TimeSpan.FromMicroseconds(1);
    private byte _remoteMultiplier;
    private bool _remoteDemand;
    private bool _polling;
    private TimeSpan? _lastHeard;
    private TimeSpan? _nextTransmit;

    internal BfdSession(uint discriminator, BfdSpec spec, IBfdOutput output, Random random)
    {
        LocalDiscriminator = discriminator;
        Spec = spec;
        _output = output;
        _random = random;
        _desiredMinTx = _transmitAt = WantedMinTx;
        _requiredMinRx = _detectAt = spec.MinRx;
    }

    internal BfdSpec Spec { get; private set; }
    internal uint LocalDiscriminator { get; }
    internal uint RemoteDiscriminator { get; private set; }
    internal BfdState State { get; private set; } = BfdState.Down;
    internal BfdDiagnostic Diagnostic { get; private set; }
    internal BfdState RemoteState { get; private set; } = BfdState.Down;
    internal BfdDiagnostic RemoteDiagnostic { get; private set; }
    internal bool RemoteControlPlaneIndependent { get; private set; }

    /// <summary>Between two packets of ours, before jitter; zero while the peer wants none (§6.8.7).</summary>
    internal TimeSpan TransmitInterval => _remoteMinRx == TimeSpan.Zero ? TimeSpan.Zero : Max(_transmitAt, _remoteMinRx);

    /// <summary>§6.8.4; zero until something was heard.</summary>
    internal TimeSpan DetectionTime => _remoteMultiplier * Max(_detectAt, _remoteMinTx);

    /// <summary>How long the peer takes to notice that we are silent.</summary>
    internal TimeSpan RemoteDetectionTime => Spec.Multiplier * Max(TransmitInterval, _desiredMinTx);

    /// <summary>When <see cref="OnTimer"/> is to be called; <see cref="TimeSpan.MaxValue"/>: not by itself.</summary>
    internal TimeSpan Due
    {
        get
        {
            TimeSpan transmit = _nextTransmit ?? TimeSpan.MaxValue, detect = _lastHeard + DetectionTime ?? TimeSpan.MaxValue;
            return transmit < detect ? transmit : detect;
        }
    }

    private TimeSpan WantedMinTx => State == BfdState.Up ? Spec.MinTx : Max(Spec.MinTx, s_slow);

    internal void Start(TimeSpan now) => Transmit(now);

    /// <summary>A packet for this session (§6.8.6, from the selection of the session on).</summary>
    internal BfdFault OnPacket(in BfdPacket packet, TimeSpan now)
    {
        RemoteDiscriminator = packet.MyDiscriminator;
        RemoteState = packet.State;
        RemoteDiagnostic = packet.Diagnostic;
        RemoteControlPlaneIndependent = packet.ControlPlaneIndependent;
        _remoteDemand = packet.Demand;
        _remoteMinTx = TimeSpan.FromMicroseconds(packet.DesiredMinTx);
        _remoteMultiplier = packet.DetectMultiplier;
        TimeSpan before = TransmitInterval;
        _remoteMinRx = TimeSpan.FromMicroseconds(packet.RequiredMinRx);
        if (packet.Final && _polling) EndPoll();
        if (State == BfdState.AdminDown) return BfdFault.AdministrativelyDown;
        _lastHeard = now;
        bool changed = Advance(packet.State, now);
        // §6.8.7: a Poll is answered at once, whatever the timers say.
        if (packet.Poll) Send(poll: false, final: true);
        if (changed) return BfdFault.None;
        if (!MayTransmit) _nextTransmit = null;
        else if (_nextTransmit is null || TransmitInterval < before) Schedule(now);
        return BfdFault.None;
    }

    private bool Advance(BfdState remote, TimeSpan now)
    {
        BfdState next = (State, remote) switch
        {
            (BfdState.Up or BfdState.Init, BfdState.AdminDown) => BfdState.Down,
            (BfdState.Down, BfdState.Down) => BfdState.Init,
            (BfdState.Down, BfdState.Init) => BfdState.Up,
            (BfdState.Init, BfdState.Init or BfdState.Up) => BfdState.Up,
            (BfdState.Up, BfdState.Down) => BfdState.Down,
            _ => State,
        };
        if (next == State) return false;
        Enter(next, next == BfdState.Down ? BfdDiagnostic.NeighborSignaledSessionDown : Diagnostic, now);
        return true;
    }

    private void Enter(BfdState next, BfdDiagnostic diagnostic, TimeSpan now)
    {
        BfdState was = State;
        State = next;
        // §6.8.1: kept until the next time that it leaves Up, except that a session that is Up has nothing to complain of.
        Diagnostic = next == BfdState.Up ? BfdDiagnostic.None : diagnostic;
        if (next != BfdState.Up) _polling = false;
        Renegotiate();
        _output.OnStateChanged(was);
        // §6.8.7: news do not wait for the interval.
        Transmit(now);
    }

    /// <summary>Other timers, without a flap (§6.8.3).</summary>
    internal void Change(BfdSpec spec, TimeSpan now)
    {
        Spec = spec;
        Renegotiate();
        Transmit(now);
    }

    private void Renegotiate()
    {
        if (_desiredMinTx == WantedMinTx && _requiredMinRx == Spec.MinRx) return;
        _desiredMinTx = WantedMinTx;
        _requiredMinRx = Spec.MinRx;
        _polling = State == BfdState.Up;
        // To send more rarely, or to expect packets sooner, waits until the peer knows.
        if (!_polling || _desiredMinTx < _transmitAt) _transmitAt = _desiredMinTx;
        if (!_polling || _requiredMinRx > _detectAt) _detectAt = _requiredMinRx;
    }

    private void EndPoll()
    {
        _polling = false;
        _transmitAt = _desiredMinTx;
        _detectAt = _requiredMinRx;
    }

    /// <summary>Goes AdminDown: the peer is told that our silence to come means nothing (§6.8.16).</summary>
    internal void Shut(TimeSpan now)
    {
        if (State != BfdState.AdminDown) Enter(BfdState.AdminDown, BfdDiagnostic.AdministrativelyDown, now);
    }

    internal void OnTimer(TimeSpan now)
    {
        if (_lastHeard + DetectionTime <= now)
        {
            // §6.8.1, §6.8.4: whoever speaks next may be another incarnation of the peer.
            _lastHeard = null;
            RemoteDiscriminator = 0;
            _remoteMinRx = TimeSpan.FromMicroseconds(1);
            _remoteDemand = false;
            if (State is BfdState.Init or BfdState.Up)
            {
                Enter(BfdState.Down, BfdDiagnostic.ControlDetectionTimeExpired, now);
                return;
            }
        }
        if (_nextTransmit <= now) Transmit(now);
    }

    // §6.8.7. With demand mode the peer wants to hear of polls only.
    private bool MayTransmit => _remoteMinRx > TimeSpan.Zero
        && !(_remoteDemand && State == BfdState.Up && RemoteState == BfdState.Up && !_polling);

    private void Transmit(TimeSpan now)
    {
        if (!MayTransmit)
        {
            _nextTransmit = null;
            return;
        }
        Send(_polling, final: false);
        Schedule(now);
    }

    // §6.8.7: 75–100 % of the interval, 75–90 % where one lost packet is one too many.
    private void Schedule(TimeSpan now) =>
        _nextTransmit = now + TransmitInterval * (0.75 + (Spec.Multiplier == 1 ? 0.15 : 0.25) * _random.NextDouble());

    private void Send(bool poll, bool final) => _output.Send(new BfdPacket
    {
        Diagnostic = Diagnostic,
        State = State,
        Poll = poll,
        Final = final,
        DetectMultiplier = (byte)Spec.Multiplier,
        MyDiscriminator = LocalDiscriminator,
        YourDiscriminator = RemoteDiscriminator,
        DesiredMinTx = (uint)_desiredMinTx.TotalMicroseconds,
        RequiredMinRx = (uint)_requiredMinRx.TotalMicroseconds,
    });

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}

/// <summary>What a <see cref="BfdSession"/> brings about.</summary>
internal interface IBfdOutput
{
    void Send(in BfdPacket packet);

    void OnStateChanged(BfdState was);
}
