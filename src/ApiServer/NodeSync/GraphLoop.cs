using System.Diagnostics;
using Margay.Api.NodeSync;
using Margay.ApiServer.Metrics;
using Margay.ApiServer.Registry;
using Margay.CalcGraph;
using Margay.Core.Loops;
using Margay.Store;

namespace Margay.ApiServer.NodeSync;

// From a commit to every node that it concerns:
//
//   store ─► pump (a watch of all objects) ─► loop: Graph.Apply … ─► idle: Graph.Flush ─► NodeFeed of each node ─► streams (NodeSyncHandler)
//                                              ▲
//   stream begins, or was overtaken ───────────┘ attach: go on after a revision, or begin with a snapshot
//
// The pump waits when the loop is busy, so a burst of commits becomes one flush. A stream never makes the loop wait: it follows a chain.

/// <summary>Where a stream begins: a whole view where it cannot go on from what the agent has, and the entry to follow.</summary>
internal sealed record FeedStart(ViewDelta? Snapshot, FeedEntry Position);

/// <summary>Owns the calculation graph: the only one to touch it, in one loop.</summary>
internal sealed class GraphLoop : IAsyncDisposable
{
    private abstract record Input
    {
        public sealed record Changes(WatchStep Step) : Input;

        public sealed record Reload(StoreSnapshot State) : Input;

        public sealed record Attach(string Node, string? Epoch, long Revision, TaskCompletionSource<FeedStart?> Start) : Input;

        public sealed record Detach(string Node) : Input;

        public sealed record Report(TaskCompletionSource<Func<string, TimeSpan>> Silences) : Input;
    }

    /// <summary>Distinct nodes whose views are kept. More than that is no cluster but a mistake or an attack.</summary>
    private const int MaxNodes = 10_000;

    /// <summary>How long the view of a node without a stream is kept up to date, so that a reconnect costs no snapshot.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMinutes(5);

    private readonly long _started;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly EventLoop<Input> _loop;
    private readonly Dictionary<string, NodeFeed> _feeds = new(StringComparer.Ordinal);
    private Graph _graph;
    private long _applied;
    private bool _dirty;
    private bool _failed;
    private long _revision;
    private volatile string _epoch = "";
    private Task? _pump;

    public GraphLoop(IStore store, TimeProvider time, ServerMetrics metrics, ILogger log)
    {
        _store = store;
        _time = time;
        _metrics = metrics;
        _log = log;
        _started = time.GetTimestamp();
        _graph = NewGraph();
        _loop = new EventLoop<Input>(Handle, OnBug, Flush);
    }

    /// <summary>Of the present graph.</summary>
    public string Epoch => _epoch;

    /// <summary>The store revision that all streams are told of, or will be as soon as they can take it.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>Fills the graph from the store, and follows it from there.</summary>
    public void Start()
    {
        StoreSnapshot state = _store.Current;
        Load(state);
        StoreWatch watch = _store.Watch(ObjectKeys.Objects, state.Revision);
        _loop.Start();
        _pump = Task.Run(() => PumpAsync(watch));
    }

