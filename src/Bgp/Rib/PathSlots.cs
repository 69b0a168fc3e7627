namespace Margay.Bgp.Rib;

/// <summary>
/// The Adj-RIB-Out indexes of a group with ADD-PATH (RFC 7911): one per prefix, source and the source's path id. The path id that members are told is the
/// index plus one, so that it stays the same while the path is there, whatever its attributes. Owned by the speaker's loop.
/// </summary>
internal sealed class PathSlots(RibTable table)
{
    private struct Slot
    {
        public int Prefix;
        public int Source;
        public uint PathId;
    }

    private readonly ChunkedArray<Slot> _slots = new();
    private readonly Dictionary<int, List<int>> _byPrefix = [];
    private readonly HashSet<int> _vacated = [];
    private readonly Stack<int> _free = new();

    internal static uint PathIdOf(int slot) => (uint)slot + 1;

    internal int PrefixOf(int slot) => _slots[slot].Prefix;

    internal IReadOnlyList<int> SlotsOf(int prefix) => _byPrefix.GetValueOrDefault(prefix) ?? [];

    /// <summary>Calls <paramref name="consider"/> (slot, prefix, path id, path or -1) for each path that the prefix has, or had.</summary>
    internal void Consider(int prefix, Action<int, int, uint, int> consider)
    {
        if (!_byPrefix.TryGetValue(prefix, out List<int>? slots)) _byPrefix[prefix] = slots = [];
        foreach (int slot in slots)
        {
            int path = FindPath(prefix, _slots[slot]);
            if (path < 0) _vacated.Add(slot);
            else _vacated.Remove(slot);
            consider(slot, prefix, PathIdOf(slot), path);
        }
        for (int path = table.FirstPath(prefix); path >= 0; path = table.Path(path).NextOfPrefix)
        {
            RibTable.PathEntry p = table.Path(path);
            if (p.Unusable != PathReason.Best || slots.Exists(s => _slots[s].Source == p.Peer && _slots[s].PathId == p.PathId)) continue;
            int slot = _free.TryPop(out int free) ? free : _slots.Add();
            _slots[slot] = new Slot { Prefix = prefix, Source = p.Peer, PathId = p.PathId };
            slots.Add(slot);
            consider(slot, prefix, PathIdOf(slot), path);
        }
    }

    private int FindPath(int prefix, Slot slot)
    {
        for (int path = table.FirstPath(prefix); path >= 0; path = table.Path(path).NextOfPrefix)
        {
            ref RibTable.PathEntry p = ref table.Path(path);
            if (p.Peer == slot.Source && p.PathId == slot.PathId && p.Unusable == PathReason.Best) return path;
        }
        return -1;
    }

    /// <summary>Gives back indexes without a path, once every member knows.</summary>
    internal void Reclaim(Func<int, bool> isEmpty)
    {
        foreach (int slot in _vacated)
        {
            if (!isEmpty(slot)) continue;
            List<int> slots = _byPrefix[_slots[slot].Prefix];
            slots.Remove(slot);
            if (slots.Count == 0) _byPrefix.Remove(_slots[slot].Prefix);
            _free.Push(slot);
        }
        _vacated.Clear();
    }
}
