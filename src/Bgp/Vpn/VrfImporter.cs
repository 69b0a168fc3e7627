using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

// Best EVPN paths in, routes of VRFs out:
//
//   RouteChange ─► SharedTerms (attributes, decoded once for all their paths) ─► every ImportingTable that imports one of the targets:
//                  prefix ─► candidates (one for each route distinguisher) ─► highest sequence, then LOCAL_PREF; the rest of equal rank together (ECMP)
//
// The result depends on the paths and VRFs that there are, not on the order in which they came. Everything that is passed over has a reason in words.

/// <summary>A VRF that imports.</summary>
/// <param name="Import">Routes with any of these targets.</param>
/// <param name="Vni">Of its tunnel: routes with another label would arrive elsewhere.</param>
public sealed record ImportingVrf(string Name, ImmutableArray<ExtendedCommunity> Import, uint Vni)
{
    /// <summary>So many prefixes get hops; null for any number. Of more, those that have them keep them, and then the lowest are first.</summary>
    public int? MostRoutes { get; init; }

    public bool Equals(ImportingVrf? other) => other is not null && Name == other.Name && Vni == other.Vni && MostRoutes == other.MostRoutes && Import.SequenceEqual(other.Import);
    public override int GetHashCode() => HashCode.Combine(Name, Vni);
}

/// <summary>Where packets go: the tunnel end, and the MAC address that they bear inside.</summary>
public readonly record struct TunnelHop(InetAddress Vtep, MacAddress RouterMac) : IComparable<TunnelHop>
{
    public int CompareTo(TunnelHop other) => Vtep.CompareTo(other.Vtep) is var c and not 0 ? c : RouterMac.Value.CompareTo(other.RouterMac.Value);
}

/// <param name="Hops">Sorted; none: the prefix is gone. Those of one VRF that are equal at one time are one array.</param>
public readonly record struct VrfRouteChange(string Vrf, IpPrefix Prefix, ImmutableArray<TunnelHop> Hops);

/// <summary>A path that a VRF has looked at.</summary>
/// <param name="Reason">Why it is not used; null when it is.</param>
public sealed record VrfPathRow(string Vrf, IpPrefix Prefix, Nlri Nlri, EvpnPath Path, string? Reason);

/// <summary>Imports EVPN routes into VRFs by their route targets. Pure; owned by one caller at a time.</summary>
/// <param name="ownVtep">Routes to ourselves are passed over.</param>
/// <param name="kept">Ranges that no peer has a say in, in any VRF.</param>
public sealed class VrfImporter(InetAddress ownVtep, MacAddress ownRouterMac, IReadOnlyList<IpPrefix>? kept = null)
{
    /// <summary>Reasons for not using a path that are no fault of anybody.</summary>
    public const string OwnRoute = "its next hop is this host", Outranked = "another path has a higher sequence or LOCAL_PREF";

    private readonly Dictionary<Nlri, SharedTerms> _paths = [];
    private readonly Dictionary<string, ImportingTable> _tables = [];
    private readonly Dictionary<ulong, List<ImportingTable>> _byTarget = [];
    private readonly SharedTermsTable _terms = new();
    private readonly RouterMacs _macs = new();
    private readonly HashSet<string> _hopsChanged = [];
    private int _generation;

    /// <summary>Takes over the VRFs that there shall be; those that stay as they were are not touched. Of one that goes nothing is said.</summary>
    public IReadOnlyList<VrfRouteChange> Configure(IReadOnlyCollection<ImportingVrf> vrfs)
    {
        ImportRules rules = new(ownVtep, ownRouterMac, [.. kept ?? []], _macs);
        Dictionary<string, ImportingVrf> wanted = vrfs.ToDictionary(v => v.Name);
        List<ImportingTable> made = [];
        foreach (ImportingTable old in _tables.Values.ToArray())
        {
            if (wanted.TryGetValue(old.Spec.Name, out ImportingVrf? same) && same == old.Spec) continue;
            _tables.Remove(old.Spec.Name);
            foreach (ExtendedCommunity target in old.Spec.Import) Unlist(target, old);
            if (same is null) continue;
            ImportingTable now = new(same, rules);
            now.Inherit(old);
            made.Add(now);
        }
        made.AddRange(vrfs.Where(v => !_tables.ContainsKey(v.Name) && made.All(m => m.Spec.Name != v.Name)).Select(v => new ImportingTable(v, rules)));
        foreach (ImportingTable table in made) List(table);
        _generation++;
        return Fill([.. made]);
    }

    /// <summary>Takes changes of best paths, in their order; those of other families are passed over.</summary>
    public IReadOnlyList<VrfRouteChange> Apply(IEnumerable<RouteChange> batch)
    {
        HashSet<ImportingTable> touched = [];
        foreach (RouteChange change in batch) Apply(change, touched);
        return Decide(touched);
    }

