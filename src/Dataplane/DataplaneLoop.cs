using Margay.Core.Loops;
using Margay.Dataplane.Kernel;
using Microsoft.Extensions.Logging;

namespace Margay.Dataplane;

/// <summary>Makes one host's kernel match what is wanted of it, and keeps it so. One loop owns everything; it never awaits.</summary>
public sealed class DataplaneLoop : IAsyncDisposable
{
    private readonly EventLoop<DataplaneEvent> _loop;

    /// <param name="report">Called on the loop: note it and return.</param>
    public DataplaneLoop(DataplaneOptions options, IKernel kernel, Action<DataplaneReport> report, TimeProvider time, ILogger logger)
    {
        _loop = new EventLoop<DataplaneEvent>(_ => { }, _ => { });
    }

    /// <summary>Reads back what is in the kernel and begins. Events posted before are kept.</summary>
    public void Start() => _loop.Start();

    /// <summary>False when the queue is full or the loop has ended.</summary>
    public bool TryPost(DataplaneEvent item) => _loop.TryPost(item);

    /// <summary>Waits while the queue is full.</summary>
    public ValueTask PostAsync(DataplaneEvent item, CancellationToken cancel = default) => _loop.PostAsync(item, cancel);

    /// <summary>The state as rows, taken after all that was posted before.</summary>
    public async Task<DataplaneSnapshot> InspectAsync(CancellationToken cancel = default)
    {
        TaskCompletionSource<DataplaneSnapshot> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new InspectionAsked(answer), cancel).ConfigureAwait(false);
        return await answer.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Ends the loop. The kernel is left as it is: forwarding and policy go on.</summary>
    public ValueTask DisposeAsync() => _loop.DisposeAsync();
}
