using System.Collections.Immutable;

namespace Margay.Store.State;

/// <summary>
/// What readers see: the newest snapshot and the chain of commits that leads to it. Replaced as a whole by the writer after each
/// commit and each compaction, so that a reader's view is consistent.
/// </summary>
internal sealed record Published(StoreSnapshot Snapshot, Commit Oldest, Commit Newest, long Compacted)
{
    public static Published Empty(long revision, ImmutableSortedSet<StoredValue> values)
    {
        Commit start = new(revision, []);
        return new Published(new StoreSnapshot(revision, values), start, start, revision);
    }

    /// <summary>The last commit at or before <paramref name="revision"/>: where a watch from there stands. Null when compacted or in the future.</summary>
    public Commit? Find(long revision)
    {
        if (revision > Snapshot.Revision || revision < Compacted) return null;
        if (revision >= Newest.Revision) return Newest;
        Commit at = Oldest;
        while (at.Next is { } next && next.Revision <= revision) at = next;
        return at.IsCut ? null : at;
    }

    /// <summary>The newest snapshot with all changes after <paramref name="revision"/> taken back.</summary>
    public StoreSnapshot? At(long revision)
    {
        if (revision == Snapshot.Revision) return Snapshot;
        List<StoreEvent> later = [];
        for (Commit? at = Find(revision); at != Newest; at = at.Next)
        {
            // A commit that compaction took away in the meantime: the revision is no longer there.
            if (at?.Next is not { Events: { } events }) return null;
            later.AddRange(events.Where(e => e.Revision > revision));
        }
        ImmutableSortedSet<StoredValue>.Builder values = Snapshot.Values.ToBuilder();
        for (int i = later.Count - 1; i >= 0; i--)
        {
            if (later[i].Value is { } written) values.Remove(written);
            if (later[i].Previous is { } before) values.Add(before);
        }
        return new StoreSnapshot(revision, values.ToImmutable());
    }
}
