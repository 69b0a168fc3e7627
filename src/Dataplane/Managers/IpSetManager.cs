using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>What happened to a set's members.</summary>
[Flags]
internal enum MemberChange
{
    Added = 1,
    Removed = 2,
}

/// <summary>A kernel set that holds some of a set's members: the address, masked if a mask is given, is in it.</summary>
internal readonly record struct SetPart(string Name, NftValue? Mask);

// One set of the view becomes several in the kernel, because no one structure is good at everything:
//
//   hosts     h4-… h6-…     hash     one member more costs the same at ten and at a million
//   nets      n4-… n6-…     interval one lookup for prefixes of any length, but a commit costs O(n): only up to IntervalLimit prefixes
//   nets      m24.4-… …     hash     above that, one set per prefix length, looked up with the masked address
//   ports     p4-… p6-…     hash     (address, protocol, port)
//
// Which of them exist (the shape) is a function of the members now, and rules name them, so a change of shape renders the rules that use the set anew. Host sets always
// exist: a first or last host is the most common change.

/// <summary>Keeps the kernel's sets for the view's. Owned by the dataplane's loop.</summary>
internal sealed class IpSetManager(FilterTables tables)
{
    /// <summary>Above this many prefixes of one family, an interval set gives way to hashes by length.</summary>
    internal const int IntervalLimit = 512;

    private readonly Dictionary<string, State> _sets = [];
    private Dictionary<string, MemberChange> _changes = [];

    /// <summary>The members once more, for the evaluator.</summary>
    public AddressSets Members { get; } = new();

    /// <summary>Sets whose members came or went since the last time.</summary>
    public IReadOnlyDictionary<string, MemberChange> TakeChanges()
    {
        Dictionary<string, MemberChange> taken = _changes;
        if (taken.Count > 0) _changes = [];
        return taken;
    }

    private sealed class State(IpSetType type)
    {
        public IpSetType Type => type;
        public HashSet<IpPrefix> Members { get; } = [];
        public HashSet<PortMember> Ports { get; } = [];

        /// <summary>Prefixes that are no hosts, by family; how many of each length.</summary>
        public SortedSet<IpPrefix>[] Nets { get; } = [[], []];
        public int[][] Lengths { get; } = [new int[33], new int[129]];

        public IReadOnlyList<SetPart>[] Parts { get; } = [[], []];
    }

    private readonly record struct PortMember(InetAddress Address, byte Protocol, ushort Port);

    /// <summary>The kernel sets to look an address of one family up in. None when the set is not known: it has no members.</summary>
    public IReadOnlyList<SetPart> Parts(string id, bool v6) => _sets.TryGetValue(id, out State? state) ? state.Parts[v6 ? 1 : 0] : [];

    /// <summary>Takes over the sets of a delta and returns the ids of those whose shape changed.</summary>
    public IReadOnlySet<string> Apply(ViewDelta delta)
    {
        HashSet<string> reshaped = [];
        HashSet<string> named = [.. (delta.IpSets ?? []).Select(s => s.Id)];
        foreach (IpSetView view in delta.IpSets ?? []) Replace(view, reshaped);
        foreach (IpSetChange change in delta.IpSetChanges ?? []) Change(change, reshaped);
        IEnumerable<string> gone = delta.Snapshot ? _sets.Keys.Where(id => !named.Contains(id)) : delta.RemovedIpSets ?? [];
        foreach (string id in gone.ToArray()) Remove(id, reshaped);
        return reshaped;
    }

    private void Replace(IpSetView view, HashSet<string> reshaped)
    {
        if (_sets.TryGetValue(view.Id, out State? state) && state.Type != view.Type) Remove(view.Id, reshaped);
        if (!_sets.TryGetValue(view.Id, out state)) _sets[view.Id] = state = new State(view.Type);
        Members.Set(view);
        if (view.Type == IpSetType.IpPorts)
        {
            HashSet<PortMember> wanted = [.. view.Members.Select(ParsePort)];
            Update(view.Id, state, reshaped, [], [], [.. wanted.Except(state.Ports)], [.. state.Ports.Except(wanted)]);
        }
        else
        {
            HashSet<IpPrefix> wanted = [.. view.Members.Select(IpPrefix.Parse)];
            Update(view.Id, state, reshaped, [.. wanted.Except(state.Members)], [.. state.Members.Except(wanted)], [], []);
        }
    }

