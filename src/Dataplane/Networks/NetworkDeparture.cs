using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Networks;

// Networks leave together, since the kernel waits for its readers once for all namespaces that it finds let go:
//
//   NetworkClosed to each ─► the loop stops forwarding there and gives the kernel back ─► sockets, names, descriptors away ─► the kernel takes them down, links and all ─► done
//
// Forwarding stops first because the kernel takes rules away before links. What is killed in between leaves namespaces with a name, which the next life finds, or without one, which the kernel takes down.

/// <summary>The way of some networks' namespaces to nothing.</summary>
/// <param name="leaving">Their turns are the departure's, which gives each back when its namespace is let go.</param>
internal sealed class NetworkDeparture(IReadOnlyList<Space> leaving, Func<DataplaneEvent, ValueTask> post, SocketWatch watch, TimeProvider time)
{
    /// <summary>How long others may hold a namespace, as an operator's shell in it does, before its links are taken out of it.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private const int WaitsAtOnce = 8;

    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when nothing is left of them.</summary>
    public async Task RunAsync()
    {
        int letGo = 0;
        try
        {
            // Whatever may be refused comes first.
            using NamespaceRemoval removal = NamespaceRemoval.Begin([.. leaving.Select(s => s.Namespace!)], watch);
            List<TaskCompletionSource<ITunnelKernel?>> closed = [];
            foreach (Space space in leaving)
            {
                space.Departure = _gone.Task;
                closed.Add(new TaskCompletionSource<ITunnelKernel?>(TaskCreationOptions.RunContinuationsAsynchronously));
                await post(new NetworkClosed(space.Network, closed[^1])).ConfigureAwait(false);
            }
            ITunnelKernel?[] kernels = await Task.WhenAll(closed.Select(c => c.Task)).ConfigureAwait(false);
            // To close a socket and to unmount a name wait for the kernel's readers: the waits of several overlap.
            letGo = leaving.Count;
            await Parallel.ForAsync(0, leaving.Count, new ParallelOptions { MaxDegreeOfParallelism = WaitsAtOnce }, async (i, _) => await LetGoAsync(leaving[i], kernels[i]).ConfigureAwait(false)).ConfigureAwait(false);
            await removal.CompleteAsync(s_patience, time).ConfigureAwait(false);
        }
        finally
        {
            foreach (Space stays in leaving.Skip(letGo)) stays.Turn.Release();
            _gone.TrySetResult();
        }
    }

    private static async Task LetGoAsync(Space space, ITunnelKernel? kernel)
    {
        try
        {
            // Sockets keep a namespace alive: all of them go.
            kernel?.Dispose();
            await space.Links!.DisposeAsync().ConfigureAwait(false);
            NetworkNamespace.Delete(space.Name);
            space.Namespace!.Dispose();
        }
        finally
        {
            (space.Links, space.Namespace) = (null, null);
            space.Turn.Release();
        }
    }
}
