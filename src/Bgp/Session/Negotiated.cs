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

    /// <summary>By family, how long at most routes outlive the restart time: the lower of what both sides said; zero: not at all.</summary>
    internal TimeSpan[] LongLivedStale { get; init; } = new TimeSpan[KnownFamilies.Count];

    /// <summary>Families for which the peer says that it forwards still by what it told before its long-lived restart (F bit).</summary>
    internal FamilySet LongLivedForwarding { get; init; }

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
            LongLivedForwarding = b.LongLived.Where(l => l.ForwardingPreserved).Aggregate(FamilySet.None, (set, l) => set | l.Family),
        };
    }

    private static TimeSpan[] LongLivedOf(Capabilities a, Capabilities b)
    {
        TimeSpan[] times = new TimeSpan[KnownFamilies.Count];
        for (int f = 0; f < times.Length; f++) times[f] = TimeSpan.FromSeconds(Math.Min(Seconds(a, f), Seconds(b, f)));
        return times;

        static int Seconds(Capabilities c, int family) => c.LongLived.Where(l => l.Family == KnownFamilies.Bit(family)).Select(l => l.StaleSeconds).FirstOrDefault();
    }
}
