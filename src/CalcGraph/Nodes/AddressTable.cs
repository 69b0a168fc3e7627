using System.Runtime.InteropServices;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Who holds a prefix. Nearly always one, but an address may be held by several (a set and an endpoint, two networks, a workload that moves), and a set keeps
/// a member as long as one holder that it selects is left. Because this is known here, sets need not count their members.
/// </summary>
internal sealed class AddressTable(LabelIndex labels, IpSetCalculator sets)
{
    // One holder, or a list of them.
    private readonly Dictionary<MemberKey, object> _holders = [];

    public int Count => _holders.Count;

    /// <summary>Enters a new holder.</summary>
    public void Add(AddressHolder holder)
    {
        sets.BeforeHolderChange(holder.Class, holder.Addresses, holder.Ports);
        Insert(holder);
    }

    /// <summary>Gives a holder another class, addresses or ports.</summary>
    public void Change(AddressHolder holder, LabelClass c, MemberKey[] addresses, NamedPort[] ports)
    {
        sets.BeforeHolderChange(holder.Class, holder.Addresses, holder.Ports);
        sets.BeforeHolderChange(c, addresses, ports);
        LabelClass before = holder.Class;
        Take(holder);
        (holder.Class, holder.Addresses, holder.Ports) = (c, addresses, ports);
        Insert(holder);
        labels.ReleaseIfEmpty(before);
    }

    public void Remove(AddressHolder holder)
    {
        sets.BeforeHolderChange(holder.Class, holder.Addresses, holder.Ports);
        Take(holder);
        labels.ReleaseIfEmpty(holder.Class);
    }

    public Holders HoldersOf(MemberKey prefix) => new(_holders.GetValueOrDefault(prefix));

    private void Insert(AddressHolder holder)
    {
        holder.Slot = holder.Class.Members.Count;
        holder.Class.Members.Add(holder);
        foreach (MemberKey prefix in holder.Addresses)
        {
            ref object? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_holders, prefix, out _);
            if (entry is null) entry = holder;
            else if (entry is List<AddressHolder> several) several.Add(holder);
            else entry = new List<AddressHolder> { (AddressHolder)entry, holder };
        }
    }

    private void Take(AddressHolder holder)
    {
        List<AddressHolder> members = holder.Class.Members;
        AddressHolder last = members[^1];
        members[holder.Slot] = last;
        last.Slot = holder.Slot;
        members.RemoveAt(members.Count - 1);
        foreach (MemberKey prefix in holder.Addresses)
        {
            if (_holders[prefix] is not List<AddressHolder> several)
            {
                _holders.Remove(prefix);
                continue;
            }
            several.Remove(holder);
            if (several.Count == 1) _holders[prefix] = several[0];
        }
    }
}

/// <summary>The holders of one prefix, to walk without allocating.</summary>
internal readonly struct Holders(object? entry)
{
    public int Count => entry switch { null => 0, List<AddressHolder> several => several.Count, _ => 1 };
    public AddressHolder this[int index] => entry is List<AddressHolder> several ? several[index] : (AddressHolder)entry!;
}
