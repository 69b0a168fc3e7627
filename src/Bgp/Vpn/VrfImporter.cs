using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

// Best EVPN paths in, routes of VRFs out:
//
//   RouteChange ─► EvpnPath ─► every VRF that imports one of its targets: prefix ─► candidates (one for each route distinguisher)
//                                                                                     └─► highest sequence, then LOCAL_PREF; the rest of equal rank together (ECMP)
//
// The result depends on the paths and VRFs that there are, not on the order in which they came. Everything that is passed over has a reason in words.

/// <summary>A VRF that imports.</summary>
/// <param name="Import">Routes with any of these targets.</param>
/// <param name="Vni">Of its tunnel: routes with another label would arrive elsewhere.</param>
public sealed record ImportingVrf(string Name, ImmutableArray<ExtendedCommunity> Import, uint Vni)
{
    public bool Equals(ImportingVrf? other) => other is not null && Name == other.Name && Vni == other.Vni && Import.SequenceEqual(other.Import);
    public override int GetHashCode() => HashCode.Combine(Name, Vni);
}

/// <summary>Where packets go: the tunnel end, and the MAC address that they bear inside.</summary>
public readonly record struct TunnelHop(InetAddress Vtep, MacAddress RouterMac) : IComparable<TunnelHop>
{
    public int CompareTo(TunnelHop other) => Vtep.CompareTo(other.Vtep) is var c and not 0 ? c : RouterMac.Value.CompareTo(other.RouterMac.Value);
}

