using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Margay.Api.NodeSync;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// The sets in use, and their members by difference.
/// <code>
///   about to change: a holder's class, addresses, ports; a class's match ──► for each set concerned, note for each address whether it belongs now
///   flush ──► ask again whether it belongs ──► IpSetChange, one for all nodes that have the set
/// </code>
/// Whether an address belongs is asked of its holders (<see cref="AddressTable"/>), so a set costs memory for its name only.
/// </summary>
internal sealed class IpSetCalculator
{
    private readonly Dictionary<string, IpSetNode> _sets = [];
    private readonly List<IpSetNode> _touched = [];

    /// <summary>Set once, by <see cref="Graph"/>: table and sets know each other.</summary>
    public AddressTable Table { get; set; } = null!;

    public required LabelIndex Labels { get; init; }

    /// <summary>The set of what a selector matches in a network; with a port name, of the ports of that name there. Counts one more user.</summary>
    public IpSetNode Acquire(string network, Selector selector, string? portName)
    {
        string id = IdOf(network, selector, portName);
        if (!_sets.TryGetValue(id, out IpSetNode? set))
        {
            SelectorNode node = Labels.Acquire(network, selector);
            _sets[id] = set = new IpSetNode(id, node, portName);
            node.Sets.Add(set);
        }
        set.Users++;
        return set;
    }

    /// <summary>One user less. Without users and without nodes that have seen it, the set goes.</summary>
    public void Release(IpSetNode set)
    {
        set.Users--;
        DropIfUnused(set);
    }

    public void DropIfUnused(IpSetNode set)
    {
        if (set.Users > 0 || set.Nodes.Count > 0 || !_sets.Remove(set.Id)) return;
        set.Selector.Sets.Remove(set);
        Labels.ReleaseIfUnused(set.Selector);
    }

    public void BeforeHolderChange(LabelClass c, MemberKey[] addresses, NamedPort[] ports)
    {
        foreach (SelectorNode selector in c.Matches)
        {
            foreach (IpSetNode set in selector.Sets)
            {
                if (set.Nodes.Count > 0) Touch(set, addresses, ports);
            }
        }
    }

    public void BeforeMatchChange(SelectorNode selector, LabelClass c)
    {
        foreach (IpSetNode set in selector.Sets)
        {
            if (set.Nodes.Count == 0) continue;
            foreach (AddressHolder holder in c.Members) Touch(set, holder.Addresses, holder.Ports);
        }
    }

    private void Touch(IpSetNode set, MemberKey[] addresses, NamedPort[] ports)
    {
        if (set.Touched.Count == 0) _touched.Add(set);
        foreach (MemberKey address in addresses)
        {
            if (set.PortName is null)
            {
                Note(set, address);
                continue;
            }
            foreach (NamedPort port in ports)
            {
                if (port.Name == set.PortName) Note(set, address.WithPort(port.Protocol, port.Port));
            }
        }
    }

    private void Note(IpSetNode set, MemberKey member)
    {
        ref bool was = ref CollectionsMarshal.GetValueRefOrAddDefault(set.Touched, member, out bool known);
        if (!known) was = IsMember(set, member);
    }

    private bool IsMember(IpSetNode set, MemberKey member)
    {
        Holders holders = Table.HoldersOf(member.WithoutPort);
        for (int i = 0; i < holders.Count; i++)
        {
            if (Gives(set, holders[i], member)) return true;
        }
        return false;
    }

    private static bool Gives(IpSetNode set, AddressHolder holder, MemberKey member)
    {
        if (!set.Selector.Classes.Contains(holder.Class)) return false;
        if (set.PortName is null) return true;
        foreach (NamedPort port in holder.Ports)
        {
            if (port.Name == set.PortName && port.Protocol == member.Protocol && port.Port == member.Port) return true;
        }
        return false;
    }

    /// <summary>The sets that have changed since the last call, each with its change, and forgets what was noted.</summary>
    public List<(IpSetNode Set, IpSetChange Change)> TakeChanges()
    {
        List<(IpSetNode, IpSetChange)> changes = [];
        foreach (IpSetNode set in _touched)
        {
            List<string> added = [], removed = [];
            foreach ((MemberKey member, bool was) in set.Touched)
            {
                bool belongs = IsMember(set, member);
                if (belongs && !was) added.Add(member.ToString());
                if (was && !belongs) removed.Add(member.ToString());
            }
            set.Touched.Clear();
            if (added.Count + removed.Count == 0) continue;
            set.View = null;
            changes.Add((set, new IpSetChange { Id = set.Id, Added = added.Count > 0 ? added : null, Removed = removed.Count > 0 ? removed : null }));
        }
        _touched.Clear();
        return changes;
    }

    /// <summary>The whole set as it is now; one object for all nodes as long as it does not change.</summary>
    public IpSetView ViewOf(IpSetNode set)
    {
        if (set.Touched.Count == 0 && set.View is { } weak && weak.TryGetTarget(out IpSetView? view)) return view;
        view = new IpSetView
        {
            Id = set.Id,
            Network = set.Network,
            Type = set.PortName is null ? IpSetType.Nets : IpSetType.IpPorts,
            Origin = set.Origin,
            Members = MembersOf(set),
        };
        // Changes of a set that no node has seen are not noted, so its view may be kept only from when one has.
        if (set.Touched.Count == 0 && set.Nodes.Count > 0) set.View = new WeakReference<IpSetView>(view);
        return view;
    }

    private List<string> MembersOf(IpSetNode set)
    {
        List<string> members = [];
        HashSet<MemberKey> shared = [];
        foreach (LabelClass c in set.Selector.Classes)
        {
            foreach (AddressHolder holder in c.Members)
            {
                foreach (MemberKey address in holder.Addresses)
                {
                    bool alone = Table.HoldersOf(address).Count == 1;
                    if (set.PortName is null)
                    {
                        if (alone || shared.Add(address)) members.Add(address.ToString());
                        continue;
                    }
                    foreach (NamedPort port in holder.Ports)
                    {
                        MemberKey member = address.WithPort(port.Protocol, port.Port);
                        if (port.Name == set.PortName && shared.Add(member)) members.Add(member.ToString());
                    }
                }
            }
        }
        return members;
    }

    /// <summary>
    /// Derived from what selects the members and nothing else, so that it is the same after a restart: "s" (addresses) or "p" (ports) and 96 bits of SHA-256.
    /// </summary>
    private static string IdOf(string network, Selector selector, string? portName)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{network}\n{portName}\n{selector.Canonical}"));
        return (portName is null ? "s" : "p") + Convert.ToHexStringLower(hash.AsSpan(0, 12));
    }
}
