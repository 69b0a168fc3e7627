using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Filter;

/// <summary>Conditions on a route; all that are given must hold. Without any it matches every route.</summary>
public sealed record RouteMatch
{
    public static RouteMatch Any { get; } = new();

    /// <summary>Only routes of this family.</summary>
    public Family? Family { get; init; }

    public PrefixMatch? Prefix { get; init; }
    public RouteOrigin Origin { get; init; }

    /// <summary>The interface that the route was learned over, where its session is bound to one: a name in which * stands for any run of characters. Own routes have none.</summary>
    public string? Interface { get; init; }

    /// <summary>The name of the peer that the route was learned from, with * for any run of characters. Own routes have none.</summary>
    public string? LearnedFrom { get; init; }

    /// <summary>Whether the peer that the policy belongs to is external.</summary>
    public bool? PeerIsExternal { get; init; }

    public Community? Community { get; init; }
    public LargeCommunity? LargeCommunity { get; init; }

    /// <summary>AS_PATH begins with these numbers. Empty: any.</summary>
    public AsPath AsPathPrefix { get; init; }

    public uint? LocalPref { get; init; }

    /// <summary>A route without LOCAL_PREF meets <see cref="LocalPref"/> too.</summary>
    public bool LocalPrefMayBeAbsent { get; init; }

    /// <param name="prefix">That of a unicast route, null for other families.</param>
    internal bool Matches(in FilterContext route, IpPrefix? prefix) =>
        (Family is not { } family || family == route.Nlri.Family)
        && (Prefix is not { } wanted || (prefix is { } p && wanted.Matches(p)))
        && MatchesOrigin(route.Source)
        && (PeerIsExternal is not { } external || external == route.PeerIsExternal)
        && (LearnedFrom is null || (!route.Source.IsLocal && NamePattern.Matches(LearnedFrom, route.Source.PeerName)))
        && (Interface is null || (route.Source.Interface is { } name && NamePattern.Matches(Interface, name)))
        && MatchesAttributes(route.Attributes);

    private bool MatchesOrigin(RouteSource source) => Origin switch
    {
        RouteOrigin.Own => source.IsLocal,
        RouteOrigin.Learned => !source.IsLocal,
        RouteOrigin.LearnedExternally => !source.IsLocal && source.IsExternal,
        _ => true,
    };

    private bool MatchesAttributes(PathAttributes attributes) =>
        (Community is not { } community || attributes.HasCommunity(community))
        && (LargeCommunity is not { } large || attributes.LargeCommunities.Contains(large))
        && (AsPathPrefix.IsEmpty || attributes.AsPath.StartsWith(AsPathPrefix))
        && (LocalPref is null || (attributes.LocalPref is { } pref ? pref == LocalPref : LocalPrefMayBeAbsent));
}

/// <summary>Where a route comes from.</summary>
public enum RouteOrigin
{
    Any,

    /// <summary>The speaker originates it.</summary>
    Own,

    Learned,
    LearnedExternally,
}
