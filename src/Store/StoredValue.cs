namespace Margay.Store;

/// <summary>A key with the value that one transaction gave it. Immutable; shared by every snapshot and event that contains it.</summary>
public sealed class StoredValue(string key, ReadOnlyMemory<byte> value, long createRevision, long modRevision)
{
    public string Key { get; } = key;
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>The revision that created the key (anew, if it was deleted before).</summary>
    public long CreateRevision { get; } = createRevision;

    /// <summary>The revision that wrote this value: what a compare-and-swap names.</summary>
    public long ModRevision { get; } = modRevision;

    /// <summary>
    /// Room for what a reader decoded from <see cref="Value"/>, so that two hundred watchers decode once. A memo, not state: racing
    /// writers write equal things, and the store itself never looks at it.
    /// </summary>
    public object? Decoded { get; set; }

    /// <summary>Where the row stands in the log of the SQLite store; 0 elsewhere.</summary>
    internal long RowId { get; init; }
}

/// <summary>What a transaction did to one key.</summary>
public enum StoreEventType
{
    Created,
    Updated,
    Deleted,
}

/// <summary>One change of one key. <see cref="Value"/> is null when deleted, <see cref="Previous"/> when created.</summary>
public sealed record StoreEvent(StoreEventType Type, long Revision, StoredValue? Value, StoredValue? Previous)
{
    public string Key => (Value ?? Previous)!.Key;

    /// <summary>The tombstone's place in the log of the SQLite store.</summary>
    internal long RowId { get; init; }
}