    /// <summary>Begins a stream. Null when there are too many nodes.</summary>
    public async Task<FeedStart?> AttachAsync(string node, string? epoch, long revision, CancellationToken cancel)
    {
        TaskCompletionSource<FeedStart?> start = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new Input.Attach(node, epoch, revision, start), cancel).ConfigureAwait(false);
        // Not cancelled from here on: what was attached must be detached.
        return await start.Task.ConfigureAwait(false);
    }

    /// <summary>Ends a stream that <see cref="AttachAsync"/> began.</summary>
    public ValueTask DetachAsync(string node) => _loop.PostAsync(new Input.Detach(node));

    /// <summary>For how long the agent of a node has not followed its view, as it is now; since the start of the server for those that never did.</summary>
    public async Task<Func<string, TimeSpan>> SilencesAsync(CancellationToken cancel)
    {
        TaskCompletionSource<Func<string, TimeSpan>> silences = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new Input.Report(silences), cancel).ConfigureAwait(false);
        return await silences.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private Graph NewGraph()
    {
        _epoch = Guid.NewGuid().ToString("n");
        return new Graph(new GraphOptions { Epoch = _epoch });
    }

    private void Load(StoreSnapshot state)
    {
        foreach (StoredValue value in state.List(ObjectKeys.Objects))
        {
            if (ObjectKeys.KindOf(value.Key) is { } kind) _graph.Apply(StoredObject.Of(kind, value).Resource);
        }
        _applied = state.Revision;
        _graph.Flush(_applied);
        Volatile.Write(ref _revision, _applied);
    }

    private async Task PumpAsync(StoreWatch watch)
    {
        try
        {
            while (true)
            {
                WatchStep step = await watch.NextAsync(_stop.Token).ConfigureAwait(false);
                Input input = new Input.Changes(step);
                if (step.IsCompacted)
                {
                    StoreSnapshot state = _store.Current;
                    watch = _store.Watch(ObjectKeys.Objects, state.Revision);
                    input = new Input.Reload(state);
                }
                await _loop.PostAsync(input, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private void Handle(Input input)
    {
        try
        {
            if (_failed) Reload(_store.Current);
            Process(input);
        }
        catch (Exception e)
        {
            // The request that waits must end; the loop reports the bug.
            if (input is Input.Attach attach) attach.Start.TrySetException(e);
            throw;
        }
    }

    private void Process(Input input)
    {
        switch (input)
        {
            case Input.Changes changes:
                // After a reload, what the pump still brings from before it is known.
                foreach (StoreEvent change in changes.Step.Events.Where(e => e.Revision > _applied)) Apply(change);
                _applied = Math.Max(_applied, changes.Step.Revision);
                _dirty = true;
                break;
            case Input.Reload reload:
                Reload(reload.State);
                break;
            case Input.Attach attach:
                Flush();
                attach.Start.SetResult(Attach(attach));
                break;
            case Input.Report report:
                report.Silences.SetResult(Silences());
                break;
            case Input.Detach detach when _feeds.TryGetValue(detach.Node, out NodeFeed? feed):
                feed.Streams--;
                feed.IdleSince = _time.GetTimestamp();
                break;
        }
    }

    // What the graph is in is unknown. Its output is a function of state, so a new one from the store is right, if only the bug lets it be built.
    private void OnBug(Exception bug)
    {
        _failed = true;
        Log.GraphBug(_log, bug);
    }

    // Compaction overtook the pump, or the graph failed: what was deleted meanwhile is not known, so the graph begins a new life.
    private void Reload(StoreSnapshot state)
    {
        _graph = NewGraph();
        foreach (string node in _feeds.Keys) _graph.Subscribe(node);
        Load(state);
        foreach (NodeFeed feed in _feeds.Values) feed.Restart(_applied);
        _failed = false;
    }

    private void Apply(StoreEvent change)
    {
        if (ObjectKeys.KindOf(change.Key) is not { } kind) return;
        if (change.Value is not null) _graph.Apply(StoredObject.Of(kind, change.Value).Resource);
        else _graph.Remove(StoredObject.Of(kind, change.Previous!).Resource.Key);
    }

    private FeedStart? Attach(Input.Attach attach)
    {
        DropIdle();
        bool known = _feeds.TryGetValue(attach.Node, out NodeFeed? feed);
        if (!known)
        {
            if (_feeds.Count >= MaxNodes) return null;
            _graph.Subscribe(attach.Node);
            _feeds[attach.Node] = feed = new NodeFeed(_applied);
        }
        feed!.Streams++;
        // Of what an agent has nothing is known unless it was told by this very graph, and the node's changes were kept since.
        if (known && attach.Epoch == Epoch && attach.Revision <= _applied && feed.Find(attach.Revision) is { } position) return new FeedStart(null, position);
        return new FeedStart(_graph.Snapshot(attach.Node), feed.Newest);
    }

    private Func<string, TimeSpan> Silences()
    {
        TimeSpan sinceStart = _time.GetElapsedTime(_started);
        Dictionary<string, TimeSpan> known = _feeds.ToDictionary(f => f.Key, f => f.Value.Streams > 0 ? TimeSpan.Zero : _time.GetElapsedTime(f.Value.IdleSince), StringComparer.Ordinal);
        return node => known.GetValueOrDefault(node, sinceStart);
    }

    private void DropIdle()
    {
        foreach ((string node, NodeFeed feed) in _feeds.Where(f => f.Value.Streams == 0 && _time.GetElapsedTime(f.Value.IdleSince) > Linger).ToList())
        {
            _graph.Unsubscribe(node);
            _feeds.Remove(node);
        }
    }

    private void Flush()
    {
        if (!_dirty) return;
        _dirty = false;
        long started = Stopwatch.GetTimestamp();
        foreach ((string node, ViewDelta delta) in _graph.Flush(_applied))
        {
            if (_feeds.TryGetValue(node, out NodeFeed? feed)) feed.Add(delta);
        }
        Volatile.Write(ref _revision, _applied);
        _metrics.GraphFlushed(Stopwatch.GetElapsedTime(started), _feeds.Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_pump is not null) await _pump.ConfigureAwait(false);
        await _loop.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
