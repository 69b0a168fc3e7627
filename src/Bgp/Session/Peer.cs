using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Session;

/// <summary>
/// One neighbour: who connects when, the states Idle, Connect and Active (RFC 4271 §8.2.2), and which of two connections survives (§6.8). Everything after the
/// OPEN is in <see cref="BgpSession"/>. Owned by the speaker's loop.
/// </summary>
internal sealed class Peer
{
    private readonly ISessionHost _host;
    private readonly LoopTimer _connectTimer;
    private TimeSpan _idleUntil;
    private int _failures;
    private int _faults;
    private bool _stopped = true;

    internal Peer(ISessionHost host, PeerSpec spec, InetAddress address, bool isDynamic)
    {
        _host = host;
        Spec = spec;
        Address = address;
        IsDynamic = isDynamic;
        Name = isDynamic ? $"{spec.Name}-{address}" : spec.Name;
        Since = host.WallClock;
        _connectTimer = new LoopTimer(Connect);
        RestartTimer = new LoopTimer(() => RestartExpired?.Invoke());
    }

    internal string Name { get; }
    internal PeerSpec Spec { get; set; }
    internal InetAddress Address { get; }
    internal bool IsDynamic { get; }

    /// <summary>The connection that we began, until it is Established or ends.</summary>
    internal BgpSession? Outgoing { get; private set; }

    /// <summary>The same of the peer's.</summary>
    internal BgpSession? Incoming { get; private set; }
    internal BgpSession? Established { get; private set; }
    internal DateTimeOffset Since { get; private set; }

    /// <summary>Why the last session ended, or why an OPEN was refused.</summary>
    internal string LastError { get; private set; } = "";

    /// <summary>Why there is no connection; empty while there is one.</summary>
    internal string ConnectError { get; private set; } = "";
    internal int TimesEstablished { get; private set; }

    /// <summary>In the RIB, from the first session on.</summary>
    internal RibPeer? RibPeer { get; set; }

    /// <summary>Families whose routes of an earlier session are still kept (RFC 4724 §4.2).</summary>
    internal FamilySet StaleFamilies { get; set; }

    /// <summary>By family, for how long after the restart time its routes are kept as least preferred (RFC 9494); zero: not at all.</summary>
    internal TimeSpan[] LongLivedStale { get; set; } = new TimeSpan[KnownFamilies.Count];

    /// <summary>By family, until when that is; zero: the restart time is not over, or there is nothing to keep.</summary>
    internal TimeSpan[] LongLivedUntil { get; } = new TimeSpan[KnownFamilies.Count];

    /// <summary>Ends the keeping of stale routes.</summary>
    internal LoopTimer RestartTimer { get; }
    internal Action? RestartExpired { get; set; }

    /// <summary>Held down after too many prefixes, until this time; <see cref="TimeSpan.MaxValue"/> until configured anew.</summary>
    internal TimeSpan HeldUntil { get; private set; }

    internal uint LocalAs => Spec.LocalAs ?? _host.LocalAs;
    internal bool IsStopped => _stopped;
    internal bool IsPassive => Spec.Passive || IsDynamic;

    internal SessionState State
    {
        get
        {
            if (Established is not null) return SessionState.Established;
            SessionState a = Outgoing?.State ?? SessionState.Idle, b = Incoming?.State ?? SessionState.Idle;
            SessionState most = a > b ? a : b;
            if (most != SessionState.Idle) return most;
            return _stopped || _host.Now < HeldUntil ? SessionState.Idle : SessionState.Active;
        }
    }

    internal void Start()
    {
        if (Spec.AdminDown) return;
        _stopped = false;
        HeldUntil = TimeSpan.Zero;
        _host.OnPathChanged(this, null);
        if (!IsPassive) Connect();
    }

    /// <summary>Ends all sessions and makes none until <see cref="Start"/>.</summary>
    internal void Stop(NotificationMessage? send, string reason)
    {
        _stopped = true;
        TimerQueue.Cancel(_connectTimer);
        Close(send, reason);
        _host.OnPathChanged(this, null);
    }

    /// <summary>No packet gets to the peer, or back (RFC 5882 §4.2): what there is ends, and new attempts begin as after any failure.</summary>
    internal void OnPathDown(NotificationMessage send, string reason) => Close(send, reason);

    private void Close(NotificationMessage? send, string reason)
    {
        Established?.Close(send, reason);
        Outgoing?.Close(send, reason);
        Incoming?.Close(send, reason);
    }

    /// <summary>Ends the session; it comes up again by itself, also if it was held down.</summary>
    internal void Reset(NotificationMessage? send, string reason)
    {
        HeldUntil = TimeSpan.Zero;
        Close(send, reason);
        Connect();
    }

    /// <summary>Ends the session without a NOTIFICATION, so that a peer with graceful restart keeps our routes.</summary>
    internal void Abandon()
    {
        _stopped = true;
        TimerQueue.Cancel(_connectTimer);
        Close(null, "the speaker stops");
        _host.OnPathChanged(this, null);
    }

