using System.Collections.Immutable;

namespace Margay.Store;

/// <summary>
/// Everything the store holds at one revision. Immutable. Snapshots share structure: keeping an old one costs what has changed since.
/// </summary>
public sealed class StoreSnapshot
{
    internal static readonly ImmutableSortedSet<StoredValue> NoValues = ImmutableSortedSet.Create<StoredValue>(KeyOrder.Instance);

    internal StoreSnapshot(long revision, ImmutableSortedSet<StoredValue> values)
    {
        Revision = revision;
        Values = values;
    }

    public long Revision { get; }
    public int Count => Values.Count;
    internal ImmutableSortedSet<StoredValue> Values { get; }

    public StoredValue? Get(string key) => Values.TryGetValue(KeyOrder.Probe(key), out StoredValue found) && found.Key == key ? found : null;

    /// <summary>Values whose key begins with <paramref name="prefix"/>, by key, starting after <paramref name="afterKey"/> where given.</summary>
    public IEnumerable<StoredValue> List(string prefix, string? afterKey = null)
    {
        for (int i = IndexAfter(prefix, afterKey); i < Values.Count; i++)
        {
            StoredValue value = Values[i];
            if (!value.Key.StartsWith(prefix, StringComparison.Ordinal)) yield break;
            yield return value;
        }
    }

    /// <summary>How many keys begin with <paramref name="prefix"/>, those after <paramref name="afterKey"/> only where given.</summary>
    public int CountOf(string prefix, string? afterKey = null)
    {
        // The character after the last one a key can hold ends the range.
        int end = IndexOf(prefix + '\uffff');
        return Math.Max(0, end - IndexAfter(prefix, afterKey));
    }

    private int IndexAfter(string prefix, string? afterKey) =>
        afterKey is null || string.CompareOrdinal(afterKey, prefix) < 0 ? IndexOf(prefix) : IndexOf(afterKey + '\0');

    private int IndexOf(string key)
    {
        int index = Values.IndexOf(KeyOrder.Probe(key));
        return index < 0 ? ~index : index;
    }
}

internal sealed class KeyOrder : IComparer<StoredValue>
{
    public static readonly KeyOrder Instance = new();

    public static StoredValue Probe(string key) => new(key, default, 0, 0);

    public int Compare(StoredValue? x, StoredValue? y) => string.CompareOrdinal(x?.Key, y?.Key);
}
