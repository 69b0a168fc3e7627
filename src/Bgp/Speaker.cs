using System.Collections.Immutable;
using Margay.Bgp.Bmp;
using Margay.Bgp.Mrt;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// A BGP-4 speaker and route reflector. All methods may be called from any thread; they post to the speaker's one loop and their tasks
/// complete when the loop has done it.
/// </summary>
public sealed class Speaker : IAsyncDisposable
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SpeakerLoop? _loop;
    private ConfigApply? _apply;
    private Snapshots? _snapshots;
    private volatile bool _stopping;

    public Speaker(SpeakerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
    }

    public SpeakerOptions Options { get; }

    /// <summary>For tests and simulations, which turn the loop themselves (<see cref="Step"/>) instead of <see cref="Start"/>.</summary>
    internal SpeakerLoop Prepare(bool threads = false)
    {
        if (_loop is not null) throw new InvalidOperationException("the speaker was started before");
        _loop = new SpeakerLoop(Options, Options.Transport ?? new TcpTransport()) { HasThreads = threads };
        _apply = new ConfigApply(_loop);
        _loop.Unnumbered = new UnnumberedPeers(_loop, p => _apply.AddPeer(p), _apply.RemovePeer);
        _snapshots = new Snapshots(_loop);
        return _loop;
    }

    internal SpeakerLoop Prepared => _loop!;

    internal void Step(TimeSpan wait)
    {
        _loop!.Step(wait);
        _loop.Liveness.Bfd?.Step(TimeSpan.Zero);
    }

    /// <summary>When a timer of either loop may fire; null: none is set.</summary>
    internal TimeSpan? NextTimer => (_loop!.NextTimer, _loop.Liveness.Bfd?.NextTimer) is ({ } a, { } b) ? (a < b ? a : b) : _loop.NextTimer ?? _loop.Liveness.Bfd?.NextTimer;

    /// <summary>Starts the loop, on a thread of its own in the caller's network namespace. Listeners and sessions come with the first configuration.</summary>
    public void Start()
    {
        Prepare(threads: true);
        new Thread(Run) { IsBackground = true, Name = "bgp" }.Start();
    }

    private void Run()
    {
        while (!_stopping)
        {
            try
            {
                _loop!.Step(s_longestWait);
            }
#pragma warning disable CA1031 // the boundary at which a bug is contained
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Bug(Options.Logger, e);
            }
        }
        _loop!.Dispose();
        _ended.TrySetResult();
    }

    /// <summary>
    /// Makes <paramref name="config"/> the desired state: peers are added, removed or changed, and no session that is not named by a difference is touched.
    /// The result lists what could not be done (a listener's address in use, a password refused), with the remedy; all else is applied. A configuration
    /// that contradicts itself is refused whole.
    /// </summary>
    public Task<ImmutableArray<string>> ApplyAsync(SpeakerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Ask(() => _apply!.Apply(config));
    }

    /// <summary>Announces and withdraws own routes; each prefix counts with its last change.</summary>
    public Task UpdateLocalRoutesAsync(IReadOnlyCollection<LocalRouteChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        return Do(() => _loop!.UpdateLocalRoutes(changes));
    }

    /// <summary>Announces <paramref name="prefix"/> as our own.</summary>
    public Task AnnounceAsync(IpPrefix prefix, LocalRoute route) => UpdateLocalRoutesAsync([new LocalRouteChange(prefix, route)]);

    public Task WithdrawAsync(IpPrefix prefix) => UpdateLocalRoutesAsync([new LocalRouteChange(prefix, null)]);

    public Task<ImmutableArray<PeerStatus>> GetPeersAsync() => Ask(() => _snapshots!.Peers());

    public Task<ImmutableArray<BmpStationStatus>> GetStationsAsync() => Ask(() => _loop!.Bmp.Status());

    /// <summary>Rows of one table. <paramref name="peer"/> names a peer for the Adj-RIBs; <paramref name="within"/> limits to a prefix and its more specifics.</summary>
    public Task<ImmutableArray<RouteRow>> GetRoutesAsync(RibKind table, Family family, string? peer = null, IpPrefix? within = null) =>
        Ask(() => _snapshots!.Routes(table, family, peer, within));

    /// <summary>
    /// Writes all usable paths into a file in MRT format (RFC 6396, TABLE_DUMP_V2), which appears whole or not at all. <see cref="IOException"/> and
    /// <see cref="UnauthorizedAccessException"/> as files have them.
    /// </summary>
    public async Task<MrtSummary> DumpAsync(string file, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        MrtDump dump = await Ask(() => new MrtDump(_loop!)).ConfigureAwait(false);
        long bytes = await MrtFile.WriteAsync(file, () => Ask(dump.Next), cancel).ConfigureAwait(false);
        return new MrtSummary(file, dump.Peers, dump.Routes, bytes);
    }

    /// <summary>Null if nobody ever told of the prefix.</summary>
    public Task<RouteExplanation?> ExplainAsync(Nlri nlri) => Ask(() => _snapshots!.Explain(nlri));

    /// <summary>Addresses and ports that are listened on, with the port the kernel chose where 0 was asked for.</summary>
    public Task<ImmutableArray<ListenEndpoint>> GetListenersAsync() =>
        Ask(() => _apply!.Listeners.Select(l => new ListenEndpoint(l.Address, l.Port)).ToImmutableArray());

    /// <summary>Ends the session and lets it come up again; false if there is no such peer.</summary>
    public Task<bool> ResetAsync(string peer, string text = "") => Ask(() =>
    {
        if (_loop!.Peers.Find(peer) is not { } p) return false;
        p.Reset(NotificationMessage.Cease(CeaseSubcode.AdministrativeReset, text), "reset by the operator");
        return true;
    });

    /// <summary>Asks the peer for its routes again and sends it ours again, without a reset; false if there is no such session.</summary>
    public Task<bool> RefreshAsync(string peer) => Ask(() =>
    {
        if (_loop!.Peers.Find(peer)?.Established is not { } session) return false;
        new PeerRouting(_loop, session.Peer).Refresh(session);
        return true;
    });

    /// <summary>Says goodbye to all peers (Cease / Administrative Shutdown with a text, RFC 9003): they withdraw our routes at once.</summary>
    public Task ShutdownAsync(string text) => Do(() =>
    {
        foreach (Peer p in _loop!.Peers.All.ToArray()) p.Stop(NotificationMessage.Cease(CeaseSubcode.AdministrativeShutdown, text), "the speaker shuts down");
    });

    /// <summary>Ends without a NOTIFICATION unless <see cref="ShutdownAsync"/> was called before: peers with graceful restart keep our routes until we are back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_loop is null || _stopping) return;
        _loop.Post(() =>
        {
            foreach (Peer p in _loop.Peers.All.ToArray()) p.Abandon();
            _loop.Bmp.Stop();
            _stopping = true;
        });
        await _ended.Task.ConfigureAwait(false);
    }

    private Task Do(Action action) => Ask(() =>
    {
        action();
        return true;
    });

    private Task<T> Ask<T>(Func<T> question)
    {
        SpeakerLoop loop = _loop ?? throw new InvalidOperationException("the speaker is not started");
        ObjectDisposedException.ThrowIf(_stopping, this);
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            try
            {
                answer.SetResult(question());
            }
#pragma warning disable CA1031 // the caller gets it
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer.SetException(e);
            }
        });
        return answer.Task;
    }
}
