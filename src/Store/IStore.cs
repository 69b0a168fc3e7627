namespace Margay.Store;

// The truth of a cluster: keys with values, one revision that counts transactions, and a history to watch.
//
//   WriteAsync ─► queue ─► one writer: check against pending state ─► stage ─► commit the whole burst with one fsync
//                                                                               │
//               writers are answered ◄── watches wake ◄── new snapshot ◄────────┘
//   Current ─► immutable snapshot in memory: reads touch no disk and wait for nobody
//   Watch   ─► a cursor into the history that all watches share: no queue per watcher, hence no memory per slow watcher;
//              a cursor that compaction overtakes is told so and starts again from a snapshot
//
// Transactions follow etcd's model, so that an etcd implementation can pass the same conformance suite
// (test/Store.Tests/StoreConformance.cs): one revision per transaction, compare-and-swap on the revision of a key's last
// change, and guards on keys that are read but not written.

/// <summary>
/// A revisioned key/value store. Keys are compared by ordinal; values are opaque bytes. Faults of the medium are values
/// (<see cref="WriteOutcome.Unavailable"/>), never lost writes: a write that was answered <see cref="WriteOutcome.Written"/> survives kill -9 and power loss.
/// Safe for concurrent use.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Identifies this body of data, so that a revision is never taken for one of another store.</summary>
    string Id { get; }

    /// <summary>The state now. Contains every write that this instance has acknowledged.</summary>
    StoreSnapshot Current { get; }

    /// <summary>Revisions up to this one can no longer be watched or read.</summary>
    long CompactedRevision { get; }

    /// <summary>Why the store takes no more writes, or null while it does.</summary>
    string? Fault { get; }

    /// <summary>The state as of a past revision; null when that is compacted or still in the future.</summary>
    StoreSnapshot? At(long revision);

    /// <summary>All or nothing. Completes when the outcome is durable. Cancelling stops the waiting, not the write.</summary>
    Task<WriteResult> WriteAsync(StoreTransaction transaction, CancellationToken cancel = default);

    /// <summary>Changes of keys that begin with <paramref name="prefix"/>, made after <paramref name="afterRevision"/>.</summary>
    StoreWatch Watch(string prefix, long afterRevision);

    /// <summary>Forgets history up to <paramref name="revision"/>, clamped to what exists. Current values stay.</summary>
    Task CompactAsync(long revision, CancellationToken cancel = default);
}
