using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Routes as wanted beside routes as they are, and what differs. What <see cref="Core.State.DeltaTracker{TKey,TValue}"/> is for some thousand things, this is for some hundred
/// thousand: one entry of one dictionary for each prefix, and no object. Owned by the dataplane's loop.
/// </summary>
internal sealed class RouteTracker
{
    private readonly Dictionary<IpPrefix, Entry> _entries = [];

    /// <summary>Every prefix that is to be updated or deleted stands here once; others may.</summary>
    private List<IpPrefix> _pending = [];

    private struct Entry
    {
        public RouteTarget Wanted;
        public RouteTarget There;
        public bool IsWanted;
        public bool IsThere;
        public bool IsListed;

        public readonly bool ToUpdate => IsWanted && !(IsThere && There == Wanted);
        public readonly bool ToDelete => IsThere && !IsWanted;
    }

    /// <summary>How many are wanted and not so in the kernel.</summary>
    public int ToUpdate { get; private set; }

    /// <summary>How many are in the kernel and not wanted.</summary>
    public int ToDelete { get; private set; }

    public IEnumerable<KeyValuePair<IpPrefix, RouteTarget>> Wanted => _entries.Where(e => e.Value.IsWanted).Select(e => KeyValuePair.Create(e.Key, e.Value.Wanted));

    public IEnumerable<IpPrefix> Unwanted => _entries.Where(e => e.Value.ToDelete).Select(e => e.Key);

    public bool IsThere(IpPrefix prefix) => _entries.TryGetValue(prefix, out Entry entry) && entry.IsThere;

    /// <summary>Wanted, and there as wanted.</summary>
    public bool IsApplied(IpPrefix prefix) => _entries.TryGetValue(prefix, out Entry entry) && entry.IsWanted && !entry.ToUpdate;

    public void Want(IpPrefix prefix, RouteTarget target)
    {
        ref Entry entry = ref Begin(prefix);
        (entry.IsWanted, entry.Wanted) = (true, target);
        End(prefix, ref entry);
    }

    public void Unwant(IpPrefix prefix)
    {
        if (!_entries.ContainsKey(prefix)) return;
        ref Entry entry = ref Begin(prefix);
        entry.IsWanted = false;
        End(prefix, ref entry);
    }

    /// <summary>The kernel has it so now.</summary>
    public void SetThere(IpPrefix prefix, RouteTarget target)
    {
        ref Entry entry = ref Begin(prefix);
        (entry.IsThere, entry.There) = (true, target);
        End(prefix, ref entry);
    }

    /// <summary>The kernel has no such route any more.</summary>
    public void SetGone(IpPrefix prefix)
    {
        if (!_entries.ContainsKey(prefix)) return;
        ref Entry entry = ref Begin(prefix);
        entry.IsThere = false;
        End(prefix, ref entry);
    }

    /// <summary>Something else than was to be expected became of what was taken: it is pending again, if it differs.</summary>
    public void PutBack(IpPrefix prefix)
    {
        if (!_entries.ContainsKey(prefix)) return;
        End(prefix, ref Begin(prefix));
    }

    /// <summary>Replaces all that is known of the kernel.</summary>
    public void Resync(IEnumerable<KeyValuePair<IpPrefix, RouteTarget>> there)
    {
        foreach (IpPrefix prefix in _entries.Keys.ToArray()) SetGone(prefix);
        foreach ((IpPrefix prefix, RouteTarget target) in there) SetThere(prefix, target);
    }

    /// <summary>What is to be updated, and how. Said to be there, or put back, it is dealt with.</summary>
    public List<(IpPrefix Prefix, RouteTarget Target)> TakeUpdates() => Take(ToUpdate, static (in Entry e, IpPrefix _) => e.ToUpdate, static e => e.Wanted);

    /// <summary>What is to be deleted, and what it is, as far as <paramref name="mayDelete"/> lets it go.</summary>
    public List<(IpPrefix Prefix, RouteTarget Target)> TakeDeletes(Func<IpPrefix, RouteTarget, bool> mayDelete) =>
        Take(ToDelete, (in Entry e, IpPrefix prefix) => e.ToDelete && mayDelete(prefix, e.There), static e => e.There);

    private delegate bool Choice(in Entry entry, IpPrefix prefix);

    private List<(IpPrefix, RouteTarget)> Take(int atMost, Choice takes, Func<Entry, RouteTarget> target)
    {
        List<(IpPrefix, RouteTarget)> taken = new(atMost);
        List<IpPrefix> listed = _pending;
        _pending = [];
        foreach (IpPrefix prefix in listed)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, prefix);
            if (Unsafe.IsNullRef(ref entry)) continue;
            entry.IsListed = false;
            if (takes(entry, prefix)) taken.Add((prefix, target(entry)));
            else PutBack(prefix);
        }
        return taken;
    }

    // An entry that changes is counted out as it was and counted in as it is.
    private ref Entry Begin(IpPrefix prefix)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, prefix, out _);
        if (entry.ToUpdate) ToUpdate--;
        else if (entry.ToDelete) ToDelete--;
        return ref entry;
    }

    private void End(IpPrefix prefix, ref Entry entry)
    {
        if (entry.ToUpdate) ToUpdate++;
        else if (entry.ToDelete) ToDelete++;
        else
        {
            // One that is listed goes when the list is taken.
            if (!entry.IsWanted && !entry.IsListed) _entries.Remove(prefix);
            return;
        }
        if (entry.IsListed) return;
        entry.IsListed = true;
        _pending.Add(prefix);
    }
}
