using CsCheck;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Rib;

/// <summary>Each step of the decision, and that the order of arrival does not matter.</summary>
public class DecisionTests
{
    private static RibPeer Peer(int index, bool external = true, uint? routerId = null) => new(index, new RouteSource(
        $"p{index}", InetAddress.FromIPv4(0x0a000000u + (uint)index), 65000, InetAddress.FromIPv4(routerId ?? (uint)index), external, false));

    private static Candidate Path(RibPeer peer, Action<PathAttributesBuilder>? change = null, uint metric = 0, uint pathId = 0)
    {
        PathAttributesBuilder b = new PathAttributesBuilder().SetAsPath(AsPath.Sequence(65001, 65002)).SetNextHop(peer.Address);
        change?.Invoke(b);
        return new Candidate(b.Build(), peer, pathId, metric);
    }

    private static (int Best, string Reason) Decide(Candidate winner, Candidate loser, bool alwaysMed = false)
    {
        PathReason[] reasons = new PathReason[2];
        int best = DecisionProcess.Select([loser, winner], reasons, alwaysMed, 1);
        int other = DecisionProcess.Select([winner, loser], new PathReason[2], alwaysMed, 1);
        Assert.Equal(best, 1 - other);
        return (best, reasons[1 - best].ToString());
    }

    [Fact]
    public void LocalRoute_Wins() => Assert.Equal((1, "LocalRoute"), Decide(
        Path(new RibPeer(0, RouteSource.Local)), Path(Peer(1), b => b.SetLocalPref(1000))));

    [Fact]
    public void LongLivedStale_Loses() => Assert.Equal((1, "LongLivedStale"), Decide(
        Path(Peer(2)), Path(Peer(1), b => b.SetLocalPref(1000).AddCommunity(Community.LlgrStale))));

    [Theory]
    [InlineData(5u, false, 4u, false)]
    [InlineData(1u, false, null, false)]
    [InlineData(0u, true, 9u, false)]
    public void LaterMove_Wins_OfAnEvpnRoute(uint sequence, bool sticky, uint? other, bool otherSticky)
    {
        void Evpn(PathAttributesBuilder b, uint? s, bool keep)
        {
            b.SetNlriPayload(new byte[13]);
            if (s is { } n) b.SetExtendedCommunities([ExtendedCommunity.RouteTarget(1, 1), ExtendedCommunity.MacMobility(n, keep)]);
        }
        Assert.Equal((1, "Mobility"), Decide(Path(Peer(2), b => Evpn(b, sequence, sticky)), Path(Peer(1), b => { Evpn(b, other, otherSticky); b.SetLocalPref(1000); })));
    }

    [Fact]
    public void MobilityCommunity_OnOtherFamilies_SaysNothing() => Assert.Equal((1, "LocalPref"), Decide(
        Path(Peer(2), b => b.SetLocalPref(101)), Path(Peer(1), b => b.SetExtendedCommunities([ExtendedCommunity.MacMobility(7, false)]))));

    [Fact]
    public void HigherLocalPref_Wins() => Assert.Equal((1, "LocalPref"), Decide(Path(Peer(2), b => b.SetLocalPref(101)), Path(Peer(1))));

    [Fact]
    public void ShorterPath_Wins() => Assert.Equal((1, "AsPathLength"), Decide(Path(Peer(2), b => b.SetAsPath(AsPath.Sequence(65001))), Path(Peer(1))));

    [Fact]
    public void LowerOrigin_Wins() => Assert.Equal((1, "Origin"), Decide(Path(Peer(2)), Path(Peer(1), b => b.SetOrigin(Origin.Egp))));

    [Fact]
    public void LowerMed_Wins_WithinOneAs() => Assert.Equal((1, "Med"), Decide(Path(Peer(2)), Path(Peer(1), b => b.SetMed(1))));

    [Fact]
    public void Med_OfDifferentAses_IsNotCompared()
    {
        Candidate a = Path(Peer(1), b => b.SetMed(9).SetAsPath(AsPath.Sequence(1, 2))), b = Path(Peer(2), b => b.SetAsPath(AsPath.Sequence(3, 2)));
        Assert.Equal((1, "RouterId"), Decide(a, b));
        Assert.Equal((1, "Med"), Decide(b, a, alwaysMed: true));
    }

    [Fact]
    public void External_Wins() => Assert.Equal((1, "External"), Decide(Path(Peer(2)), Path(Peer(1, external: false))));

    [Fact]
    public void NearerNextHop_Wins() => Assert.Equal((1, "NextHopMetric"), Decide(Path(Peer(2), metric: 1), Path(Peer(1), metric: 2)));

    [Fact]
    public void LowerRouterId_Wins() => Assert.Equal((1, "RouterId"), Decide(Path(Peer(2, routerId: 5)), Path(Peer(1, routerId: 6))));

    [Fact]
    public void Originator_StandsForTheReflector() => Assert.Equal((1, "RouterId"), Decide(
        Path(Peer(9, false), b => b.Set(AttributeType.OriginatorId, AttributeFlags.Optional, [0, 0, 0, 1])), Path(Peer(2, false))));

    [Fact]
    public void ShorterClusterList_Wins() => Assert.Equal((1, "ClusterListLength"), Decide(
        Path(Peer(2, false, 7)), Path(Peer(1, false, 7), b => b.Set(AttributeType.ClusterList, AttributeFlags.Optional, [0, 0, 0, 1]))));

    [Fact]
    public void LowerAddress_Wins() => Assert.Equal((1, "PeerAddress"), Decide(Path(Peer(1, routerId: 7)), Path(Peer(2, routerId: 7))));

    [Fact]
    public void LowerPathId_Wins() => Assert.Equal((1, "PathId"), Decide(Path(Peer(1), pathId: 1), Path(Peer(1), pathId: 2)));

    [Fact]
    public void OrderOfArrival_DoesNotMatter()
    {
        // MED makes comparison in pairs depend on the order: the classic trap.
        Gen<(int Peer, uint As, uint Med, uint Pref)> path = Gen.Select(Gen.Int[1, 6], Gen.UInt[1, 2], Gen.UInt[0, 3], Gen.UInt[100, 101]);
        path.Array[1, 8].Sample(paths =>
        {
            Candidate[] all = [.. paths.Select((p, i) => Path(Peer(10 + i, external: p.Peer > 3, routerId: (uint)p.Peer), b => b.SetMed(p.Med).SetLocalPref(p.Pref).SetAsPath(AsPath.Sequence(p.As, 9))))];
            PathAttributes Best(Candidate[] c) => c[DecisionProcess.Select(c, new PathReason[c.Length], false, 1)].Attributes;
            Candidate[] reversed = [.. all.Reverse()];
            return ReferenceEquals(Best(all), Best(reversed));
        });
    }

    [Fact]
    public void Multipath_TakesEqualPathsWithDifferentNextHops_UpToTheLimit()
    {
        Candidate[] all = [Path(Peer(1)), Path(Peer(2)), Path(Peer(3)), Path(Peer(4), b => b.SetLocalPref(1))];
        PathReason[] reasons = new PathReason[4];
        Assert.Equal(0, DecisionProcess.Select(all, reasons, false, 2));
        Assert.Equal([PathReason.Best, PathReason.Multipath, PathReason.RouterId, PathReason.LocalPref], reasons);
    }
}
