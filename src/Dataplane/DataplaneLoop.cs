using Margay.Core.Loops;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Managers;
using Margay.Dataplane.Networks;
using Microsoft.Extensions.Logging;

namespace Margay.Dataplane;

// From what is wanted to what is:
//
//   agent:   ViewChanged · EndpointAttached/Detached · BlocksChanged      speaker: RoutesChanged      kernel: KernelChanged      timer
//                  └──────────────────────────┬────────────────────────────────┴──────────────────────────┘
//                                       one queue, one reader
//                                             ▼
//   Managers note it: Endpoint · Policy · IpSet · Route · Pool   ── desired state ──►  Drivers: HostLinks · FilterTables · Neighbours · Nexthops · Routes
//                                             ▼  queue empty
//   DataplanePass, once for the whole burst: drivers apply what differs, in the order that is written there ──► kernel ──► EndpointProgrammed / EndpointFailed
//
// Nothing is applied before the first whole view has come and the agent's endpoints are known, but that an absent table is made, closed. What fails stays pending and is
// tried again with a growing delay. DESIGN.md tells the rest: the shape of the tables, who owns what, what a restart does.

/// <summary>Makes one host's kernel match what is wanted of it, and keeps it so. One loop owns everything; it never awaits.</summary>
public sealed class DataplaneLoop : IAsyncDisposable
{
    private readonly EventLoop<DataplaneEvent> _loop;
    private readonly DataplanePass _pass;
    private readonly NetworkDomains _networks;
    private readonly List<InspectionAsked> _inspections = [];
    private readonly IKernel _kernel;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    /// <summary>Networks of which a notification found no room. Guarded by itself: monitors write, the loop takes.</summary>
    private readonly HashSet<NetworkName> _overruns = [];

    /// <param name="kernel">Used by this loop alone from now on; the caller disposes it, after this.</param>
    /// <param name="report">Called on the loop: note it and return.</param>
    public DataplaneLoop(DataplaneOptions options, IKernel kernel, Action<DataplaneReport> report, TimeProvider time, ILogger logger)
    {
        _kernel = kernel;
        _time = time;
        // A full queue will be worked off, and the pass after that looks at the clock too: a lost tick is no loss.
        _timer = time.CreateTimer(_ => _loop!.TryPost(new TimerElapsed()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        FixedRules rules = new(options);
        _pass = new DataplanePass(options, rules, new RoutingDomain(NetworkName.Default, kernel), report, time, logger);
        _networks = new NetworkDomains(options, rules, kernel, report, OnKernelChanged, time, logger);
        _loop = new EventLoop<DataplaneEvent>(On, e => OnDefect(e, logger), Idle);
    }

    /// <summary>Reads back what is in the kernel and begins. Events posted before are kept.</summary>
    public void Start()
    {
        // Listening comes first: nothing that happens after the first reading is missed.
        _kernel.Listen(n => OnKernelChanged(NetworkName.Default, n));
        _loop.TryPost(new TimerElapsed());
        _loop.Start();
    }

    /// <summary>False when the queue is full or the loop has ended.</summary>
    public bool TryPost(DataplaneEvent item) => _loop.TryPost(item);

    /// <summary>Waits while the queue is full.</summary>
    public ValueTask PostAsync(DataplaneEvent item, CancellationToken cancel = default) => _loop.PostAsync(item, cancel);

    /// <summary>The state as rows, taken after all that was posted before was applied.</summary>
    public async Task<DataplaneSnapshot> InspectAsync(CancellationToken cancel = default)
    {
        TaskCompletionSource<DataplaneSnapshot> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new InspectionAsked(answer), cancel).ConfigureAwait(false);
        return await answer.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private void On(DataplaneEvent happened)
    {
        if (happened is InspectionAsked asked) _inspections.Add(asked);
        else if (_networks.On(happened) is { } rest) _pass.On(rest);
    }

    private void Idle()
    {
        NoteOverruns();
        if (_networks.TakeTunnels() is { } tunnels) _pass.On(tunnels);
        if (_networks.TakeLegs() is { } legs) _pass.On(legs);
        TimeSpan? again = _pass.Run();
        _networks.RefreshReach();
        if (_networks.Run(_pass.Guards, _pass.Guards) is { } networks && (again is null || networks < again)) again = networks;
        foreach (InspectionAsked asked in _inspections) asked.Answer.TrySetResult(_networks.AddTo(_pass.Snapshot()));
        _inspections.Clear();
        _timer.Change(again ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>On the monitor's thread. When the queue is full, one note that anything may have changed in the network stands for all that does not fit.</summary>
    private void OnKernelChanged(NetworkName network, KernelNotification notification)
    {
        if (_loop.TryPost(new KernelChanged(notification, network))) return;
        lock (_overruns) _overruns.Add(network);
    }

    private void NoteOverruns()
    {
        NetworkName[] networks;
        lock (_overruns)
        {
            if (_overruns.Count == 0) return;
            networks = [.. _overruns];
            _overruns.Clear();
        }
        if (networks.Contains(NetworkName.Default)) _pass.NoteOverrun();
        _networks.NoteOverrun(networks);
    }

    private void OnDefect(Exception exception, ILogger logger)
    {
        Log.Defect(logger, exception);
        _pass.OnDefect();
        _networks.OnDefect();
        _timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends the loop after what is queued. The kernel is left as it is: forwarding and policy go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _loop.DisposeAsync().ConfigureAwait(false);
        _networks.Dispose();
    }
}
