using System.Diagnostics.CodeAnalysis;

namespace Margay.Core.State;

/// <summary>
/// What is wanted beside what is there, and the difference, kept up to date at each change.
/// <code>
///      desired only      both, but different       actual only
///    ┌──────────────┬───────────────────────────┬───────────────┐
///    │  to update   │         to update         │   to delete   │
///    └──────────────┴───────────────────────────┴───────────────┘
/// </code>
/// The owner applies the pending part to the world and then says what happened with <see cref="SetActual"/> and
/// <see cref="RemoveActual"/>; what failed simply stays pending. Owned by one loop.
/// </summary>
public sealed class DeltaTracker<TKey, TValue>(IEqualityComparer<TValue>? comparer = null)
    where TKey : notnull
{
    private readonly IEqualityComparer<TValue> _comparer = comparer ?? EqualityComparer<TValue>.Default;
    private readonly Dictionary<TKey, TValue> _desired = [];
    private readonly Dictionary<TKey, TValue> _actual = [];
    private readonly HashSet<TKey> _toUpdate = [];
    private readonly HashSet<TKey> _toDelete = [];

    public IReadOnlyDictionary<TKey, TValue> Desired => _desired;
    public IReadOnlyDictionary<TKey, TValue> Actual => _actual;

    /// <summary>Keys whose desired value is not (yet) in the world. Copy before applying.</summary>
    public IReadOnlyCollection<TKey> ToUpdate => _toUpdate;

    /// <summary>Keys in the world that nobody wants. Copy before applying.</summary>
    public IReadOnlyCollection<TKey> ToDelete => _toDelete;

    public bool InSync => _toUpdate.Count == 0 && _toDelete.Count == 0;

    public bool TryGetDesired(TKey key, [MaybeNullWhen(false)] out TValue value) => _desired.TryGetValue(key, out value);

    public void SetDesired(TKey key, TValue value)
    {
        _desired[key] = value;
        Recompute(key);
    }

    public bool RemoveDesired(TKey key)
    {
        bool removed = _desired.Remove(key);
        Recompute(key);
        return removed;
    }

    /// <summary>So many more values are about to be said to be there.</summary>
    public void ExpectActual(int more) => _actual.EnsureCapacity(_actual.Count + more);

    /// <summary>The world now holds this value: it was applied, read back, or a notification said so.</summary>
    public void SetActual(TKey key, TValue value)
    {
        _actual[key] = value;
        Recompute(key);
    }

    /// <summary>The world no longer holds this key.</summary>
    public void RemoveActual(TKey key)
    {
        _actual.Remove(key);
        Recompute(key);
    }

    /// <summary>Replaces all that is known of the world, as after a read-back.</summary>
    public void ResyncActual(IEnumerable<KeyValuePair<TKey, TValue>> actual)
    {
        _actual.Clear();
        foreach ((TKey key, TValue value) in actual) _actual[key] = value;
        _toUpdate.Clear();
        _toDelete.Clear();
        foreach (TKey key in _desired.Keys) Recompute(key);
        foreach (TKey key in _actual.Keys) Recompute(key);
    }

    private void Recompute(TKey key)
    {
        bool wanted = _desired.TryGetValue(key, out TValue? want);
        bool there = _actual.TryGetValue(key, out TValue? have);
        if (wanted && !(there && _comparer.Equals(want!, have!))) _toUpdate.Add(key); else _toUpdate.Remove(key);
        if (there && !wanted) _toDelete.Add(key); else _toDelete.Remove(key);
    }
}
