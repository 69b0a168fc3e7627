namespace Margay.Bgp.Session;

/// <summary>A timer of the speaker's loop. Setting it again only moves it: nothing is allocated, and moving it later costs nothing until it fires.</summary>
internal sealed class LoopTimer(Action fire)
{
    /// <summary>When it is to fire; null: not set.</summary>
    internal TimeSpan? Due { get; set; }

    /// <summary>When the queue will look at it; null: not in the queue.</summary>
    internal TimeSpan? Queued { get; set; }

    internal Action Fire { get; } = fire;
}

/// <summary>The timers of a loop, by time since the loop's start. Owned by the loop.</summary>
internal sealed class TimerQueue
{
    private readonly PriorityQueue<LoopTimer, (TimeSpan, long)> _queue = new();
    private long _sequence;

    internal void Set(LoopTimer timer, TimeSpan due)
    {
        timer.Due = due;
        if (timer.Queued <= due) return;
        timer.Queued = due;
        // Equal times fire in the order in which they were set.
        _queue.Enqueue(timer, (due, _sequence++));
    }

    internal static void Cancel(LoopTimer timer) => timer.Due = null;

    /// <summary>When something may fire next; null: nothing is set.</summary>
    internal TimeSpan? Next
    {
        get
        {
            while (_queue.TryPeek(out LoopTimer? t, out (TimeSpan At, long) key))
            {
                if (t.Due is not null && t.Queued == key.At) return key.At;
                if (t.Queued == key.At) t.Queued = null;
                _queue.Dequeue();
            }
            return null;
        }
    }

    internal void Run(TimeSpan now)
    {
        while (Next is { } next && next <= now)
        {
            LoopTimer timer = _queue.Dequeue();
            timer.Queued = null;
            TimeSpan due = timer.Due!.Value;
            if (due > now)
            {
                Set(timer, due);
                continue;
            }
            timer.Due = null;
            timer.Fire();
        }
    }
}