    private void Change(IpSetChange change, HashSet<string> reshaped)
    {
        if (!_sets.TryGetValue(change.Id, out State? state)) return;
        Members.Change(change);
        if (state.Type == IpSetType.IpPorts)
            Update(change.Id, state, reshaped, [], [], [.. (change.Added ?? []).Select(ParsePort)], [.. (change.Removed ?? []).Select(ParsePort)]);
        else
            Update(change.Id, state, reshaped, [.. (change.Added ?? []).Select(IpPrefix.Parse)], [.. (change.Removed ?? []).Select(IpPrefix.Parse)], [], []);
    }

    private void Update(
        string id, State state, HashSet<string> reshaped, IpPrefix[] added, IpPrefix[] removed, PortMember[] addedPorts, PortMember[] removedPorts)
    {
        if (removed.Length + removedPorts.Length > 0) NoteChange(id, MemberChange.Removed);
        if (added.Length + addedPorts.Length > 0) NoteChange(id, MemberChange.Added);
        foreach (IpPrefix member in removed.Where(state.Members.Remove)) CountNet(state, member, -1);
        foreach (IpPrefix member in added.Where(state.Members.Add)) CountNet(state, member, 1);
        if (Reshape(id, state)) reshaped.Add(id);

        foreach (IpPrefix host in removed.Where(m => m.IsHost)) tables.RemoveElement(Name("h", host.IsIPv6, id), NftValue.From(host.Address));
        foreach (IpPrefix host in added.Where(m => m.IsHost)) tables.SetElement(Name("h", host.IsIPv6, id), NftValue.From(host.Address));
        foreach (bool v6 in (ReadOnlySpan<bool>)[false, true]) UpdateNets(id, state, v6, added, removed);
        foreach (PortMember member in removedPorts.Where(state.Ports.Remove)) tables.RemoveElement(Name("p", member.Address.IsIPv6, id), Key(member));
        foreach (PortMember member in addedPorts.Where(state.Ports.Add)) tables.SetElement(Name("p", member.Address.IsIPv6, id), Key(member));
    }

    private void NoteChange(string id, MemberChange change) => _changes[id] = _changes.GetValueOrDefault(id) | change;

    private static void CountNet(State state, IpPrefix member, int by)
    {
        if (member.IsHost) return;
        int family = member.IsIPv6 ? 1 : 0;
        state.Lengths[family][member.Length] += by;
        if (by > 0) state.Nets[family].Add(member);
        else state.Nets[family].Remove(member);
    }

    private void UpdateNets(string id, State state, bool v6, IpPrefix[] added, IpPrefix[] removed)
    {
        SortedSet<IpPrefix> nets = state.Nets[v6 ? 1 : 0];
        if (nets.Count > IntervalLimit)
        {
            foreach (IpPrefix net in removed.Where(n => n.IsIPv6 == v6 && !n.IsHost && state.Lengths[v6 ? 1 : 0][n.Length] > 0))
                tables.RemoveElement(LengthName(net.Length, v6, id), NftValue.From(net.Address));
            foreach (IpPrefix net in added.Where(n => n.IsIPv6 == v6 && !n.IsHost))
                tables.SetElement(LengthName(net.Length, v6, id), NftValue.From(net.Address));
        }
        else if (nets.Count > 0)
        {
            FilterName set = Name("n", v6, id);
            HashSet<FilterElementKey> wanted = [.. Intervals.Of(nets)];
            foreach (FilterElementKey key in tables.DesiredElements(set).Keys.Where(k => !wanted.Contains(k)).ToArray()) tables.RemoveElement(set, key);
            foreach (FilterElementKey key in wanted) tables.SetElement(set, key);
        }
    }

