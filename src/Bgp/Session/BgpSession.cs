using System.Buffers.Binary;
using Margay.Bgp.Rib;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>
/// One TCP connection with a peer, from the OPEN on: framing, timers, and the states OpenSent, OpenConfirm and Established (RFC 4271 §8.2.2), each in a file of
/// its own. A peer may have two for a moment, until collision detection ends one. Owned by the speaker's loop.
/// </summary>
internal sealed class BgpSession
{
    /// <summary>RFC 4271 §8.2.2: while no hold time is agreed.</summary>
    internal static readonly TimeSpan OpenHold = TimeSpan.FromMinutes(4);

    /// <summary>RFC 9687: how long the peer may leave our bytes unread.</summary>
    private static readonly TimeSpan s_sendHold = TimeSpan.FromMinutes(8);

    private readonly ISessionHost _host;
    private readonly LoopTimer _timer;
    private byte[] _partial = [];
    private int _partialLength;
    private TimeSpan _lastReceived;
    private TimeSpan _nextKeepalive;
    private TimeSpan? _blockedSince;

    internal BgpSession(ISessionHost host, Peer peer, IConnection connection, bool outgoing)
    {
        _host = host;
        Peer = peer;
        Connection = connection;
        Outgoing = outgoing;
        Output = new SessionOutput(connection);
        _timer = new LoopTimer(OnTimer);
        connection.Owner = this;
    }

    internal Peer Peer { get; }
    internal IConnection Connection { get; }
    internal bool Outgoing { get; }
    internal SessionOutput Output { get; }
    internal SessionState State { get; private set; } = SessionState.Connect;
    internal OpenMessage? LocalOpen { get; private set; }
    internal OpenMessage? RemoteOpen { get; private set; }

    /// <summary>The peer's OPEN, the whole message as it came.</summary>
    internal byte[] ReceivedOpen { get; private set; } = [];
    internal Negotiated? Agreed { get; private set; }

    /// <summary>Of the RIB, once Established.</summary>
    internal RibPeer? RibPeer { get; set; }
    internal InboundContext? Inbound { get; set; }

    /// <summary>The link that we share with the peer, once Established; null: it is farther away.</summary>
    internal LocalLink? Link { get; set; }

    /// <summary>What the peer subscribed to (RFC 4684), if the family is agreed.</summary>
    internal RouteTargetSet? Targets { get; set; }

    /// <summary>Ends the wait for <see cref="Targets"/>; null: nothing is waited for.</summary>
    internal LoopTimer? TargetsTimer { get; set; }

    /// <summary>Runs while our own restart waits for the End-of-RIB of a peer that restarts too.</summary>
    internal LoopTimer? RestarterTimer { get; set; }
    internal bool FlushRequested { get; set; }
    internal long MessagesReceived { get; private set; }
    internal long UpdatesReceived { get; private set; }
    internal long UpdatesTreatedAsWithdraw { get; set; }
    internal bool WarnedOfPrefixLimit { get; set; }
    internal bool WarnedOfDistrust { get; set; }

    /// <summary>How the session ended: our NOTIFICATION, the peer's, or the connection's end.</summary>
    internal NotificationMessage? SentNotification { get; private set; }
    internal NotificationMessage? ReceivedNotification { get; private set; }
    internal bool ClosedByPeer { get; private set; }

    /// <summary>Families whose End-of-RIB came.</summary>
    internal FamilySet EndOfRib { get; set; }
    /// <summary>Families that the peer is sending anew (RFC 7313): what it does not renew by the end of it goes.</summary>
    internal FamilySet Refreshing { get; set; }
    internal LoopTimer? RefreshTimer { get; set; }
    internal bool IsClosed => State == SessionState.Idle;

    /// <summary>The connection stands: say OPEN.</summary>
    internal void Begin()
    {
        LocalOpen = Peer.MakeOpen();
        _host.OnPathChanged(Peer, Connection.LocalAddress);
        State = SessionState.OpenSent;
        _lastReceived = _host.Now;
        Send(LocalOpen.ToMessage());
        Arm();
    }

    internal void Send(byte[] message)
    {
        Output.Enqueue(message);
        _host.RequestFlush(this);
    }

    internal void EnterOpenConfirm(OpenMessage remote, ReadOnlySpan<byte> body, Negotiated agreed)
    {
        RemoteOpen = remote;
        ReceivedOpen = MessageHeader.Whole(MessageType.Open, body);
        Agreed = agreed;
        State = SessionState.OpenConfirm;
        SendKeepalive();
        Arm();
    }

    internal void EnterEstablished()
    {
        State = SessionState.Established;
        Arm();
        Peer.OnEstablished(this);
    }

    private void SendKeepalive()
    {
        Send(MessageHeader.Keepalive);
        TimeSpan interval = (Agreed?.Hold ?? OpenHold) / 3;
        _nextKeepalive = _host.Now + interval * (0.75 + 0.25 * _host.Random.NextDouble());
    }

    /// <summary>Takes what came in.</summary>
    internal void OnReadable()
    {
        byte[] buffer = _host.ReceiveBuffer;
        _partial.AsSpan(0, _partialLength).CopyTo(buffer);
        int n = Connection.Read(buffer.AsSpan(_partialLength));
        if (n > 0) Take(buffer.AsSpan(0, _partialLength + n));
        else if (n < 0) OnConnectionLost();
    }

