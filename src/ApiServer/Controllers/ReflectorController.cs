using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.ApiServer.NodeSync;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.CalcGraph.Topology;
using Margay.Store;

namespace Margay.ApiServer.Controllers;

// Nodes, and which of their agents follow their views ─► MeshElection (pure) ─► status of the BGPConfiguration "default" ─► graph ─► views of the nodes
//
// Alive means: the agent holds its node-sync stream, or has held it within the loss time. That says nothing of BGP itself, and need not: every client has a second reflector, and the
// sessions of a lost one are kept until its replacement has had the time of a transition. Right after a start everybody counts as heard of.

/// <summary>Elects route reflectors when the mesh is too large, and reports the state of the mesh. One step every few seconds; all state is in the store.</summary>
internal sealed class ReflectorController(ObjectRegistry registry, GraphLoop graph, TimeProvider time, ILogger log)
{
    private const string Default = "default";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

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
            await StepAsync(stop).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // one faulty step must not end the election for the life of the server
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Log.ElectionBug(log, e);
        }
    }

    private async Task StepAsync(CancellationToken stop)
    {
        Func<string, TimeSpan> silence = await graph.SilencesAsync(stop).ConfigureAwait(false);
        StoreSnapshot state = registry.Store.Current;
        BGPConfiguration? configuration = registry.Get(ResourceKinds.BGPConfiguration, null, Default)?.Resource as BGPConfiguration;
        IEnumerable<Node> nodes = state.List(ObjectKeys.Prefix(ResourceKinds.Node)).Select(v => (Node)StoredObject.Of(ResourceKinds.Node, v).Resource);
        BGPConfigurationStatus next = MeshElection.Next(configuration, nodes, silence, time.GetUtcNow());
        if (MeshElection.SameAs(configuration?.Status, next)) return;
        // A cluster that says nothing of BGP gets an object to hold the state only when there is something to say.
        if (configuration is null && next is { RouteReflection: null, Conditions: null }) return;
        if (configuration is null && (await CreateAsync(stop).ConfigureAwait(false)).IsRefused(out Status refusal))
        {
            Log.ElectionNotWritten(log, refusal.Message ?? "");
            return;
        }
        Outcome<Resource> written = await registry.UpdateAsync(ResourceKinds.BGPConfiguration, null, Default, dryRun: false, before => (BGPConfiguration)before with { Status = next }, stop).ConfigureAwait(false);
        if (written.IsRefused(out refusal)) Log.ElectionNotWritten(log, refusal.Message ?? "");
        else Tell(configuration?.Status, next);
    }

    private Task<Outcome<Resource>> CreateAsync(CancellationToken stop) =>
        registry.CreateAsync(ResourceKinds.BGPConfiguration, Defaults.Apply(new BGPConfiguration { Metadata = new ObjectMeta { Name = Default } }), dryRun: false, stop);

    private void Tell(BGPConfigurationStatus? before, BGPConfigurationStatus next)
    {
        if (before?.Conditions is null && next.Conditions is [var condition, ..]) Log.MeshTooLarge(log, next.MeshNodes ?? 0, condition.Message ?? "");
        if (MeshElection.SameAs(before?.RouteReflection, next.RouteReflection)) return;
        if (next.RouteReflection is not { } reflection) Log.MeshAgain(log, next.MeshNodes ?? 0);
        else Log.Reflectors(log, next.MeshNodes ?? 0, string.Join(", ", reflection.Reflectors.Select(r => r.State == ReflectorState.Active ? r.Node : $"{r.Node} ({r.State})")), reflection.Mesh ? "held for now" : "not held");
    }
}
