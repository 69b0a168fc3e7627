using System.Collections.Immutable;

namespace Margay.Store.State;

/// <summary>
/// The state as it will be after the commit in preparation: transactions are checked against it and staged in it, one after the other.
/// Belongs to the writer's loop.
/// </summary>
internal sealed class PendingState
{
    private ImmutableSortedSet<StoredValue>.Builder _values;
    private long _revision;
    private readonly List<StoreEvent> _events = [];

    public PendingState(StoreSnapshot start)
    {
        _values = start.Values.ToBuilder();
        _revision = start.Revision;
    }

    public long Revision => _revision;
    public IReadOnlyList<StoreEvent> Events => _events;

    /// <summary>Back to what is published: the commit failed.</summary>
    public void Reset(StoreSnapshot start)
    {
        _values = start.Values.ToBuilder();
        _revision = start.Revision;
        _events.Clear();
    }

    /// <summary>What was staged since the last call, for publishing.</summary>
    public (StoreSnapshot Snapshot, StoreEvent[] Events) Take()
    {
        StoreEvent[] events = [.. _events];
        _events.Clear();
        return (new StoreSnapshot(_revision, _values.ToImmutable()), events);
    }

    public WriteResult Stage(StoreTransaction transaction)
    {
        if (transaction.Writes.Length is 0 or > StoreTransaction.MaxWrites)
        {
            return new(WriteOutcome.Unavailable) { Error = $"a transaction has from 1 to {StoreTransaction.MaxWrites} writes, this one has {transaction.Writes.Length}" };
        }
        foreach (StoreGuard guard in transaction.Guards)
        {
            if (!Holds(guard)) return new(WriteOutcome.GuardFailed) { Key = guard.Key };
        }
        if (transaction.Writes.Length > 1 && DuplicateKey(transaction.Writes) is { } duplicate)
        {
            return new(WriteOutcome.Unavailable) { Key = duplicate, Error = $"the transaction writes key '{duplicate}' twice" };
        }
        foreach (StoreWrite write in transaction.Writes)
        {
            StoredValue? current = Get(write.Key);
            if ((current?.ModRevision ?? 0) != write.ExpectedRevision || (write.Value is null && current is null))
            {
                return new(WriteOutcome.Conflict) { Key = write.Key, Current = current };
            }
        }
        _revision++;
        for (int i = 0; i < transaction.Writes.Length; i++) Apply(transaction.Writes[i], (_revision << 16) | (uint)i);
        return new(WriteOutcome.Written) { Revision = _revision };
    }

    private void Apply(StoreWrite write, long rowId)
    {
        StoredValue? previous = Get(write.Key);
        if (previous is not null) _values.Remove(previous);
        if (write.Value is null)
        {
            _events.Add(new StoreEvent(StoreEventType.Deleted, _revision, null, previous) { RowId = rowId });
            return;
        }
        StoredValue value = new(write.Key, write.Value, previous?.CreateRevision ?? _revision, _revision) { RowId = rowId };
        _values.Add(value);
        _events.Add(new StoreEvent(previous is null ? StoreEventType.Created : StoreEventType.Updated, _revision, value, previous) { RowId = rowId });
    }

    private StoredValue? Get(string key) => _values.TryGetValue(KeyOrder.Probe(key), out StoredValue found) && found.Key == key ? found : null;

    private bool Holds(StoreGuard guard)
    {
        if (guard.UnchangedSince is not { } since) return Get(guard.Key) is not null;
        return _revision == since || !new StoreSnapshot(_revision, _values.ToImmutable()).List(guard.Key).Any(v => v.ModRevision > since);
    }

    private static string? DuplicateKey(ImmutableArray<StoreWrite> writes)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (StoreWrite write in writes)
        {
            if (!seen.Add(write.Key)) return write.Key;
        }
        return null;
    }
}
