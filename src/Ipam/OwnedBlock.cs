using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>
/// One block of the node: which ordinals are in use, which were never used (from <see cref="_fresh"/> upwards), and the others in the order in which they were freed.
/// Owned by its <see cref="BlockAllocator"/>.
/// </summary>
internal sealed class OwnedBlock(NetworkName network, IpPrefix prefix, string pool)
{
    private enum Slot : byte
    {
        Fresh,
        InUse,
        Freed,
    }

    private readonly Slot[] _slots = new Slot[(int)prefix.Count];

    // An ordinal's place in the queue is valid while it is Freed and carries the same stamp: one taken by name leaves its place behind.
    private readonly Queue<(int Ordinal, long Stamp, DateTimeOffset FreedAt)> _freed = new();
    private readonly Dictionary<int, (long Stamp, DateTimeOffset FreedAt)> _freedStamps = [];
    private int _fresh;

    public NetworkName Network => network;
    public IpPrefix Prefix => prefix;
    public string Pool => pool;
    public bool Leaving { get; set; }
    public int InUse { get; private set; }
    public int Size => _slots.Length;

    public InetAddress Address(int ordinal) => prefix.Address.Add((UInt128)ordinal);

    private int Ordinal(InetAddress address) => (int)((address.Bits - prefix.Address.Bits) >> (128 - address.BitLength));

    public bool IsInUse(InetAddress address) => _slots[Ordinal(address)] == Slot.InUse;

    /// <summary>The next address that was never used and that <paramref name="reserved"/> does not name.</summary>
    public InetAddress? NextFresh(Func<InetAddress, bool> reserved)
    {
        for (int ordinal = _fresh; ordinal < _slots.Length; ordinal++)
        {
            if (_slots[ordinal] == Slot.Fresh && !reserved(Address(ordinal))) return Address(ordinal);
        }
        return null;
    }

    /// <summary>The address that has been free longest, freed at <paramref name="until"/> or before.</summary>
    public (InetAddress Address, long Stamp)? OldestFreed(Func<InetAddress, bool> reserved, DateTimeOffset until)
    {
        DropStale();
        foreach ((int ordinal, long stamp, DateTimeOffset freedAt) in _freed)
        {
            if (!IsCurrent(ordinal, stamp) || reserved(Address(ordinal)) || freedAt > until) continue;
            return (Address(ordinal), stamp);
        }
        return null;
    }

    public int CountFreedAfter(DateTimeOffset time) => _freedStamps.Values.Count(f => f.FreedAt > time);

    /// <summary>When the first of those that cool down has done so.</summary>
    public DateTimeOffset? EarliestFreedAfter(DateTimeOffset time) =>
        _freedStamps.Values.Where(f => f.FreedAt > time).Select(f => (DateTimeOffset?)f.FreedAt).Min();

    public int CountIdleReserved(Func<InetAddress, bool> reserved, DateTimeOffset until)
    {
        int count = 0;
        for (int ordinal = 0; ordinal < _slots.Length; ordinal++)
        {
            bool cooling = _slots[ordinal] == Slot.Freed && _freedStamps[ordinal].FreedAt > until;
            if (_slots[ordinal] != Slot.InUse && !cooling && reserved(Address(ordinal))) count++;
        }
        return count;
    }

    public void Take(InetAddress address)
    {
        int ordinal = Ordinal(address);
        if (_slots[ordinal] == Slot.InUse) throw new InvalidOperationException($"{address} is in use already");
        _slots[ordinal] = Slot.InUse;
        _freedStamps.Remove(ordinal);
        InUse++;
        while (_fresh < _slots.Length && _slots[_fresh] != Slot.Fresh) _fresh++;
    }

    public void Free(InetAddress address, long stamp, DateTimeOffset at)
    {
        int ordinal = Ordinal(address);
        if (_slots[ordinal] == Slot.InUse) InUse--;
        _slots[ordinal] = Slot.Freed;
        _freed.Enqueue((ordinal, stamp, at));
        _freedStamps[ordinal] = (stamp, at);
        while (_fresh < _slots.Length && _slots[_fresh] != Slot.Fresh) _fresh++;
    }

    /// <summary>Freed addresses with their stamps, in the order in which they were freed.</summary>
    public IEnumerable<(InetAddress Address, long Stamp, DateTimeOffset At)> FreedInOrder() =>
        _freed.Where(f => IsCurrent(f.Ordinal, f.Stamp)).Select(f => (Address(f.Ordinal), f.Stamp, f.FreedAt));

    private bool IsCurrent(int ordinal, long stamp) => _freedStamps.TryGetValue(ordinal, out var current) && current.Stamp == stamp;

    private void DropStale()
    {
        while (_freed.TryPeek(out var head) && !IsCurrent(head.Ordinal, head.Stamp)) _freed.Dequeue();
        // Taking by name from the middle again and again must not let the queue grow.
        if (_freed.Count <= 2 * _slots.Length) return;
        var kept = _freed.Where(f => IsCurrent(f.Ordinal, f.Stamp)).ToList();
        _freed.Clear();
        foreach (var entry in kept) _freed.Enqueue(entry);
    }
}
