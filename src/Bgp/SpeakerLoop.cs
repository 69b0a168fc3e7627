using System.Collections.Concurrent;
using Margay.Bgp.Bfd;
using Margay.Bgp.Bmp;
using Margay.Bgp.Rib;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Microsoft.Extensions.Logging;

namespace Margay.Bgp;

/// <summary>
/// The one writer of a speaker. A turn of the loop:
/// <code>
/// Poll: sockets ──► messages ──► RIB (prefixes marked dirty)
/// commands, timers
/// changed best paths ──► sink, update groups (encoded once per group)
/// flush: each session sends what it has
/// </code>
/// A burst that came in one turn is decided, encoded and sent once; nothing is ever held back by a timer. Not thread-safe but for <see cref="Post"/>.
/// </summary>
internal sealed class SpeakerLoop : ITransportEvents, ISessionHost, IDisposable
{
    private readonly SpeakerOptions _options;
    private readonly long _start;
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly List<BgpSession> _toFlush = [];
    private readonly List<BgpSession> _flushing = [];
    private readonly List<BgpSession> _subscribersChanged = [];
    private readonly List<int> _changed = [];
    private readonly List<int> _touched = [];
    private readonly PathAttributeTable _attributes = new();
    private readonly RibTable[] _tables = new RibTable[KnownFamilies.Count];
    private readonly UpdateEncoder[] _encoders = new UpdateEncoder[KnownFamilies.Count];
    private readonly Dictionary<ExportPolicy, UpdateGroup> _groups = [];
    private readonly Inbound _inbound;
    private readonly PeerDirectory _peers;
    private readonly LocalRoutes _local;
    private readonly SinkFeed? _sink;
    private readonly SpeakerMetrics? _metrics;
    private TimeSpan _nextMetrics;
    private readonly byte[] _scratch = new byte[UpdateMessage.ScratchSize];
    private readonly LoopTimer _convergence;
    private readonly LoopTimer _deferral;
    private bool _converged;
    private bool _reported;
    private int _wakePending;

