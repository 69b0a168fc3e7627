using Margay.Store.State;

namespace Margay.Store.Sqlite;

/// <summary>Which commits to forget and which rows thereby lose their last reader. A plan: nothing is touched before it is durable.</summary>
internal sealed record Compaction(Commit Oldest, long Revision, int Events, IReadOnlyList<long> Rows)
{
    /// <summary>Rows deleted in one commit at most, so that compaction never makes writers wait for long.</summary>
    private const int RowsPerCommit = 2000;

    public bool IsEmpty => Events == 0;

    /// <summary>Plans for what was asked for, and for what exceeds the history's bound by a tenth (so that it is not done for every write).</summary>
    public static Compaction Plan(Published published, long asked, int history, int bound)
    {
        int excess = history > bound + bound / 10 ? history - bound : 0;
        Commit oldest = published.Oldest;
        int events = 0;
        List<long> rows = [];
        while (oldest.Next is { Events: { } forgotten } next && next.Revision <= published.Snapshot.Revision
            && (next.Revision <= asked || events < excess) && (next.Revision <= asked || rows.Count < RowsPerCommit))
        {
            events += forgotten.Length;
            foreach (StoreEvent e in forgotten)
            {
                if (e.Previous is { } superseded) rows.Add(superseded.RowId);
                if (e.Type == StoreEventType.Deleted) rows.Add(e.RowId);
            }
            oldest = next;
        }
        return new Compaction(oldest, oldest.Revision, events, rows);
    }

    /// <summary>Cuts the commits from <paramref name="from"/> up to the new oldest one, which itself only loses its events.</summary>
    public void Forget(Commit from)
    {
        while (from != Oldest)
        {
            Commit next = from.Next!;
            from.Cut();
            from = next;
        }
        if (!IsEmpty) Oldest.Forget();
    }
}
