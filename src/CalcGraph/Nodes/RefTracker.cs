using System.Runtime.InteropServices;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// What one node needs of one kind, how many times over, and what it has been told of. An item stands here as long as it is needed or told, and
/// knows the node as long. Owned by a <see cref="NodeView"/>.
/// </summary>
internal sealed class RefTracker<T>(NodeView node)
    where T : Shared
{
    [Flags]
    private enum State
    {
        Dirty = 1,
        Sent = 2,
        Count = 4,
    }

    private readonly Dictionary<T, State> _items = [];
    private readonly List<T> _dirty = [];

    public bool HasDirty => _dirty.Count > 0;

    /// <summary>True when the node did not need it before.</summary>
    public bool Add(T item)
    {
        ref State state = ref CollectionsMarshal.GetValueRefOrAddDefault(_items, item, out bool exists);
        if (!exists) item.Nodes.Add(node);
        state += (int)State.Count;
        if (state >= State.Count + (int)State.Count) return false;
        MarkDirty(ref state, item);
        return true;
    }

    /// <summary>True when the node does not need it any more.</summary>
    public bool Remove(T item)
    {
        ref State state = ref CollectionsMarshal.GetValueRefOrNullRef(_items, item);
        state -= (int)State.Count;
        if (state >= State.Count) return false;
        MarkDirty(ref state, item);
        return true;
    }

    public void MarkDirty(T item) => MarkDirty(ref CollectionsMarshal.GetValueRefOrNullRef(_items, item), item);

    private void MarkDirty(ref State state, T item)
    {
        if ((state & State.Dirty) != 0) return;
        state |= State.Dirty;
        _dirty.Add(item);
        node.NoteDirty();
    }

    /// <summary>Whether the node needs it and has been told of it, and nothing else about it is pending: a difference will do.</summary>
    public bool IsSettled(T item) => _items[item] is var state && state >= State.Count && (state & (State.Sent | State.Dirty)) == State.Sent;

    public bool IsNeeded(T item) => _items.TryGetValue(item, out State state) && state >= State.Count;

    /// <summary>All that the node needs.</summary>
    public IEnumerable<T> Needed => _items.Where(i => i.Value >= State.Count).Select(i => i.Key);

    /// <summary>Goes through what is to be told: calls <paramref name="upsert"/> or <paramref name="removal"/> and takes note that it was.</summary>
    /// <param name="exists">Whether there is anything to tell of an item that is needed.</param>
    /// <param name="upsert">For what is new or changed.</param>
    /// <param name="removal">For what the node was told of and does not need, or what is no more.</param>
    /// <param name="dropped">Hears of each item that no node has any longer.</param>
    public void Flush(Func<T, bool> exists, Action<T> upsert, Action<T> removal, Action<T> dropped)
    {
        foreach (T item in _dirty)
        {
            ref State state = ref CollectionsMarshal.GetValueRefOrNullRef(_items, item);
            state &= ~State.Dirty;
            if (state >= State.Count && exists(item))
            {
                state |= State.Sent;
                upsert(item);
                continue;
            }
            if ((state & State.Sent) != 0) removal(item);
            state &= ~State.Sent;
            if (state < State.Count) Forget(item, dropped);
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
        foreach (T item in _items.Keys.ToList()) Forget(item, dropped);
        _dirty.Clear();
    }

    private void Forget(T item, Action<T> dropped)
    {
        _items.Remove(item);
        item.Nodes.Remove(node);
        if (item.Nodes.Count == 0) dropped(item);
    }
}
