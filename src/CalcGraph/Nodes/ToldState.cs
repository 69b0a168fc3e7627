namespace Margay.CalcGraph.Nodes;

/// <summary>A short list of things by key as a node was told it, to tell only what differs.</summary>
/// <param name="same">Whether two say the same, where equality of records is not enough.</param>
internal sealed class ToldState<T>(Func<T, T, bool>? same = null)
    where T : class
{
    private Dictionary<string, T> _told = [];

    /// <summary>Takes note of the list as it is now, and returns what is new or different and the keys of what is gone; null for none.</summary>
    public (List<T>? Upserts, List<string>? Removals) Tell(Dictionary<string, T> now)
    {
        List<T> upserts = [.. now.Where(n => !_told.TryGetValue(n.Key, out T? was) || !(same is null ? was.Equals(n.Value) : same(was, n.Value))).Select(n => n.Value)];
        List<string> removals = [.. _told.Keys.Where(k => !now.ContainsKey(k))];
        _told = now;
        return (upserts.Count > 0 ? upserts : null, removals.Count > 0 ? removals : null);
    }
}
