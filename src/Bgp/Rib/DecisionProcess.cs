using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Rib;

/// <summary>One path as the decision sees it.</summary>
internal readonly record struct Candidate(PathAttributes Attributes, RibPeer Peer, uint PathId, uint NextHopMetric);

/// <summary>
/// Which of the usable paths of a prefix is best: RFC 4271 §9.1.2.2 with RFC 4456 §9, RFC 7432 §15 and RFC 9494 §4.3. A pure function. Works by elimination,
/// step by step over all candidates, because MED is only comparable within one neighbouring AS: with comparison in pairs the result would depend
/// on the order of arrival.
/// </summary>
internal static class DecisionProcess
{
    /// <summary>
    /// Index of the best candidate. <paramref name="reasons"/> gets for each one the step at which it lost; those that are equal up to the
    /// next-hop metric get <see cref="PathReason.Multipath"/> if <paramref name="maxPaths"/> allows.
    /// </summary>
    internal static int Select(ReadOnlySpan<Candidate> all, Span<PathReason> reasons, bool alwaysCompareMed, int maxPaths)
    {
        reasons[..all.Length].Fill(PathReason.Best);
        if (all.Length == 1) return 0;
        KeepLowest(all, reasons, PathReason.LocalRoute, static c => c.Peer.IsLocal ? 0u : 1);
        KeepLowest(all, reasons, PathReason.LongLivedStale, static c => (c.Attributes.WellKnown & WellKnownCommunities.LlgrStale) != 0 ? 1u : 0);
        // RFC 7432 §15: where an address moved to last, whatever else speaks for another place.
        KeepLowest(all, reasons, PathReason.Mobility, static c => c.Attributes.Mobility > uint.MaxValue ? 0u : 1);
        KeepLowest(all, reasons, PathReason.Mobility, static c => ~(uint)c.Attributes.Mobility);
        KeepLowest(all, reasons, PathReason.LocalPref, static c => ~c.Attributes.LocalPrefOrDefault);
        KeepLowest(all, reasons, PathReason.AsPathLength, static c => c.Attributes.AsPathLength);
        KeepLowest(all, reasons, PathReason.Origin, static c => (uint)c.Attributes.OriginValue);
        CompareMed(all, reasons, alwaysCompareMed);
        KeepLowest(all, reasons, PathReason.External, static c => c.Peer.IsExternal || c.Peer.IsLocal ? 0u : 1);
        KeepLowest(all, reasons, PathReason.NextHopMetric, static c => c.NextHopMetric);
        int best = SelectOne(all, reasons, maxPaths > 1);
        if (maxPaths > 1) LimitMultipath(all, reasons, best, maxPaths);
        return best;
    }

    private static void KeepLowest(ReadOnlySpan<Candidate> all, Span<PathReason> reasons, PathReason loser, Func<Candidate, uint> value)
    {
        uint lowest = uint.MaxValue;
        for (int i = 0; i < all.Length; i++)
        {
            if (reasons[i] == PathReason.Best) lowest = Math.Min(lowest, value(all[i]));
        }
        for (int i = 0; i < all.Length; i++)
        {
            if (reasons[i] == PathReason.Best && value(all[i]) != lowest) reasons[i] = loser;
        }
    }

    private static void CompareMed(ReadOnlySpan<Candidate> all, Span<PathReason> reasons, bool always)
    {
        Span<bool> loses = all.Length <= 256 ? stackalloc bool[all.Length] : new bool[all.Length];
        loses.Clear();
        for (int i = 0; i < all.Length; i++)
        {
            for (int j = 0; j < all.Length && reasons[i] == PathReason.Best && !loses[i]; j++)
            {
                if (reasons[j] != PathReason.Best || (!always && all[i].Attributes.NeighborAs != all[j].Attributes.NeighborAs)) continue;
                loses[i] = all[j].Attributes.MedOrZero < all[i].Attributes.MedOrZero;
            }
        }
        for (int i = 0; i < all.Length; i++)
        {
            if (loses[i]) reasons[i] = PathReason.Med;
        }
    }

    /// <summary>The tie-breakers. Losers of these are equal paths, if multipath is on.</summary>
    private static int SelectOne(ReadOnlySpan<Candidate> all, Span<PathReason> reasons, bool multipath)
    {
        int best = -1;
        for (int i = 0; i < all.Length; i++)
        {
            if (reasons[i] != PathReason.Best) continue;
            if (best < 0)
            {
                best = i;
                continue;
            }
            (int order, PathReason step) = BreakTie(all[best], all[i]);
            int loser = order <= 0 ? i : best;
            if (order > 0) best = i;
            reasons[loser] = multipath ? PathReason.Multipath : step;
        }
        return best;
    }

    private static (int Order, PathReason Step) BreakTie(in Candidate a, in Candidate b)
    {
        // RFC 4456 §9: the originator stands for the peer that reflected its route.
        int c = Identifier(a).CompareTo(Identifier(b));
        if (c != 0) return (c, PathReason.RouterId);
        c = a.Attributes.ClusterListLength.CompareTo(b.Attributes.ClusterListLength);
        if (c != 0) return (c, PathReason.ClusterListLength);
        c = a.Peer.Address.CompareTo(b.Peer.Address);
        return c != 0 ? (c, PathReason.PeerAddress) : (a.PathId.CompareTo(b.PathId), PathReason.PathId);
    }

    private static uint Identifier(in Candidate c) => c.Attributes.OriginatorId != 0 ? c.Attributes.OriginatorId : c.Peer.RouterId;

    private static void LimitMultipath(ReadOnlySpan<Candidate> all, Span<PathReason> reasons, int best, int maxPaths)
    {
        int used = 1;
        for (int i = 0; i < all.Length; i++)
        {
            if (reasons[i] != PathReason.Multipath) continue;
            InetAddress hop = all[i].Attributes.NextHop;
            // Same length is compared above; RFC 4271 leaves multipath open, so paths of different peers with one next hop count once.
            if (hop == all[best].Attributes.NextHop || used++ >= maxPaths) reasons[i] = BreakTie(all[best], all[i]).Step;
        }
    }
}