    /// <summary>Keeps the peer down after too many prefixes (RFC 4271 §6.7).</summary>
    internal void Hold(TimeSpan? restartAfter)
    {
        HeldUntil = restartAfter is { } t ? _host.Now + t : TimeSpan.MaxValue;
    }

    private void Connect()
    {
        if (Outgoing is { State: SessionState.Connect } hanging)
        {
            Outgoing = null;
            hanging.Close(null, $"cannot connect to {Address}: no answer");
        }
        if (_stopped || IsPassive || Established is not null || Outgoing is not null) return;
        if (_host.Now < HeldUntil)
        {
            if (HeldUntil < TimeSpan.MaxValue) _host.Timers.Set(_connectTimer, HeldUntil);
            return;
        }
        ConnectRequest request = new(Address, Spec.RemotePort, Spec.LocalAddress, Spec.Interface, Spec.Password, Ttl, MinTtl);
        if (!_host.Transport.TryConnect(request, out IConnection? connection, out string error))
        {
            ConnectError = error;
            Retry(Spec.Timers.ConnectRetry);
            return;
        }
        Outgoing = new BgpSession(_host, this, connection!, outgoing: true);
        // A connect that hangs is tried anew (ConnectRetryTimer).
        Retry(Spec.Timers.ConnectRetry);
    }

    private byte Ttl => Spec.TtlSecurityHops > 0 ? (byte)255 : Spec.Ttl ?? (IsDirectExternal ? (byte)1 : (byte)64);
    private byte MinTtl => Spec.TtlSecurityHops > 0 ? (byte)(256 - Spec.TtlSecurityHops) : (byte)0;

    private bool IsDirectExternal =>
        !Spec.Multihop && (Spec.RemoteAs.Asn != 0 ? Spec.RemoteAs.Asn != LocalAs : Spec.RemoteAs.Kind == RemoteAsKind.External);

    private void Retry(TimeSpan after) => _host.Timers.Set(_connectTimer, _host.Now + after * (0.75 + 0.25 * _host.Random.NextDouble()));

    /// <summary>The outcome of our attempt to connect.</summary>
    internal void OnConnected(BgpSession session, string? error)
    {
        if (error is null)
        {
            session.Begin();
            return;
        }
        session.Close(null, $"cannot connect to {Address}: {error}");
    }

    /// <summary>The peer connected to us. False: the connection is refused.</summary>
    internal bool OnAccepted(IConnection connection)
    {
        if (_stopped || _host.Now < HeldUntil) return false;
        // A peer that keeps sending what we must refuse has to wait too.
        if (_faults >= 4 && _host.Now < _idleUntil) return false;
        if (Incoming is { State: SessionState.OpenSent } older) older.Close(null, "the peer opened another connection");
        if (Incoming is not null) return false;
        connection.SetTtl(Ttl, MinTtl);
        Incoming = new BgpSession(_host, this, connection, outgoing: false);
        Incoming.Begin();
        return true;
    }

    internal OpenMessage MakeOpen()
    {
        FamilySet families = Spec.Families;
        GracefulRestartSpec gr = Spec.GracefulRestart;
        FamilySet forwarding = _host.HasLostForwarding && TimesEstablished == 0 ? 0 : families;
        Capabilities capabilities = new()
        {
            HasMultiprotocol = true,
            Families = families,
            RouteRefresh = true,
            EnhancedRouteRefresh = true,
            ExtendedMessage = true,
            FourOctetAs = LocalAs,
            ExtendedNextHop = Spec.ExtendedNextHop ? families & (FamilySet.IPv4Unicast | FamilySet.VpnIPv4) : 0,
            GracefulRestart = gr.Enabled
                ? new(_host.IsRestarting, true, (int)Math.Clamp(gr.RestartTime.TotalSeconds, 0, 4095), families, forwarding)
                : null,
            LongLived = gr.Enabled && gr.LongLivedTime > TimeSpan.Zero ? LongLived(families, forwarding, gr.LongLivedTime) : [],
            AddPathReceive = (Spec.AddPath & AddPathMode.Receive) != 0 ? families : 0,
            AddPathSend = (Spec.AddPath & AddPathMode.Send) != 0 ? families : 0,
        };
        return new OpenMessage(LocalAs, (ushort)Math.Clamp(Spec.Timers.Hold.TotalSeconds, 0, ushort.MaxValue), _host.RouterId, capabilities);
    }

    private static ImmutableArray<(FamilySet, bool, int)> LongLived(FamilySet families, FamilySet forwarding, TimeSpan time)
    {
        int seconds = (int)Math.Clamp(time.TotalSeconds, 1, 0xff_ffff);
        return [.. Enumerable.Range(0, KnownFamilies.Count).Where(f => families.Has(f)).Select(f => (KnownFamilies.Bit(f), forwarding.Has(f), seconds))];
    }

