using System.Collections.Immutable;
using Margay.Store.State;

namespace Margay.Store.Sqlite;

/// <summary>Rebuilds the state and the history from the log, and refuses one with a hole in it.</summary>
internal static class LogLoader
{
    public static Published Load(LogFile file, string path)
    {
        long compacted = file.Compacted;
        Dictionary<string, StoredValue> values = new(StringComparer.Ordinal);
        List<StoreEvent> events = [];
        foreach (LogRow row in file.Read())
        {
            values.TryGetValue(row.Key, out StoredValue? previous);
            // Up to the compacted revision superseded rows are gone, so that nothing is known of what was before.
            if (row.Revision > compacted && (previous?.ModRevision ?? 0) != row.Previous)
            {
                throw LogFile.Damaged(path, $"key '{row.Key}' at revision {row.Revision} follows revision {row.Previous}, which is missing");
            }
            StoredValue? value = row.Value is null ? null : new StoredValue(row.Key, row.Value, row.CreateRevision, row.Revision) { RowId = row.Id };
            if (value is null) values.Remove(row.Key);
            else values[row.Key] = value;
            if (row.Revision <= compacted) continue;
            if (value is null && previous is null) throw LogFile.Damaged(path, $"key '{row.Key}' is deleted at revision {row.Revision} but was not there");
            StoreEventType type = value is null ? StoreEventType.Deleted : previous is null ? StoreEventType.Created : StoreEventType.Updated;
            events.Add(new StoreEvent(type, row.Revision, value, previous) { RowId = row.Id });
        }
        return Chain(compacted, values, events, path);
    }

    private static Published Chain(long compacted, Dictionary<string, StoredValue> values, List<StoreEvent> events, string path)
    {
        Commit oldest = new(compacted, []), newest = oldest;
        foreach (IGrouping<long, StoreEvent> revision in events.GroupBy(e => e.Revision))
        {
            if (revision.Key != newest.Revision + 1) throw LogFile.Damaged(path, $"revision {newest.Revision + 1} is missing before revision {revision.Key}");
            Commit next = new(revision.Key, [.. revision]);
            newest.Append(next);
            newest = next;
        }
        ImmutableSortedSet<StoredValue> set = StoreSnapshot.NoValues.Union(values.Values);
        return new Published(new StoreSnapshot(newest.Revision, set), oldest, newest, compacted);
    }
}
