using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>
/// The table of one VRF: for each prefix the candidates (paths with a target that is imported) and the hops in use. A prefix with one path is one entry of a dictionary and no object: there
/// may be hundreds of thousands. Owned by its <see cref="VrfImporter"/>.
/// </summary>
internal sealed class ImportingTable(ImportingVrf spec, ImportRules rules)
{
    private readonly Dictionary<IpPrefix, Entry> _entries = [];
    private readonly Dictionary<TunnelHop, HopSet> _singles = [];
    private readonly Dictionary<HopSet, HopSet> _sets = [];
    private List<IpPrefix> _touched = [];

    public ImportingVrf Spec => spec;

    /// <summary>Some host is in use that was not, or is not any more, since this was set to false.</summary>
    public bool HopsChanged { get; set; }

    /// <summary>Prefixes that have hops.</summary>
    private int _used;

    /// <summary>Prefixes that would have hops if the VRF might have more.</summary>
    private int _over;

    /// <summary>Every hop in use, some of them several times.</summary>
    public IEnumerable<TunnelHop> Hops => _singles.Values.Concat(_sets.Values).SelectMany(s => s.Hops);

    public Dictionary<IpPrefix, ImmutableArray<TunnelHop>> Routes => _entries.Where(e => e.Value.Hops is not null).ToDictionary(e => e.Key, e => e.Value.Hops!.Hops);

    /// <summary>Equal sets of one VRF are one object, and so are their arrays.</summary>
    private sealed class HopSet(ImmutableArray<TunnelHop> hops) : IEquatable<HopSet>
    {
        public ImmutableArray<TunnelHop> Hops => hops;

        /// <summary>How many prefixes.</summary>
        public int Users { get; set; }

        public bool Equals(HopSet? other) => other is not null && hops.AsSpan().SequenceEqual(other.Hops.AsSpan());
        public override bool Equals(object? obj) => Equals(obj as HopSet);
        public override int GetHashCode() => HashCode.Combine(hops.Length, hops[0], hops[^1]);
    }

    private struct Entry
    {
        public Candidate First;
        public List<Candidate>? More;
        public HopSet? Hops;
        public bool IsTouched;
        public bool IsOver;
    }

    /// <param name="Terms">Null where there is no candidate.</param>
    private readonly record struct Candidate(Nlri Nlri, EvpnTerms? Terms);

    /// <summary>The prefix has this path, in place of an earlier one with the same NLRI.</summary>
    public void Add(IpPrefix prefix, Nlri nlri, EvpnTerms terms)
    {
        ref Entry entry = ref TouchEntry(prefix);
        Candidate candidate = new(nlri, terms);
        if (entry.First.Terms is null || entry.First.Nlri == nlri) entry.First = candidate;
        else if (entry.More?.FindIndex(c => c.Nlri == nlri) is { } at and >= 0) entry.More[at] = candidate;
        else (entry.More ??= new List<Candidate>(1)).Add(candidate);
    }

    public void Remove(IpPrefix prefix, Nlri nlri)
    {
        ref Entry entry = ref TouchEntry(prefix);
        if (entry.First.Terms is null) return;
        if (entry.First.Nlri != nlri) entry.More?.RemoveAll(c => c.Nlri == nlri);
        else if (entry.More is { Count: > 0 } more)
        {
            entry.First = more[^1];
            more.RemoveAt(more.Count - 1);
        }
        else entry.First = default;
    }

    /// <summary>Has the prefix decided anew.</summary>
    public void Touch(IpPrefix prefix) => TouchEntry(prefix);

    /// <summary>Takes over the routes of the table that this one replaces, to be compared with.</summary>
    public void Inherit(ImportingTable before)
    {
        foreach ((IpPrefix prefix, ImmutableArray<TunnelHop> hops) in before.Routes) TouchEntry(prefix).Hops = Hold(hops);
        _used = before._used;
    }

    /// <summary>Decides for each prefix that was touched, and adds what is other than before.</summary>
    public void Decide(List<VrfRouteChange> changes)
    {
        List<IpPrefix> touched = _touched;
        _touched = [];
        DecideEach(touched, changes);
        // Others may take the room that some have left.
        if (_over == 0 || _used >= spec.MostRoutes) return;
        DecideEach([.. _entries.Where(e => e.Value.IsOver).Select(e => e.Key).Order().Take((int)(spec.MostRoutes! - _used))], changes);
    }