    private void OnConnectionLost()
    {
        ClosedByPeer = true;
        Close(null, Connection.Error, graceful: true);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _lastReceived = _host.Now;
        int maximum = Agreed is { ExtendedMessage: true } ? MessageHeader.MaxExtendedMessage : MessageHeader.MaxMessage;
        while (bytes.Length >= MessageHeader.Length && !IsClosed)
        {
            if (MessageHeader.Check(bytes[..MessageHeader.Length], maximum, out int length, out MessageType type) is { } fault)
            {
                Close(fault, "bad message header");
                return;
            }
            if (bytes.Length < length) break;
            OnMessage(type, bytes[MessageHeader.Length..length]);
            bytes = bytes[length..];
        }
        if (IsClosed) return;
        if (_partial.Length < bytes.Length) _partial = new byte[bytes.Length <= 256 ? 256 : BinaryPrimitives.ReadUInt16BigEndian(bytes[16..])];
        bytes.CopyTo(_partial);
        _partialLength = bytes.Length;
    }

    private void OnMessage(MessageType type, ReadOnlySpan<byte> body)
    {
        MessagesReceived++;
        if (type == MessageType.Notification)
        {
            NotificationMessage n = NotificationMessage.Read(body);
            Close(null, $"received NOTIFICATION {n}", graceful: IsGracefulAfter(n), received: n);
            return;
        }
        switch (State)
        {
            case SessionState.OpenSent:
                OpenSentState.OnMessage(this, type, body);
                break;
            case SessionState.OpenConfirm:
                OpenConfirmState.OnMessage(this, type);
                break;
            case SessionState.Established:
                if (type == MessageType.Update) UpdatesReceived++;
                EstablishedState.OnMessage(this, _host, type, body);
                break;
        }
    }

    // RFC 8538: with the N bit on both sides a NOTIFICATION is like a lost connection, unless it says hard reset.
    private bool IsGracefulAfter(NotificationMessage n) =>
        Agreed?.GracefulRestart is { Notification: true } && !(n.Code == ErrorCode.Cease && n.Subcode == (byte)CeaseSubcode.HardReset);

    // RFC 8538 §4: what is meant to end the session for good says so.
    private bool IsFinal(NotificationMessage n) =>
        Agreed?.GracefulRestart is { Notification: true } && n.Code == ErrorCode.Cease
        && (CeaseSubcode)n.Subcode is CeaseSubcode.AdministrativeShutdown or CeaseSubcode.BfdDown or CeaseSubcode.PeerDeconfigured or CeaseSubcode.MaximumNumberOfPrefixesReached;

    internal SendOutcome Flush()
    {
        if (State is SessionState.Idle or SessionState.Connect) return SendOutcome.Idle;
        SendOutcome outcome = Output.Flush(_host.SendBuffers);
        if (outcome == SendOutcome.Failed) OnConnectionLost();
        if (outcome != SendOutcome.Blocked)
        {
            _blockedSince = null;
        }
        else if (_blockedSince is null)
        {
            _blockedSince = _host.Now;
            Arm();
        }
        return outcome;
    }

    private void OnTimer()
    {
        if (IsClosed) return;
        TimeSpan now = _host.Now;
        TimeSpan hold = Agreed?.Hold ?? OpenHold;
        if (hold > TimeSpan.Zero && now >= _lastReceived + hold)
        {
            Close(NotificationMessage.HoldTimerExpired, $"hold timer ({hold.TotalSeconds:0} s) expired", graceful: true);
            return;
        }
        if (now >= _blockedSince + s_sendHold)
        {
            Close(new NotificationMessage((ErrorCode)8, 0, []), "the peer does not read (send hold timer, RFC 9687)");
            return;
        }
        if (Agreed is not null && hold > TimeSpan.Zero && now >= _nextKeepalive) SendKeepalive();
        Arm();
    }

    private void Arm()
    {
        TimeSpan due = TimeSpan.MaxValue;
        TimeSpan hold = Agreed?.Hold ?? OpenHold;
        if (hold > TimeSpan.Zero) due = _lastReceived + hold;
        if (Agreed is not null && hold > TimeSpan.Zero && _nextKeepalive < due) due = _nextKeepalive;
        if (_blockedSince + s_sendHold is { } sendHold && sendHold < due) due = sendHold;
        if (due < TimeSpan.MaxValue) _host.Timers.Set(_timer, due);
        else TimerQueue.Cancel(_timer);
    }

    /// <summary>
    /// Ends the session, with a NOTIFICATION if there is one to send. <paramref name="graceful"/>: the peer may be restarting, its routes may be kept.
    /// </summary>
    internal void Close(NotificationMessage? send, string reason, bool graceful = false, NotificationMessage? received = null)
    {
        if (IsClosed) return;
        SessionState was = State;
        if (send is not null && was != SessionState.Connect)
        {
            SentNotification = IsFinal(send) ? send.AsHardReset() : send;
            Output.Enqueue(SentNotification.ToMessage());
            // Best effort: a peer that does not read gets none.
            Output.Flush(_host.SendBuffers);
        }
        ReceivedNotification = received;
        State = SessionState.Idle;
        TimerQueue.Cancel(_timer);
        if (RefreshTimer is not null) TimerQueue.Cancel(RefreshTimer);
        if (TargetsTimer is not null) TimerQueue.Cancel(TargetsTimer);
        if (RestarterTimer is not null) TimerQueue.Cancel(RestarterTimer);
        Connection.Dispose();
        Peer.OnClosed(this, was, send, received, reason, graceful && (send is null || IsGracefulAfter(send)));
    }
}
