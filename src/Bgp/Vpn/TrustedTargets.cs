using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Vpn;

/// <summary>
/// Import policy of a peer that may speak for some VPNs only. Of its VPN and EVPN routes:
/// <list type="bullet">
/// <item>route targets of other VPNs are not believed: they are taken away, and a route that has no other is rejected;</item>
/// <item>LOCAL_PREF is <see cref="MostLocalPref"/> at most, and MAC mobility (RFC 7432 §7.7) is not believed. What makes a route unique, its route distinguisher, anybody can copy: as best path the peer's route
/// would otherwise hide one of another VPN, and as the newer one it would draw an address to itself that a router of ours has.</item>
/// </list>
/// Routes of other families are the next filter's business alone. Immutable, compared by value.
/// </summary>
/// <param name="targets">Believed.</param>
/// <param name="scope">For people, such as "it may speak for red/net alone".</param>
/// <param name="next">Asked about what is left; null accepts.</param>
public sealed class TrustedTargets(ImmutableArray<ExtendedCommunity> targets, string scope, IRouteFilter? next) : IRouteFilter, IEquatable<TrustedTargets>
{
    /// <summary>One less than that of a route that says nothing.</summary>
    public const uint MostLocalPref = 99;

    private readonly IRouteFilter? _next = next;

    public ImmutableArray<ExtendedCommunity> Targets { get; } = targets;
    public string Scope { get; } = scope;

    public FilterResult Apply(in FilterContext route)
    {
        if (route.Nlri.Family.Safi is not (Safi.Evpn or Safi.MplsVpn)) return _next?.Apply(route) ?? FilterResult.Accept;
        PathAttributes attributes = route.Attributes;
        ImmutableArray<ExtendedCommunity> all = attributes.ExtendedCommunities;
        string? foreign = Foreign(all);
        if (!all.Any(Targets.Contains)) return foreign is null ? FilterResult.Rejected($"it has no route target, and {Scope}") : FilterResult.Distrusted(foreign);
        PathAttributesBuilder builder = attributes.ToBuilder();
        builder.SetExtendedCommunities([.. all.Where(c => c.IsRouteTarget ? Targets.Contains(c) : (c.Type, c.Subtype) != (6, 0))]);
        builder.SetLocalPref(Math.Min(attributes.LocalPrefOrDefault, MostLocalPref));
        PathAttributes kept = builder.Build();
        FilterResult rest = _next?.Apply(new FilterContext(route.Nlri, kept, route.Source, route.PeerIsExternal)) ?? FilterResult.Accept;
        if (!rest.Accepted) return rest;
        kept = rest.Attributes ?? kept;
        return foreign is null ? FilterResult.Modify(kept) : FilterResult.Distrusted(foreign, kept);
    }

    /// <summary>Why some of a route's targets are not believed; null when all are.</summary>
    public string? Foreign(ImmutableArray<ExtendedCommunity> communities)
    {
        ExtendedCommunity[] foreign = [.. communities.Where(c => c.IsRouteTarget && !Targets.Contains(c))];
        return foreign.Length == 0 ? null : $"{string.Join(", ", foreign)} is not believed: {Scope}";
    }

    public bool Equals(TrustedTargets? other) => other is not null && Scope == other.Scope && Equals(_next, other._next) && Targets.AsSpan().SequenceEqual(other.Targets.AsSpan());
    public override bool Equals(object? obj) => Equals(obj as TrustedTargets);
    public override int GetHashCode() => HashCode.Combine(Scope, _next, Targets.Length);
}
