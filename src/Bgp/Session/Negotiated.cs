using Margay.Bgp.Wire;

namespace Margay.Bgp.Session;

/// <summary>What both sides of a session agreed on: the intersection of two OPENs.</summary>
internal sealed record Negotiated
{
    internal required uint RemoteAs { get; init; }
    internal required bool External { get; init; }
    internal required bool FourOctetAs { get; init; }
    internal required TimeSpan Hold { get; init; }
    internal required FamilySet Families { get; init; }

    /// <summary>Families in which the peer's NLRI carry path ids.</summary>
    internal FamilySet AddPathReceive { get; init; }

    /// <summary>Families in which ours do.</summary>
    internal FamilySet AddPathSend { get; init; }
    internal FamilySet ExtendedNextHop { get; init; }
    internal bool ExtendedMessage { get; init; }
    internal bool RouteRefresh { get; init; }
    internal bool EnhancedRouteRefresh { get; init; }

    /// <summary>The peer's, if we act on it.</summary>
    internal GracefulRestartCapability? GracefulRestart { get; init; }

    /// <summary>Both sides have the capability of RFC 9494.</summary>
    internal bool LongLived { get; init; }

    /// <summary>Families whose routes outlive the restart time, and for how long at most: the lower of what both sides said.</summary>
    internal (FamilySet Families, TimeSpan Time) LongLivedStale { get; init; }

    internal static Negotiated Of(OpenMessage ours, OpenMessage theirs)
    {
        Capabilities a = ours.Capabilities, b = theirs.Capabilities;
        FamilySet families = a.EffectiveFamilies & b.EffectiveFamilies;
        return new Negotiated
        {
            RemoteAs = theirs.Asn,
            External = ours.Asn != theirs.Asn,
            FourOctetAs = a.FourOctetAs is not null && b.FourOctetAs is not null,
            Hold = TimeSpan.FromSeconds(Math.Min(ours.HoldSeconds, theirs.HoldSeconds)),
            Families = families,
            AddPathReceive = families & a.AddPathReceive & b.AddPathSend,
            AddPathSend = families & a.AddPathSend & b.AddPathReceive,
            ExtendedNextHop = families & a.ExtendedNextHop & b.ExtendedNextHop,
            ExtendedMessage = a.ExtendedMessage && b.ExtendedMessage,
            RouteRefresh = a.RouteRefresh && b.RouteRefresh,
            EnhancedRouteRefresh = a.EnhancedRouteRefresh && b.EnhancedRouteRefresh,
            GracefulRestart = a.GracefulRestart is not null ? b.GracefulRestart : null,
            LongLived = !a.LongLived.IsEmpty && !b.LongLived.IsEmpty,
            LongLivedStale = LongLivedOf(a, b),
        };
    }

    private static (FamilySet, TimeSpan) LongLivedOf(Capabilities a, Capabilities b)
    {
        FamilySet families = 0;
        int seconds = a.LongLived.IsEmpty ? 0 : a.LongLived.Max(l => l.StaleSeconds);
        foreach ((FamilySet family, _, int stale) in b.LongLived)
        {
            if (stale == 0 || !a.LongLived.Any(l => l.Family == family)) continue;
            families |= family;
            seconds = Math.Min(seconds, stale);
        }
        return (families, TimeSpan.FromSeconds(seconds));
    }
}