    /// <summary>The routes of a VRF; none when there is no such VRF.</summary>
    public IReadOnlyDictionary<IpPrefix, ImmutableArray<TunnelHop>> RoutesOf(string vrf) => _tables.GetValueOrDefault(vrf)?.Routes ?? [];

    /// <summary>The hops that some route of a VRF is over; none when there is no such VRF.</summary>
    public IReadOnlySet<TunnelHop> HopsOf(string vrf) => _tables.GetValueOrDefault(vrf)?.Hops.ToHashSet() ?? [];

    /// <summary>The VRFs whose <see cref="HopsOf"/> may be others since the last call.</summary>
    public IReadOnlyCollection<string> TakeHopsChanged()
    {
        string[] changed = [.. _hopsChanged];
        _hopsChanged.Clear();
        return changed;
    }

    /// <summary>Every path that some VRF imports, with the reason for each that is not used.</summary>
    public IEnumerable<VrfPathRow> Rows() => _tables.Values.OrderBy(t => t.Spec.Name, StringComparer.Ordinal).SelectMany(t => t.Rows());

    private void Apply(in RouteChange change, HashSet<ImportingTable> touched)
    {
        if (!EvpnPath.TryPrefix(change.Nlri, out IpPrefix prefix)) return;
        ref SharedTerms? path = ref CollectionsMarshal.GetValueRefOrAddDefault(_paths, change.Nlri, out _);
        SharedTerms? before = path;
        bool isPath = _terms.TryGet(change, out SharedTerms? now) && !change.IsLocal;
        if (isPath && now == before) return;
        if (isPath) path = now;
        else _paths.Remove(change.Nlri);
        if (isPath && now!.Users++ == 0 && _macs.Add(now.Terms)) TouchAllOf(now.Terms.RouterMac!.Value, touched);
        if (before is not null)
        {
            foreach (ImportingTable table in ImportersOf(before))
            {
                table.Remove(prefix, change.Nlri);
                touched.Add(table);
            }
        }
        if (isPath)
        {
            foreach (ImportingTable table in ImportersOf(now!))
            {
                table.Add(prefix, change.Nlri, now!.Terms);
                touched.Add(table);
            }
        }
        else if (now is { Users: 0 }) _terms.Drop(now);
        if (before is null || --before.Users > 0) return;
        _terms.Drop(before);
        if (_macs.Remove(before.Terms)) TouchAllOf(before.Terms.RouterMac!.Value, touched);
    }

    private IReadOnlyList<VrfRouteChange> Decide(IReadOnlyCollection<ImportingTable> touched)
    {
        List<VrfRouteChange> changes = [];
        foreach (ImportingTable table in touched)
        {
            table.Decide(changes);
            if (table.HopsChanged) _hopsChanged.Add(table.Spec.Name);
            table.HopsChanged = false;
        }
        return changes;
    }

    private IReadOnlyList<VrfRouteChange> Fill(HashSet<ImportingTable> tables)
    {
        if (tables.Count == 0) return [];
        foreach ((Nlri nlri, SharedTerms path) in _paths)
        {
            if (!EvpnPath.TryPrefix(nlri, out IpPrefix prefix)) continue;
            foreach (ImportingTable table in ImportersOf(path))
                if (tables.Contains(table)) table.Add(prefix, nlri, path.Terms);
        }
        return Decide(tables);
    }

    private void List(ImportingTable table)
    {
        _tables[table.Spec.Name] = table;
        foreach (ExtendedCommunity target in table.Spec.Import)
        {
            if (!_byTarget.TryGetValue(target.Value, out List<ImportingTable>? list)) _byTarget[target.Value] = list = [];
            list.Add(table);
        }
    }

    private void Unlist(ExtendedCommunity target, ImportingTable table)
    {
        List<ImportingTable> list = _byTarget[target.Value];
        list.Remove(table);
        if (list.Count == 0) _byTarget.Remove(target.Value);
    }

    private ImportingTable[] ImportersOf(SharedTerms path)
    {
        if (path.Generation == _generation) return path.Importers;
        path.Importers = [.. path.Terms.Targets.SelectMany(t => _byTarget.GetValueOrDefault(t.Value) ?? []).Distinct()];
        path.Generation = _generation;
        return path.Importers;
    }

    private void TouchAllOf(MacAddress mac, HashSet<ImportingTable> touched)
    {
        foreach ((Nlri nlri, SharedTerms path) in _paths)
        {
            if (path.Terms.RouterMac != mac || !EvpnPath.TryPrefix(nlri, out IpPrefix prefix)) continue;
            foreach (ImportingTable table in ImportersOf(path))
            {
                table.Touch(prefix);
                touched.Add(table);
            }
        }
    }
}