    private void DecideEach(List<IpPrefix> prefixes, List<VrfRouteChange> changes)
    {
        foreach (IpPrefix prefix in prefixes)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, prefix);
            entry.IsTouched = false;
            HopSet? before = entry.Hops, now = Choose(prefix, entry);
            if (entry.IsOver) _over--;
            entry.IsOver = before is null && now is not null && _used >= spec.MostRoutes;
            if (entry.IsOver)
            {
                _over++;
                Forget(now!);
                now = null;
            }
            if (now != before)
            {
                if (now is not null && now.Users++ == 0) HopsChanged = true;
                if (before is not null) Release(before);
                _used += (now is null ? 0 : 1) - (before is null ? 0 : 1);
                entry.Hops = now;
                changes.Add(new VrfRouteChange(spec.Name, prefix, now?.Hops ?? []));
            }
            if (entry.First.Terms is null && now is null) _entries.Remove(prefix);
        }
    }

    private string OverLimit => $"the network has the {spec.MostRoutes} routes that its limit lets it have (spec.limits.routes): raise that, or find out who announces so many";

    /// <summary>Every candidate, with the reason for each that is not used.</summary>
    public IEnumerable<VrfPathRow> Rows()
    {
        foreach ((IpPrefix prefix, Entry entry) in _entries.OrderBy(e => e.Key))
        {
            (uint, uint)? best = Best(prefix, entry);
            foreach (Candidate c in Candidates(entry))
                yield return new VrfPathRow(spec.Name, prefix, c.Nlri, new EvpnPath(prefix, c.Terms!), rules.WhyNot(spec, prefix, c.Terms!) ?? (c.Terms!.Rank != best ? VrfImporter.Outranked : entry.IsOver ? OverLimit : null));
        }
    }

    private static IEnumerable<Candidate> Candidates(Entry entry) => entry.First.Terms is null ? [] : [entry.First, .. entry.More ?? []];

    private HopSet? Choose(IpPrefix prefix, in Entry entry)
    {
        if (entry.First.Terms is not { } first) return null;
        // Most prefixes have one path.
        if (entry.More is not { Count: > 0 }) return rules.WhyNot(spec, prefix, first) is null ? Find([HopOf(first)]) : null;
        if (Best(prefix, entry) is not { } best) return null;
        return Find([.. Candidates(entry).Where(c => c.Terms!.Rank == best && rules.WhyNot(spec, prefix, c.Terms!) is null).Select(c => HopOf(c.Terms!)).Distinct().Order()]);
    }

    private (uint, uint)? Best(IpPrefix prefix, Entry entry)
    {
        (uint, uint)? best = null;
        foreach (Candidate c in Candidates(entry))
            if (rules.WhyNot(spec, prefix, c.Terms!) is null && (best is null || c.Terms!.Rank.CompareTo(best.Value) > 0)) best = c.Terms!.Rank;
        return best;
    }

    private static TunnelHop HopOf(EvpnTerms terms) => new(terms.Vtep, terms.RouterMac!.Value);

    private HopSet Find(ReadOnlySpan<TunnelHop> hops)
    {
        if (hops.Length == 1)
        {
            ref HopSet? single = ref CollectionsMarshal.GetValueRefOrAddDefault(_singles, hops[0], out _);
            return single ??= new HopSet([hops[0]]);
        }
        HopSet made = new([.. hops]);
        if (_sets.TryGetValue(made, out HopSet? set)) return set;
        return _sets[made] = made;
    }

    private HopSet Hold(ImmutableArray<TunnelHop> hops)
    {
        HopSet set = Find(hops.AsSpan());
        set.Users++;
        return set;
    }

    private void Release(HopSet set)
    {
        if (--set.Users > 0) return;
        HopsChanged = true;
        Forget(set);
    }

    private void Forget(HopSet set)
    {
        if (set.Users > 0) return;
        if (set.Hops.Length == 1) _singles.Remove(set.Hops[0]);
        else _sets.Remove(set);
    }

    private ref Entry TouchEntry(IpPrefix prefix)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, prefix, out _);
        if (!entry.IsTouched)
        {
            entry.IsTouched = true;
            _touched.Add(prefix);
        }
        return ref entry;
    }
}
