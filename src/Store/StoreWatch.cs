using Margay.Store.State;

namespace Margay.Store;

/// <summary>What a watch yields: events in order of revision; all events of one revision come in one step.</summary>
public readonly record struct WatchStep(IReadOnlyList<StoreEvent> Events, long Revision)
{
    /// <summary>The history that the watch stands in is gone (or never was): read a snapshot and watch from there.</summary>
    public bool IsCompacted { get; init; }
}

/// <summary>
/// A cursor into the store's history. Owned by one reader. Costs a few dozen bytes however slow the reader is, and needs no disposal:
/// the store does not know its watches.
/// </summary>
public sealed class StoreWatch
{
    private static readonly WatchStep Gone = new([], 0) { IsCompacted = true };
    private readonly string _prefix;
    private readonly long _after;
    private Commit? _position;
    private long _passed;

    internal StoreWatch(string prefix, long after, Commit? position)
    {
        _prefix = prefix;
        _after = after;
        _position = position;
        _passed = after;
    }

    /// <summary>
    /// Every matching event up to this revision was yielded and dealt with: it grows when the reader asks for more, and while it waits and
    /// events of others pass. May be read while a call waits.
    /// </summary>
    public long Revision => Volatile.Read(ref _passed);

    /// <summary>Waits for the next matching events.</summary>
    public async ValueTask<WatchStep> NextAsync(CancellationToken cancel = default)
    {
        while (true)
        {
            if (TryNext(out WatchStep step)) return step;
            await _position!.Followed.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The next matching events, if they are there.</summary>
    public bool TryNext(out WatchStep step)
    {
        // Whoever asks for more has dealt with what he got.
        if (_position is not null) Pass(_position.Revision);
        while (true)
        {
            if (_position is null || _position.IsCut)
            {
                step = Gone;
                return true;
            }
            Commit? next = _position.Next;
            if (next is null)
            {
                step = default;
                return false;
            }
            // Read once: compaction may take the events away at any moment.
            StoreEvent[]? events = next.Events;
            if (events is null)
            {
                step = Gone;
                return true;
            }
            _position = next;
            StoreEvent[] matching = Array.FindAll(events, e => e.Revision > _after && e.Key.StartsWith(_prefix, StringComparison.Ordinal));
            if (matching.Length == 0)
            {
                Pass(next.Revision);
                continue;
            }
            step = new WatchStep(matching, next.Revision);
            return true;
        }
    }

    private void Pass(long revision)
    {
        if (revision > _passed) Volatile.Write(ref _passed, revision);
    }
}
