using Margay.Api.Attach;
using Margay.Core.Loops;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Attach;

/// <summary>The <see cref="AttachMachine"/> on its loop, with a clock for its deadlines.</summary>
internal sealed class AttachLoop : IAsyncDisposable
{
    /// <summary>
    /// Between a line in the journal and its flush: one flush for all lines of that time. Right behind each line it would compete for the disk with what an attach waits for.
    /// </summary>
    private static readonly TimeSpan s_flushDelay = TimeSpan.FromMilliseconds(100);

    private readonly EventLoop<AttachEvent> _loop;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AttachJournal _journal;
    private readonly ITimer _timer;
    private readonly ITimer _flushTimer;
    private AttachMachine? _machine;
    private Task _flushing = Task.CompletedTask;
    private long _due = long.MaxValue;
    private bool _flushIsDue;

    public AttachLoop(AttachJournal journal, TimeProvider time, ILogger logger)
    {
        _journal = journal;
        _time = time;
        _logger = logger;
        _loop = new EventLoop<AttachEvent>(Handle, e => Log.Bug(logger, "attach", e), AfterBurst);
        _timer = time.CreateTimer(_ => Post(new Ticked()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _flushTimer = time.CreateTimer(_ => Post(new FlushDue()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private sealed record FlushDue : AttachEvent;

    /// <summary>Begins with what the machine recovered. Events posted before are kept.</summary>
    public void Start(AttachMachine machine)
    {
        _machine = machine;
        _loop.Start();
        Post(new Ticked());
    }

    /// <summary>From any thread. An event that does not fit at once waits its turn; none is lost.</summary>
    public void Post(AttachEvent item)
    {
        if (!_loop.TryPost(item)) _ = PostLaterAsync(item);
    }

    /// <summary>Posts a request and waits for its answer.</summary>
    public async Task<AgentReply> AskAsync(Func<Ticket, AttachEvent> asked, CancellationToken cancel)
    {
        Ticket ticket = new(_time);
        await _loop.PostAsync(asked(ticket), cancel).ConfigureAwait(false);
        return await ticket.Reply.WaitAsync(cancel).ConfigureAwait(false);
    }

    public async Task<AttachSnapshot> InspectAsync(CancellationToken cancel)
    {
        TaskCompletionSource<AttachSnapshot> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new AttachInspected(answer), cancel).ConfigureAwait(false);
        return await answer.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private async Task PostLaterAsync(AttachEvent item)
    {
        try
        {
            await _loop.PostAsync(item).ConfigureAwait(false);
        }
        catch (System.Threading.Channels.ChannelClosedException)
        {
            // Stopping: the journal has what matters.
        }
    }

    private void Handle(AttachEvent item)
    {
        if (item is not FlushDue)
        {
            _machine!.Handle(item);
            return;
        }
        _flushIsDue = false;
        if (_flushing.IsCompleted) _flushing = FlushAsync();
    }

    // Runs on the loop. The journal reaches the disk behind the attachments' backs: docs/decisions/0071 says why that is enough.
    private void AfterBurst()
    {
        if (_journal.NeedsFlush && !_flushIsDue)
        {
            _flushIsDue = true;
            _flushTimer.Change(s_flushDelay, Timeout.InfiniteTimeSpan);
        }
        long due = _machine!.NextDue;
        if (due == _due) return;
        _due = due;
        TimeSpan wait = due == long.MaxValue ? Timeout.InfiniteTimeSpan : _time.GetElapsedTime(_time.GetTimestamp(), due);
        _timer.Change(wait < TimeSpan.Zero && due != long.MaxValue ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
    }

    private async Task FlushAsync()
    {
        try
        {
            await _journal.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException e)
        {
            Log.StateNotWritten(_logger, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _flushTimer.DisposeAsync().ConfigureAwait(false);
        await _loop.DisposeAsync().ConfigureAwait(false);
        await _flushing.ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
    }
}