    /// <summary>Makes the kernel sets that the members ask for, and removes those they no longer do. True when that changed.</summary>
    private bool Reshape(string id, State state)
    {
        bool changed = false;
        foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
        {
            List<(SetPart Part, FilterSet Set)> wanted = [.. Shape(id, state, v6)];
            IReadOnlyList<SetPart> before = state.Parts[v6 ? 1 : 0];
            if (before.SequenceEqual(wanted.Select(w => w.Part))) continue;
            changed = true;
            foreach ((SetPart _, FilterSet set) in wanted) tables.SetSet(set);
            foreach (SetPart part in before.Where(b => wanted.All(w => w.Part.Name != b.Name))) tables.RemoveSet(new FilterName(FilterFamily.Inet, part.Name));
            state.Parts[v6 ? 1 : 0] = [.. wanted.Select(w => w.Part)];
            // What was in one structure moves to another as a whole.
            if (state.Nets[v6 ? 1 : 0].Count > IntervalLimit)
                foreach (IpPrefix net in state.Nets[v6 ? 1 : 0]) tables.SetElement(LengthName(net.Length, v6, id), NftValue.From(net.Address));
        }
        return changed;
    }

    private static IEnumerable<(SetPart Part, FilterSet Set)> Shape(string id, State state, bool v6)
    {
        FilterField address = v6 ? FilterField.SourceV6 : FilterField.SourceV4;
        if (state.Type == IpSetType.IpPorts)
        {
            string ports = Name("p", v6, id).Name;
            yield return (new SetPart(ports, null), new FilterSet(FilterFamily.Inet, ports, [address, FilterField.TransportProtocol, FilterField.DestinationPort], Late: true));
            yield break;
        }
        string hosts = Name("h", v6, id).Name;
        yield return (new SetPart(hosts, null), new FilterSet(FilterFamily.Inet, hosts, [address], Late: true));
        SortedSet<IpPrefix> nets = state.Nets[v6 ? 1 : 0];
        if (nets.Count is > 0 and <= IntervalLimit)
        {
            string name = Name("n", v6, id).Name;
            yield return (new SetPart(name, null), new FilterSet(FilterFamily.Inet, name, [address], Interval: true, Late: true));
        }
        if (nets.Count <= IntervalLimit) yield break;
        for (int length = 0; length < state.Lengths[v6 ? 1 : 0].Length; length++)
        {
            if (state.Lengths[v6 ? 1 : 0][length] == 0) continue;
            string name = LengthName(length, v6, id).Name;
            yield return (new SetPart(name, Mask(length, v6)), new FilterSet(FilterFamily.Inet, name, [address], Late: true));
        }
    }

    private void Remove(string id, HashSet<string> reshaped)
    {
        if (!_sets.Remove(id, out State? state)) return;
        Members.Remove(id);
        NoteChange(id, MemberChange.Removed);
        foreach (SetPart part in state.Parts.SelectMany(p => p)) tables.RemoveSet(new FilterName(FilterFamily.Inet, part.Name));
        reshaped.Add(id);
    }

    private static FilterName Name(string kind, bool v6, string id) => new(FilterFamily.Inet, ChainNames.IpSet(kind, v6, id));

    private static FilterName LengthName(int length, bool v6, string id) => Name(string.Create(CultureInfo.InvariantCulture, $"m{length}."), v6, id);

    internal static NftValue Mask(int length, bool v6) => NftValue.From(InetAddress.FromBits(IpPrefix.Mask(length), v6));

    private static NftValue Key(PortMember member) =>
        NftValue.Concat(NftValue.From(member.Address), NftValue.Byte(member.Protocol), NftValue.Port(member.Port));

    private static PortMember ParsePort(string member)
    {
        string[] parts = member.Split(',');
        return new PortMember(InetAddress.Parse(parts[0]), byte.Parse(parts[1], CultureInfo.InvariantCulture), ushort.Parse(parts[2], CultureInfo.InvariantCulture));
    }
}
