using System.Collections.Immutable;

namespace Margay.Store;

/// <summary>
/// A change of one key. <see cref="Value"/> null deletes. <see cref="ExpectedRevision"/> is the revision of the key's last change as the
/// writer knows it; 0 means that the key must not exist.
/// </summary>
public readonly record struct StoreWrite(string Key, byte[]? Value, long ExpectedRevision)
{
    public static StoreWrite Create(string key, byte[] value) => new(key, value, 0);
    public static StoreWrite Update(string key, byte[] value, long expectedRevision) => new(key, value, expectedRevision);
    public static StoreWrite Delete(string key, long expectedRevision) => new(key, null, expectedRevision);
}

/// <summary>What must hold, besides the expected revisions of the keys written, for a transaction to happen.</summary>
public readonly record struct StoreGuard
{
    public required string Key { get; init; }

    /// <summary>Null: the key exists. Otherwise: no key that begins with <see cref="Key"/> was written after this revision.</summary>
    public long? UnchangedSince { get; init; }

    public static StoreGuard Exists(string key) => new() { Key = key };

    /// <summary>For rules across objects: read at a revision, decide, and write only if nothing under the prefix was added or changed since.</summary>
    public static StoreGuard Unchanged(string prefix, long since) => new() { Key = prefix, UnchangedSince = since };
}

/// <summary>Changes that happen together, at one revision, or not at all. A key may be written once.</summary>
public sealed record StoreTransaction(ImmutableArray<StoreWrite> Writes)
{
    /// <summary>As many writes as one transaction may have.</summary>
    public const int MaxWrites = 65_535;

    public ImmutableArray<StoreGuard> Guards { get; init; } = [];

    public static StoreTransaction Of(params ReadOnlySpan<StoreWrite> writes) => new([.. writes]);
}

public enum WriteOutcome
{
    /// <summary>Durable, at <see cref="WriteResult.Revision"/>.</summary>
    Written,

    /// <summary>A key is not at the revision expected; <see cref="WriteResult.Key"/> and <see cref="WriteResult.Current"/> say which and what is there.</summary>
    Conflict,

    /// <summary>A guard does not hold; <see cref="WriteResult.Key"/> is its key.</summary>
    GuardFailed,

    /// <summary>The medium failed or the store is closed; <see cref="WriteResult.Error"/> says why. Nothing was changed, unless it says that this is unknown.</summary>
    Unavailable,
}

/// <summary>The outcome of a transaction.</summary>
public sealed record WriteResult(WriteOutcome Outcome)
{
    public long Revision { get; init; }
    public string? Key { get; init; }
    public StoredValue? Current { get; init; }
    public string? Error { get; init; }
    public bool IsWritten => Outcome == WriteOutcome.Written;
}
