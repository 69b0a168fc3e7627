using System.Collections.Immutable;

namespace Margay.Agent.Sync;

/// <summary>One kind of a <see cref="HeldView"/>, by key. Immutable; a change shares what it did not touch.</summary>
internal sealed class ViewTable<T>
    where T : class
{
    private readonly Func<T, string> _keyOf;
    private readonly ImmutableDictionary<string, T> _rows;

    public ViewTable(Func<T, string> keyOf)
        : this(keyOf, ImmutableDictionary<string, T>.Empty)
    {
    }

    private ViewTable(Func<T, string> keyOf, ImmutableDictionary<string, T> rows)
    {
        _keyOf = keyOf;
        _rows = rows;
    }

    public int Count => _rows.Count;

    public IReadOnlyList<T> Values => [.. _rows.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => r.Value)];

    public T? Find(string key) => _rows.GetValueOrDefault(key);

    public ViewTable<T> Change(IReadOnlyList<T>? upserts, IReadOnlyList<string>? removals)
    {
        if (upserts is null or [] && removals is null or []) return this;
        ImmutableDictionary<string, T>.Builder rows = _rows.ToBuilder();
        foreach (T row in upserts ?? []) rows[_keyOf(row)] = row;
        foreach (string key in removals ?? []) rows.Remove(key);
        return new ViewTable<T>(_keyOf, rows.ToImmutable());
    }

    /// <summary>Changes rows that are there; changes of others are passed over.</summary>
    public ViewTable<T> Update<TChange>(IReadOnlyList<TChange>? changes, Func<TChange, string> keyOf, Func<T, TChange, T> apply)
    {
        if (changes is null or []) return this;
        ImmutableDictionary<string, T>.Builder rows = _rows.ToBuilder();
        foreach (TChange change in changes)
            if (rows.TryGetValue(keyOf(change), out T? row)) rows[keyOf(change)] = apply(row, change);
        return new ViewTable<T>(_keyOf, rows.ToImmutable());
    }
}