    /// <summary>Why the peer's OPEN is not acceptable (RFC 4271 §6.2), or null.</summary>
    internal (NotificationMessage Notification, string Reason)? Refuse(OpenMessage theirs, OpenMessage ours)
    {
        if (!Spec.RemoteAs.Accepts(theirs.Asn, LocalAs))
            return (Open(OpenSubcode.BadPeerAs), $"the peer is AS {theirs.Asn}, which is not what is configured for it");
        // RFC 6286: unique within an AS.
        if (theirs.Asn == LocalAs && theirs.RouterId == ours.RouterId)
            return (Open(OpenSubcode.BadBgpIdentifier), $"the peer has our own router id {theirs.RouterId}");
        if ((ours.Capabilities.EffectiveFamilies & theirs.Capabilities.EffectiveFamilies) == 0)
            return (Open(OpenSubcode.UnsupportedCapability), "no address family in common");
        return null;
    }

    private static NotificationMessage Open(OpenSubcode subcode) => new(ErrorCode.OpenMessage, (byte)subcode, []);

    /// <summary>
    /// RFC 4271 §6.8: of two connections the one that was begun by the speaker with the higher identifier stays. Returns false if
    /// <paramref name="session"/> was closed.
    /// </summary>
    internal bool ResolveCollision(BgpSession session, OpenMessage open)
    {
        if (Established is { } established)
        {
            // RFC 4724 §5: a new connection of a peer with graceful restart says that the old one is dead.
            if (established.Agreed!.GracefulRestart is not null && open.Capabilities.GracefulRestart is not null)
            {
                established.Close(null, "the peer opened a new connection", graceful: true);
                return true;
            }
            session.Close(NotificationMessage.Cease(CeaseSubcode.ConnectionCollisionResolution), "a session with the peer is Established");
            return false;
        }
        BgpSession? other = session.Outgoing ? Incoming : Outgoing;
        if (other is not { State: SessionState.OpenConfirm }) return true;
        bool oursWins = open.RouterId != _host.RouterId ? _host.RouterId > open.RouterId : LocalAs > open.Asn;
        BgpSession loser = session.Outgoing == oursWins ? other : session;
        loser.Close(NotificationMessage.Cease(CeaseSubcode.ConnectionCollisionResolution), "connection collision");
        return loser != session;
    }

    internal void OnEstablished(BgpSession session)
    {
        BgpSession? other = session.Outgoing ? Incoming : Outgoing;
        Established = session;
        if (session.Outgoing) Outgoing = null;
        else Incoming = null;
        other?.Close(NotificationMessage.Cease(CeaseSubcode.ConnectionCollisionResolution), "another connection is Established");
        TimerQueue.Cancel(_connectTimer);
        _failures = _faults = 0;
        ConnectError = "";
        TimesEstablished++;
        Since = _host.WallClock;
        Log.PeerUp(_host.Logger, Name, session.Agreed!.RemoteAs);
        _host.OnEstablished(session);
    }

    internal void OnClosed(BgpSession session, SessionState was, NotificationMessage? sent, NotificationMessage? received, string reason, bool graceful)
    {
        if (Outgoing == session) Outgoing = null;
        if (Incoming == session) Incoming = null;
        bool collision = IsCollision(sent) || IsCollision(received);
        // A connection that ended before anything was said says nothing about the peer's reasons: it must not hide the last one known.
        if (was == SessionState.Established || ((sent ?? received) is not null && !collision)) LastError = sent is null ? reason : $"{reason} (sent NOTIFICATION {sent})";
        else if (!collision) ConnectError = reason;
        if (sent is not null && !collision && was != SessionState.Established) _faults++;
        if (Established == session)
        {
            Established = null;
            Since = _host.WallClock;
            Log.PeerDown(_host.Logger, Name, LastError);
            _host.OnDown(session, graceful);
        }
        else if (was != SessionState.Connect && !collision)
        {
            Log.SessionFailed(_host.Logger, Name, reason);
        }
        if (IsDynamic && Established is null && Outgoing is null && Incoming is null)
        {
            _host.OnDynamicPeerGone(this);
            return;
        }
        if (_stopped || IsPassive && was == SessionState.Connect) return;
        ScheduleRetry(was, collision);
    }

    private void ScheduleRetry(SessionState was, bool collision)
    {
        if (collision || Established is not null) return;
        if (was == SessionState.Connect)
        {
            Retry(Spec.Timers.ConnectRetry);
            return;
        }
        // DampPeerOscillations: wait twice as long after each session that did not come up.
        TimeSpan wait = Spec.Timers.IdleHold * Math.Pow(2, Math.Min(_failures++, 20));
        if (wait > Spec.Timers.IdleHoldMax) wait = Spec.Timers.IdleHoldMax;
        _idleUntil = _host.Now + wait;
        if (!IsPassive) Retry(wait);
    }

    private static bool IsCollision(NotificationMessage? n) =>
        n is { Code: ErrorCode.Cease, Subcode: (byte)CeaseSubcode.ConnectionCollisionResolution };
}