/// <param name="Hops">Sorted; none: the prefix is gone.</param>
public sealed record VrfRouteChange(string Vrf, IpPrefix Prefix, ImmutableArray<TunnelHop> Hops);

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

    private readonly Dictionary<Nlri, EvpnPath> _paths = [];
    private readonly Dictionary<string, Vrf> _vrfs = [];
    private readonly Dictionary<ulong, List<Vrf>> _byTarget = [];
    private readonly RouterMacs _macs = new();

    private sealed class Vrf(ImportingVrf spec)
    {
        public ImportingVrf Spec => spec;
        public Dictionary<IpPrefix, HashSet<Nlri>> Candidates { get; } = [];
        public Dictionary<IpPrefix, ImmutableArray<TunnelHop>> Routes { get; } = [];
    }

    /// <summary>Takes over the VRFs that there shall be; those that stay as they were are not touched. Of one that goes nothing is said.</summary>
    public IReadOnlyList<VrfRouteChange> Configure(IReadOnlyCollection<ImportingVrf> vrfs)
    {
        List<VrfRouteChange> changes = [];
        Dictionary<string, ImportingVrf> wanted = vrfs.ToDictionary(v => v.Name);
        foreach (Vrf old in _vrfs.Values.ToArray())
        {
            if (wanted.TryGetValue(old.Spec.Name, out ImportingVrf? same) && same == old.Spec) continue;
            _vrfs.Remove(old.Spec.Name);
            foreach (ExtendedCommunity target in old.Spec.Import) Unlist(target, old);
            if (same is not null) _vrfs[same.Name] = Make(same, old, changes);
        }
        foreach (ImportingVrf spec in vrfs.Where(v => !_vrfs.ContainsKey(v.Name))) _vrfs[spec.Name] = Make(spec, null, changes);
        return changes;
    }

    /// <summary>Takes changes of best paths; those of other families are passed over.</summary>
    public IReadOnlyList<VrfRouteChange> Apply(IEnumerable<RouteChange> batch)
    {
        HashSet<(Vrf, IpPrefix)> touched = [];
        foreach (RouteChange change in batch)
        {
            if (change.Nlri.Family != Family.Evpn) continue;
            if (_paths.Remove(change.Nlri, out EvpnPath? old))
            {
                Touch(old, touched, v => v.Candidates[old.Prefix].Remove(change.Nlri));
                if (_macs.Remove(old)) TouchAllOf(old.RouterMac!.Value, touched);
            }
            if (change.IsLocal || EvpnPath.TryRead(change) is not { } now) continue;
            _paths[change.Nlri] = now;
            Touch(now, touched, v => Candidates(v, now.Prefix).Add(change.Nlri));
            if (_macs.Add(now)) TouchAllOf(now.RouterMac!.Value, touched);
        }
        List<VrfRouteChange> changes = [];
        foreach ((Vrf vrf, IpPrefix prefix) in touched) Decide(vrf, prefix, changes);
        return changes;
    }

    /// <summary>The routes of a VRF; none when there is no such VRF.</summary>
    public IReadOnlyDictionary<IpPrefix, ImmutableArray<TunnelHop>> RoutesOf(string vrf) =>
        _vrfs.TryGetValue(vrf, out Vrf? found) ? found.Routes : new Dictionary<IpPrefix, ImmutableArray<TunnelHop>>();

    /// <summary>Every path that some VRF imports, with the reason for each that is not used.</summary>
    public IEnumerable<VrfPathRow> Rows() =>
        from vrf in _vrfs.Values.OrderBy(v => v.Spec.Name, StringComparer.Ordinal)
        from candidates in vrf.Candidates.OrderBy(c => c.Key)
        let best = Best(vrf, candidates.Value)
        from nlri in candidates.Value
        let path = _paths[nlri]
        select new VrfPathRow(vrf.Spec.Name, path.Prefix, nlri, path, WhyNot(vrf, path) ?? (Rank(path) == best ? null : Outranked));

    private Vrf Make(ImportingVrf spec, Vrf? before, List<VrfRouteChange> changes)
    {
        Vrf vrf = new(spec);
        foreach (ExtendedCommunity target in spec.Import)
        {
            if (!_byTarget.TryGetValue(target.Value, out List<Vrf>? list)) _byTarget[target.Value] = list = [];
            list.Add(vrf);
        }
        foreach ((Nlri nlri, EvpnPath path) in _paths)
            if (path.Targets.Any(spec.Import.Contains)) Candidates(vrf, path.Prefix).Add(nlri);
        foreach ((IpPrefix prefix, ImmutableArray<TunnelHop> hops) in before?.Routes ?? []) vrf.Routes[prefix] = hops;
        foreach (IpPrefix prefix in vrf.Candidates.Keys.Union(vrf.Routes.Keys).ToArray()) Decide(vrf, prefix, changes);
        return vrf;
    }

    private void Unlist(ExtendedCommunity target, Vrf vrf)
    {
        List<Vrf> list = _byTarget[target.Value];
        list.Remove(vrf);
        if (list.Count == 0) _byTarget.Remove(target.Value);
    }

    private static HashSet<Nlri> Candidates(Vrf vrf, IpPrefix prefix) => vrf.Candidates.TryGetValue(prefix, out HashSet<Nlri>? set) ? set : vrf.Candidates[prefix] = [];

    private void Touch(EvpnPath path, HashSet<(Vrf, IpPrefix)> touched, Action<Vrf> change)
    {
        foreach (ExtendedCommunity target in path.Targets)
        {
            foreach (Vrf vrf in _byTarget.GetValueOrDefault(target.Value) ?? [])
            {
                change(vrf);
                touched.Add((vrf, path.Prefix));
            }
        }
    }

    private void TouchAllOf(MacAddress mac, HashSet<(Vrf, IpPrefix)> touched)
    {
        foreach (EvpnPath path in _paths.Values.Where(p => p.RouterMac == mac)) Touch(path, touched, _ => { });
    }

    private void Decide(Vrf vrf, IpPrefix prefix, List<VrfRouteChange> changes)
    {
        ImmutableArray<TunnelHop> before = vrf.Routes.GetValueOrDefault(prefix, []), now = [];
        if (vrf.Candidates.TryGetValue(prefix, out HashSet<Nlri>? candidates))
        {
            if (candidates.Count == 0) vrf.Candidates.Remove(prefix);
            else if (Best(vrf, candidates) is { } best)
                now = [.. candidates.Select(n => _paths[n]).Where(p => Rank(p) == best && WhyNot(vrf, p) is null).Select(p => new TunnelHop(p.Vtep, p.RouterMac!.Value)).Distinct().Order()];
        }
        if (before.SequenceEqual(now)) return;
        if (now.IsEmpty) vrf.Routes.Remove(prefix);
        else vrf.Routes[prefix] = now;
        changes.Add(new VrfRouteChange(vrf.Spec.Name, prefix, now));
    }

    private (uint, uint)? Best(Vrf vrf, HashSet<Nlri> candidates)
    {
        (uint, uint)? best = null;
        foreach (Nlri nlri in candidates)
        {
            EvpnPath path = _paths[nlri];
            if (WhyNot(vrf, path) is null && (best is null || Rank(path).CompareTo(best.Value) > 0)) best = Rank(path);
        }
        return best;
    }

    private static (uint Sequence, uint LocalPref) Rank(EvpnPath path) => (path.Sequence, path.LocalPref);

    private string? WhyNot(Vrf vrf, EvpnPath path)
    {
        if (path.Refusal is not null) return path.Refusal;
        if (path.Vtep == ownVtep) return OwnRoute;
        foreach (IpPrefix range in kept ?? [])
            if (range.Contains(path.Prefix)) return $"{range} is this host's own in every network";
        if (path.RouterMac == ownRouterMac) return $"its Router's MAC {path.RouterMac} is that of this host: two hosts must not share one";
        if (path.Vni != vrf.Spec.Vni) return $"its VNI is {path.Vni}, that of the network {vrf.Spec.Vni}";
        return _macs.OwnerOf(path.RouterMac!.Value) is { } owner && owner != path.Vtep ? $"its Router's MAC {path.RouterMac} is also that of {owner}: two hosts must not share one" : null;
    }
}
