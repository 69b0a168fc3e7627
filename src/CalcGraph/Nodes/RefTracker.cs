using System.Runtime.CompilerServices;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// What one node needs of one kind, how many times over, and what it has been told of. An item stands here as long as it is needed or told, and
/// knows the node as long. Owned by a <see cref="NodeView"/>.
/// </summary>
/// <param name="node">Whose it is.</param>
/// <param name="numbers">What items are known by, the same for all nodes.</param>
internal sealed class RefTracker<T>(NodeView node, Numbering<T> numbers)
    where T : Shared
{
    // What is noted of an item: two flags, and above them how many times over it is needed.
    private const int Dirty = 1;
    private const int Sent = 2;
    private const int Once = 4;

    private readonly NumberTable _items = new();
    private readonly List<T> _dirty = [];

    public bool HasDirty => _dirty.Count > 0;

    /// <summary>True when the node did not need it before.</summary>
    public bool Add(T item)
    {
        if (item.Nodes.Count == 0) item.Number = numbers.Add(item);
        ref int state = ref _items.GetOrAdd(item.Number, out bool exists);
        if (!exists) item.Nodes.Add(node.Number);
        state += Once;
        if (state >= 2 * Once) return false;
        MarkDirty(ref state, item);
        return true;
    }

    /// <summary>True when the node does not need it any more.</summary>
    public bool Remove(T item)
    {
        ref int state = ref _items.Find(item.Number);
        state -= Once;
        if (state >= Once) return false;
        MarkDirty(ref state, item);
        return true;
    }

    public void MarkDirty(T item) => MarkDirty(ref _items.Find(item.Number), item);

    private void MarkDirty(ref int state, T item)
    {
        if ((state & Dirty) != 0) return;
        state |= Dirty;
        _dirty.Add(item);
        node.NoteDirty();
    }

    /// <summary>Whether the node needs it and has been told of it, and nothing else about it is pending: a difference will do.</summary>
    public bool IsSettled(T item) => _items.Find(item.Number) is var state && state >= Once && (state & (Sent | Dirty)) == Sent;

    public bool IsNeeded(T item)
    {
        ref int state = ref _items.Find(item.Number);
        return !Unsafe.IsNullRef(ref state) && state >= Once;
    }

    /// <summary>All that the node needs.</summary>
    public IEnumerable<T> Needed => _items.Entries.Where(i => i.Value >= Once).Select(i => numbers[i.Number]);

    /// <summary>Goes through what is to be told: calls <paramref name="upsert"/> or <paramref name="removal"/> and takes note that it was.</summary>
    /// <param name="exists">Whether there is anything to tell of an item that is needed.</param>
    /// <param name="upsert">For what is new or changed.</param>
    /// <param name="removal">For what the node was told of and does not need, or what is no more.</param>
    /// <param name="dropped">Hears of each item that no node has any longer.</param>
    public void Flush(Func<T, bool> exists, Action<T> upsert, Action<T> removal, Action<T> dropped)
    {
        foreach (T item in _dirty)
        {
            ref int state = ref _items.Find(item.Number);
            state &= ~Dirty;
            if (state >= Once && exists(item))
            {
                state |= Sent;
                upsert(item);
                continue;
            }
            if ((state & Sent) != 0) removal(item);
            state &= ~Sent;
            if (state < Once) Forget(item, dropped);
        }
        Trim();
    }

    // A first view is thousands of items at once, what follows is a few: with thousands of nodes the room that the first one took would be most of the graph.
    private void Trim()
    {
        bool wasBurst = _dirty.Count > 256;
        _dirty.Clear();
        if (!wasBurst) return;
        _dirty.TrimExcess();
        _items.TrimExcess();
    }

    /// <summary>The node goes: so does all that it needed.</summary>
    public void Clear(Action<T> dropped)
    {
        foreach ((int number, _) in _items.Entries.ToList()) Forget(numbers[number], dropped);
        _dirty.Clear();
    }

    private void Forget(T item, Action<T> dropped)
    {
        _items.Remove(item.Number);
        item.Nodes.Remove(node.Number);
        if (item.Nodes.Count > 0) return;
        numbers.Return(item.Number);
        dropped(item);
    }
}
