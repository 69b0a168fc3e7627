using System.Threading.Channels;

namespace Margay.Core.Loops;

/// <summary>
/// One writer for one piece of state. Events are data and come in through a bounded queue; one task takes
/// them in order and gives them to a synchronous handler, which alone may touch the state. Children that do
/// I/O wait in <see cref="PostAsync"/> while the queue is full; another loop never waits, it uses
/// <see cref="TryPost"/> and coalesces what did not fit.
/// <para>After each run of queued events the <c>idle</c> callback runs once: the place to apply what the
/// events of the burst noted, so that a burst costs one application.</para>
/// <para>An exception from the handler is a bug: it is given to <c>onBug</c> and the loop goes on with the
/// next event, unless <c>onBug</c> throws.</para>
/// </summary>
public sealed class EventLoop<TEvent> : IAsyncDisposable
{
    private readonly Channel<TEvent> _queue;
    private readonly Action<TEvent> _handle;
    private readonly Action? _idle;
    private readonly Action<Exception> _onBug;
    private Task? _running;

    public EventLoop(Action<TEvent> handle, Action<Exception> onBug, Action? idle = null, int capacity = 4096)
    {
        _handle = handle;
        _onBug = onBug;
        _idle = idle;
        _queue = Channel.CreateBounded<TEvent>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>Starts taking events. Events posted before are kept.</summary>
    public void Start() => _running ??= Task.Run(RunAsync);

    /// <summary>False when the queue is full or the loop has stopped.</summary>
    public bool TryPost(TEvent item) => _queue.Writer.TryWrite(item);

    /// <summary>Waits while the queue is full. Throws <see cref="ChannelClosedException"/> after stop.</summary>
    public ValueTask PostAsync(TEvent item, CancellationToken cancel = default) => _queue.Writer.WriteAsync(item, cancel);

    private async Task RunAsync()
    {
        ChannelReader<TEvent> reader = _queue.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (reader.TryRead(out TEvent? item)) Contain(_handle, item);
            if (_idle is not null) Contain(static idle => idle(), _idle);
        }
    }

    private void Contain<T>(Action<T> action, T argument)
    {
        try
        {
            action(argument);
        }
#pragma warning disable CA1031 // the boundary at which a bug is contained
        catch (Exception e)
#pragma warning restore CA1031
        {
            _onBug(e);
        }
    }

    /// <summary>Takes no more events, handles those queued, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        if (_running is not null) await _running.ConfigureAwait(false);
    }
}
