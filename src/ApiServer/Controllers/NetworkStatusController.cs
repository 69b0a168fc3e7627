using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Store;

namespace Margay.ApiServer.Controllers;

// WorkloadEndpoints, whose status nodes report, and VirtualNetworks ─► NetworkReadiness (counts) ─► status of the networks that they touch

/// <summary>Keeps the conditions of virtual networks. What is not written is found again after a restart: counts are made from the store.</summary>
internal sealed class NetworkStatusController(ObjectRegistry registry, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private NetworkReadiness _readiness = new();
    private StoreWatch? _watch;

    public async Task RunAsync(CancellationToken stop)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false)) await TryStepAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task TryStepAsync(CancellationToken stop)
    {
        try
        {
            Follow();
            foreach ((VirtualNetwork network, VirtualNetworkStatus status) in _readiness.Take(time.GetUtcNow())) await WriteAsync(network, status, stop).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // one faulty step must not end the reports for the life of the server
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Log.NetworkStatusBug(log, e);
            _watch = null;
        }
    }

    private void Follow()
    {
        if (_watch is null) Load();
        while (_watch!.TryNext(out WatchStep step))
        {
            if (step.IsCompacted) Load();
            else foreach (StoreEvent change in step.Events) Apply(change.Value ?? change.Previous!, isGone: change.Value is null);
        }
    }

    private void Load()
    {
        _readiness = new NetworkReadiness();
        StoreSnapshot state = registry.Store.Current;
        _watch = registry.Store.Watch(ObjectKeys.Objects, state.Revision);
        foreach (StoredValue value in state.List(ObjectKeys.Objects)) Apply(value, isGone: false);
    }

    private void Apply(StoredValue value, bool isGone)
    {
        ResourceKind? kind = ObjectKeys.KindOf(value.Key);
        if (kind != ResourceKinds.WorkloadEndpoint && kind != ResourceKinds.VirtualNetwork) return;
        switch (StoredObject.Of(kind!, value).Resource)
        {
            case WorkloadEndpoint endpoint when isGone: _readiness.Remove(endpoint); break;
            case WorkloadEndpoint endpoint: _readiness.Apply(endpoint); break;
            case VirtualNetwork network when isGone: _readiness.Remove(network); break;
            case VirtualNetwork network: _readiness.Apply(network); break;
        }
    }

    private async Task WriteAsync(VirtualNetwork network, VirtualNetworkStatus status, CancellationToken stop)
    {
        Outcome<Resource> written = await registry.UpdateAsync(ResourceKinds.VirtualNetwork, network.Namespace, network.Name, dryRun: false, before => (VirtualNetwork)before with { Status = status }, stop).ConfigureAwait(false);
        if (!written.IsRefused(out Status refusal) || refusal.Code == StatusCodes.Status404NotFound) return;
        Log.NetworkStatusNotWritten(log, network.FullName, refusal.Message ?? "");
        _readiness.Return(network);
    }
}