    internal SpeakerLoop(SpeakerOptions options, ITransport transport)
    {
        _options = options;
        Transport = transport;
        _start = options.Time.GetTimestamp();
        Random = new Random(options.Seed);
        ReceiveBuffer = new byte[options.ReceiveBufferSize + MessageHeader.MaxExtendedMessage];
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            _tables[f] = new RibTable(f, _attributes) { NextHopMetric = options.NextHopMetric };
            _encoders[f] = new UpdateEncoder(_tables[f]);
        }
        _inbound = new Inbound(_tables, _attributes);
        _local = new LocalRoutes(_tables, _attributes);
        _peers = new PeerDirectory(this);
        _sink = options.Sink is null ? null : new SinkFeed(options.Sink, _tables);
        _metrics = options.Meter is null ? null : new SpeakerMetrics(options.Meter);
        IsRestarting = options.Restarting;
        _convergence = new LoopTimer(() => _converged = true);
        _deferral = new LoopTimer(EndRestart);
        Bmp = new BmpExporter(this);
        Liveness = new Liveness(this, StartBfd);
    }

    public TimeSpan Now { get; private set; }
    public DateTimeOffset WallClock => _options.Time.GetUtcNow();
    public TimerQueue Timers { get; } = new();
    public Random Random { get; }
    public ILogger Logger => _options.Logger;
    public ITransport Transport { get; }
    public uint LocalAs => Config?.LocalAs ?? 0;
    public InetAddress RouterId => Config?.RouterId ?? default;
    public bool IsRestarting { get; private set; }
    public bool HasLostForwarding => _options.ForwardingLost;
    public byte[] ReceiveBuffer { get; }
    public ArraySegment<byte>[] SendBuffers { get; } = new ArraySegment<byte>[128];

    internal Liveness Liveness { get; }

    /// <summary>Set once, by whoever prepares the loop.</summary>
    internal UnnumberedPeers Unnumbered { get; set; } = null!;

    /// <summary>The BFD loop gets a thread of its own; else whoever turns this loop turns that one too.</summary>
    internal bool HasThreads { get; init; }

    internal SpeakerConfig? Config { get; private set; }
    internal PeerDirectory Peers => _peers;
    internal BmpExporter Bmp { get; }
    internal RibTable[] Tables => _tables;
    internal PathAttributeTable Attributes => _attributes;
    internal Inbound Inbound => _inbound;
    internal IReadOnlyDictionary<ExportPolicy, UpdateGroup> Groups => _groups;

    /// <summary>Has the loop do something, from any thread.</summary>
    internal void Post(Action command)
    {
        _commands.Enqueue(command);
        if (Interlocked.Exchange(ref _wakePending, 1) == 0) Transport.Wake();
    }

    /// <summary>One turn. Waits for something to do for at most <paramref name="wait"/>.</summary>
    internal void Step(TimeSpan wait)
    {
        if (HasWork) wait = TimeSpan.Zero;
        else if (Timers.Next is { } next) wait = Min(wait, next - ReadClock());
        Transport.Poll(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, this);
        Now = ReadClock();
        uint seconds = (uint)WallClock.ToUnixTimeSeconds();
        foreach (RibTable t in _tables) t.Now = seconds;
        Volatile.Write(ref _wakePending, 0);
        while (_commands.TryDequeue(out Action? command)) command();
        Timers.Run(Now);
        ApplyChanges();
        foreach (BgpSession s in _subscribersChanged) new PeerRouting(this, s.Peer).UpdateTargets(s);
        _subscribersChanged.Clear();
        Flush();
        if (!HasChanges) Bmp.Flush();
        Settle();
        if (_metrics is null || Now < _nextMetrics) return;
        _metrics.Publish(this);
        _nextMetrics = Now + TimeSpan.FromSeconds(1);
    }

    /// <summary>There is something to do without waiting. A flush that finds a session dead leaves changed tables behind it.</summary>
    internal bool HasWork => _toFlush.Count > 0 || !_commands.IsEmpty || IsBfdDue || HasChanges || Bmp.HasWork;

    private bool HasChanges => Array.Exists(_tables, static t => t.HasChanges);

    /// <summary>When a timer may fire, by the clock of <see cref="SpeakerOptions.Time"/> from its start; null: none is set.</summary>
    internal TimeSpan? NextTimer => Timers.Next is { } t ? t + _options.Time.GetElapsedTime(0, _start) : null;

    private bool IsBfdDue => !HasThreads && Liveness.Bfd is { HasWork: true };

    private TimeSpan ReadClock() => _options.Time.GetElapsedTime(_start);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    // Decides once per prefix and burst, and tells sink and groups.
    private void ApplyChanges()
    {
        bool any = false;
        for (int f = 0; f < _tables.Length; f++)
        {
            if (!_tables[f].HasChanges) continue;
            any = true;
            _changed.Clear();
            _touched.Clear();
            _tables[f].TakeChanges(_changed, _touched);
            if (_changed.Count > 0) _sink?.Add(f, _changed);
            Bmp.OnBestChanged(f, _changed);
            Tell(f, _changed, _touched);
        }
        if (!_reported) CheckConvergence();
        if (any || _sink is { HasNews: true }) _sink?.Deliver();
    }

    private void CheckConvergence()
    {
        if (!_converged && !_peers.AllSentEndOfRib()) return;
        _reported = _converged = true;
        TimerQueue.Cancel(_convergence);
        _sink?.MarkConverged();
        EndRestart();
    }

    // RFC 4724 §4.1: after a restart nothing is sent before the peers have told us what they know, so that no route is withdrawn by our ignorance.
    private void EndRestart()
    {
        if (!IsRestarting) return;
        IsRestarting = false;
        TimerQueue.Cancel(_deferral);
        foreach (Peer p in _peers.All)
        {
            if (p.Established is { } session) new PeerRouting(this, p).JoinAll(session);
        }
    }

    private void Flush()
    {
        _flushing.AddRange(_toFlush);
        _toFlush.Clear();
        foreach (BgpSession s in _flushing)
        {
            s.FlushRequested = false;
            if (s.Flush() == SendOutcome.More) RequestFlush(s);
        }
        _flushing.Clear();
    }

    // Lets go of what everybody has sent, and of prefixes that nobody needs any more.
    private void Settle()
    {
        Span<bool> busy = stackalloc bool[KnownFamilies.Count];
        busy.Clear();
        foreach (UpdateGroup g in _groups.Values)
        {
            if (!g.IsDrained || g.Log.Bytes > 0) g.Trim();
            busy[g.Policy.Family] |= !g.IsDrained;
        }
        for (int f = 0; f < _tables.Length; f++)
        {
            busy[f] |= _tables[f].HasChanges || Bmp.Holds(f);
            if (!busy[f] && _tables[f].ReclaimableCount > 0) _tables[f].Reclaim();
        }
        if (!busy.Contains(true)) _peers.Reclaim();
    }

    public void RequestFlush(BgpSession session)
    {
        if (session.FlushRequested || session.IsClosed || session.Output.IsBlocked) return;
        session.FlushRequested = true;
        _toFlush.Add(session);
    }

    // ---- transport

    public void OnAccepted(IListener listener, IConnection connection)
    {
        Now = ReadClock();
        Peer? peer = _peers.FindForConnection(connection.RemoteAddress, connection.Interface);
        if (peer is not null && peer.OnAccepted(connection)) return;
        Log.ConnectionRefused(Logger, connection.RemoteAddress.ToString(), peer is null ? "no such neighbour" : "not now");
        connection.Dispose();
    }

    public void OnConnected(IConnection connection, string? error)
    {
        Now = ReadClock();
        if (connection.Owner is BmpStation station)
        {
            station.OnConnected(error);
            return;
        }
        BgpSession session = (BgpSession)connection.Owner!;
        session.Peer.OnConnected(session, error);
    }

    public void OnReadable(IConnection connection)
    {
        Now = ReadClock();
        if (connection.Owner is BmpStation station)
        {
            station.OnReadable();
            return;
        }
        BgpSession session = (BgpSession)connection.Owner!;
        try
        {
            session.OnReadable();
        }
#pragma warning disable CA1031 // a bug that one peer's bytes bring out must cost this one session
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Bug(Logger, e);
            session.Close(NotificationMessage.Cease(CeaseSubcode.OutOfResources), "a bug in our speaker; see its log");
        }
    }

    public void OnWritable(IConnection connection)
    {
        if (connection.Owner is BmpStation station)
        {
            station.OnWritable();
            return;
        }
        BgpSession session = (BgpSession)connection.Owner!;
        if (session.Flush() == SendOutcome.More) RequestFlush(session);
    }

    public void OnRouterMessage(IRouterSocket socket)
    {
        Now = ReadClock();
        UnnumberedPeers.OnReadable(socket);
    }

    // ---- sessions

    public void OnEstablished(BgpSession session) => new PeerRouting(this, session.Peer).Up(session);

    public void OnDown(BgpSession session, bool graceful)
    {
        _metrics?.OnSessionEnded(session.Peer.Name);
        new PeerRouting(this, session.Peer).Down(session, graceful);
    }

    /// <summary>A peer is gone, and with it what it told.</summary>
    internal void PeerLost(InetAddress peer) => _sink?.PeerLost(peer);

    public void OnDynamicPeerGone(Peer peer)
    {
        if (peer.StaleFamilies == 0) _peers.RemoveDynamic(peer);
    }

    public NotificationMessage? OnUpdate(BgpSession session, ReadOnlySpan<byte> body)
    {
        _metrics?.OnUpdate();
        Negotiated agreed = session.Agreed!;
        UpdateMessage update = UpdateMessage.Read(body, new UpdateContext(agreed.FourOctetAs, !agreed.External), _scratch);
        if (update.Fault is not null) Log.UpdateFault(Logger, session.Peer.Name, update.Outcome.ToString(), update.Fault);
        if (update.Outcome == UpdateOutcome.SessionReset) return update.Error;
        if (update.Outcome == UpdateOutcome.TreatAsWithdraw) session.UpdatesTreatedAsWithdraw++;
        if (update.IsEndOfRib)
        {
            new PeerRouting(this, session.Peer).EndOfRib(session, update.HasUnreach ? update.UnreachFamily : 0);
            return null;
        }
        if (session.Targets is not null && !_subscribersChanged.Contains(session) && (IsRouteTarget(update.ReachFamily) || IsRouteTarget(update.UnreachFamily))) _subscribersChanged.Add(session);
        if (_inbound.Apply(session.RibPeer!, session.Inbound!, update) is { } fault) return fault;
        new PeerRouting(this, session.Peer).WarnOfDistrust(session);
        return new PeerRouting(this, session.Peer).CheckPrefixLimit(session);
    }

    private static bool IsRouteTarget(int family) => family == KnownFamilies.IndexOf(1, (byte)Safi.RouteTarget);

    public void OnRouteRefresh(BgpSession session, RouteRefreshMessage message)
    {
        int family = KnownFamilies.IndexOf(message.Afi, message.Safi);
        // RFC 7313 §5: unknown subtypes are ignored.
        if (family < 0 || !session.Agreed!.Families.Has(family)) return;
        PeerRouting routing = new(this, session.Peer);
        switch (message.Subtype)
        {
            case 0:
                routing.SendAgain(session, family);
                break;
            case 1:
                routing.RefreshBegins(session, family);
                break;
            case 2:
                routing.RefreshEnds(session, family);
                break;
        }
    }

    public void OnPathChanged(Peer peer, InetAddress? local) => Liveness.Update(peer, local);

    // Made with the first session that needs it, on this thread, whose network namespace the new one inherits.
    private BfdLoop StartBfd()
    {
        BfdLoop bfd = new(_options.Time, Random.Next(), _options.BfdTransport ?? new UdpBfdTransport(new Random(Random.Next())), Logger);
        if (HasThreads) new Thread(bfd.Run) { IsBackground = true, Name = "bfd" }.Start();
        return bfd;
    }

    // ---- update groups

    internal UpdateGroup GroupFor(ExportPolicy policy)
    {
        if (_groups.TryGetValue(policy, out UpdateGroup? group)) return group;
        // Changes not yet applied belong to what the group starts from.
        ApplyChanges();
        group = new UpdateGroup(policy, _tables[policy.Family], _encoders[policy.Family], _options.UpdateLogLimit);
        group.Load();
        _groups.Add(policy, group);
        return group;
    }

    /// <summary>Asks all groups again about the routes of a peer: who may have them has changed, not the routes.</summary>
    internal void Reconsider(RibPeer peer)
    {
        for (int f = 0; f < _tables.Length; f++)
        {
            List<int> prefixes = [];
            for (int p = peer.FirstPath[f]; p >= 0; p = _tables[f].Path(p).NextOfPeer) prefixes.Add(_tables[f].Path(p).Prefix);
            if (prefixes.Count > 0) Tell(f, prefixes, prefixes);
        }
    }

    private void Tell(int family, List<int> changed, List<int> touched)
    {
        foreach (UpdateGroup g in _groups.Values)
        {
            if (g.Policy.Family != family) continue;
            g.Apply(g.Policy.AddPath ? touched : changed);
            foreach (GroupMember m in g.Members) RequestFlush((BgpSession)m.Owner!);
        }
    }

    internal void Leave(GroupMember member)
    {
        member.Group.Leave(member);
        if (member.Group.Members.Count > 0) return;
        member.Group.Dispose();
        _groups.Remove(member.Group.Policy);
    }

    // ---- commands

    internal void SetConfig(SpeakerConfig config)
    {
        if (Config is null)
        {
            Timers.Set(_convergence, Now + _options.ConvergenceDeadline);
            if (IsRestarting && _options.DeferralLimit is { } limit) Timers.Set(_deferral, Now + limit);
        }
        Config = config;
        foreach (RibTable t in _tables)
        {
            if (t.MaxPaths == config.MaxPaths && t.AlwaysCompareMed == config.AlwaysCompareMed) continue;
            t.MaxPaths = Math.Max(1, config.MaxPaths);
            t.AlwaysCompareMed = config.AlwaysCompareMed;
            t.MarkAllDirty();
        }
    }

    internal void UpdateLocalRoutes(IReadOnlyCollection<LocalRouteChange> changes) => _local.Update(changes);

    public void Dispose()
    {
        if (HasThreads) Liveness.Bfd?.Stop();
        else Liveness.Bfd?.End();
        Transport.Dispose();
    }
}
