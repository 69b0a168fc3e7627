using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>What routes look like after sessions: eBGP, iBGP, reflection, policy, sinks.</summary>
public class RoutingTests
{
    private readonly Net _net = new();

    [Fact]
    public void External_NextHopIsTheSession_PathGrows_LocalPrefStays()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002), c = _net.Add(3, 65003);
        _net.Link(a, 1, b, 2);
        _net.Link(b, 2, c, 3);
        _net.Announce(a, "192.0.2.0/24", new LocalRoute { LocalPref = 300, Med = 7, Communities = [new Community(65001, 1)], LargeCommunities = [new(1, 2, 3)] });
        _net.AwaitRoute(c, "192.0.2.0/24");
        PathAttributes atB = _net.Route(b, "192.0.2.0/24")!.Attributes, atC = _net.Route(c, "192.0.2.0/24")!.Attributes;
        Assert.Equal(("65001", Net.Address(1), 7u), (atB.AsPath.ToString(), atB.NextHop, atB.Med!.Value));
        Assert.Equal(("65002 65001", Net.Address(2)), (atC.AsPath.ToString(), atC.NextHop));
        Assert.Null(atC.Med);
        Assert.Null(atC.LocalPref);
        Assert.True(atC.HasCommunity(new Community(65001, 1)));
        Assert.Equal([new LargeCommunity(1, 2, 3)], atC.LargeCommunities);
        _net.Withdraw(a, "192.0.2.0/24");
        _net.AwaitNoRoute(c, "192.0.2.0/24");
    }

    [Fact]
    public void Internal_RoutesDoNotTravelOn_WithoutAReflector()
    {
        Speaker a = _net.Add(1, 65000), b = _net.Add(2, 65000), c = _net.Add(3, 65000);
        _net.Link(a, 1, b, 2);
        _net.Link(b, 2, c, 3);
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        _net.Run(5);
        Assert.Null(_net.Route(c, "192.0.2.0/24"));
        RouteExplanation e = _net.Sim.Wait(b.ExplainAsync(IpPrefix.Parse("192.0.2.0/24")))!;
        Assert.Contains(e.NotAdvertisedTo, n => n.Peer == "s3" && n.Reason.Contains("neither side is a client", StringComparison.Ordinal));
        Assert.Contains(e.NotAdvertisedTo, n => n.Peer == "s1" && n.Reason == "the best path came from it");
    }

    [Fact]
    public void Reflector_AddsOriginatorAndCluster_KeepsNextHop()
    {
        Speaker a = _net.Add(1, 65000), rr = _net.Add(2, 65000), c = _net.Add(3, 65000);
        _net.Link(a, 1, rr, 2, atB: p => p with { RouteReflectorClient = true });
        _net.Link(rr, 2, c, 3, atA: p => p with { RouteReflectorClient = true });
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(c, "192.0.2.0/24");
        PathAttributes at = _net.Route(c, "192.0.2.0/24")!.Attributes;
        Assert.Equal(Net.Address(1), at.NextHop);
        Assert.Equal("0a000001", Convert.ToHexStringLower(at.Value(AttributeType.OriginatorId)));
        Assert.Equal([Net.Address(2)], at.ClusterList);
        Assert.Equal(100u, at.LocalPref);
        Assert.Empty(_net.Routes(a, RibKind.AdjRibIn));
    }

    [Fact]
    public void ReflectorLoop_IsSeenByClusterAndOriginator()
    {
        // Two reflectors of one cluster, each the other's client: what comes back is not used.
        Speaker a = _net.Add(1, 65000), r1 = _net.Add(2, 65000), r2 = _net.Add(3, 65000);
        _net.Change(r2, c => c with { ClusterId = Net.Address(2) });
        _net.Link(a, 1, r1, 2, atB: p => p with { RouteReflectorClient = true });
        _net.Link(r1, 2, r2, 3, p => p with { RouteReflectorClient = true }, p => p with { RouteReflectorClient = true });
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(r1, "192.0.2.0/24");
        _net.Run(5);
        RouteRow row = Assert.Single(_net.Routes(r2, RibKind.AdjRibIn));
        Assert.Equal("not usable: our cluster id is in CLUSTER_LIST", row.Reason);
        Assert.Equal(0, _net.Status(r2, 2).RoutesAccepted);
        Assert.Equal(1, _net.Status(r2, 2).RoutesReceived);
    }

    [Fact]
    public void AsLoop_IsNotUsed_UnlessAllowed()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002), c = _net.Add(3, 65001);
        _net.Link(a, 1, b, 2);
        _net.Link(b, 2, c, 3);
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        _net.Run(5);
        Assert.Equal("not usable: our own AS is in AS_PATH", Assert.Single(_net.Routes(c, RibKind.AdjRibIn)).Reason);
        _net.ChangePeer(c, 2, p => p with { AllowOwnAs = 1 });
        _net.AwaitRoute(c, "192.0.2.0/24");
        Assert.Equal(1, _net.Status(c, 2).TimesEstablished);
    }

    [Fact]
    public void RequirePolicy_AcceptsAndSendsNothing_WithoutFilters()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2, atB: p => p with { RequirePolicy = true });
        _net.Announce(a, "192.0.2.0/24");
        _net.Announce(b, "198.51.100.0/24");
        _net.AwaitUp(a, 2);
        _net.Run(5);
        Assert.Null(_net.Route(a, "198.51.100.0/24"));
        Assert.Contains("RFC 8212", Assert.Single(_net.Routes(b, RibKind.AdjRibIn)).Reason, StringComparison.Ordinal);
        _net.ChangePeer(b, 1, p => p with { Import = new AcceptAll(), Export = new AcceptAll() });
        _net.AwaitRoute(a, "198.51.100.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        Assert.Equal(1, _net.Status(b, 1).TimesEstablished);
    }

    [Fact]
    public void ImportFilter_RejectsAndModifies_AndAChangeIsAppliedWithoutAReset()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2, atB: p => p with { Import = new Only("192.0.2.0/24", 250) });
        _net.Announce(a, "192.0.2.0/24");
        _net.Announce(a, "198.51.100.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        Assert.Equal(250u, _net.Route(b, "192.0.2.0/24")!.Attributes.LocalPref);
        Assert.Null(_net.Route(b, "198.51.100.0/24"));
        _net.ChangePeer(b, 1, p => p with { Import = new Only("198.51.100.0/24", 50) });
        _net.AwaitNoRoute(b, "192.0.2.0/24");
        Assert.Equal(50u, _net.Route(b, "198.51.100.0/24")!.Attributes.LocalPref);
        Assert.Equal(1, _net.Status(b, 1).TimesEstablished);
        _net.ChangePeer(b, 1, p => p with { Import = null });
        _net.AwaitRoute(b, "192.0.2.0/24");
        Assert.Null(_net.Route(b, "192.0.2.0/24")!.Attributes.LocalPref);
    }

    [Fact]
    public void ExportFilter_AChangeWithdrawsAndAnnouncesWhatDiffers()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002), c = _net.Add(3, 65003);
        _net.Link(a, 1, b, 2);
        _net.Link(a, 1, c, 3);
        _net.Announce(a, "192.0.2.0/24");
        _net.Announce(a, "198.51.100.0/24");
        _net.AwaitRoute(b, "198.51.100.0/24");
        _net.AwaitRoute(c, "198.51.100.0/24");
        _net.ChangePeer(a, 2, p => p with { Export = new Only("192.0.2.0/24", 1) });
        _net.AwaitNoRoute(b, "198.51.100.0/24");
        Assert.NotNull(_net.Route(b, "192.0.2.0/24"));
        Assert.NotNull(_net.Route(c, "198.51.100.0/24"));
        Assert.Equal(1, _net.Status(a, 2).RoutesAdvertised);
        _net.ChangePeer(a, 2, p => p with { Export = null });
        _net.AwaitRoute(b, "198.51.100.0/24");
        Assert.Equal(1, _net.Status(a, 2).TimesEstablished);
    }

    [Fact]
    public void NoExport_StaysInside_NoAdvertiseStaysHere()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65001), c = _net.Add(3, 65003);
        _net.Link(a, 1, b, 2);
        _net.Link(a, 1, c, 3);
        _net.Announce(a, "192.0.2.0/24", new LocalRoute { Communities = [Community.NoExport] });
        _net.Announce(a, "198.51.100.0/24", new LocalRoute { Communities = [Community.NoAdvertise] });
        _net.Announce(a, "203.0.113.0/24");
        _net.AwaitRoute(b, "203.0.113.0/24");
        _net.AwaitRoute(c, "203.0.113.0/24");
        Assert.NotNull(_net.Route(b, "192.0.2.0/24"));
        Assert.Null(_net.Route(c, "192.0.2.0/24"));
        Assert.Null(_net.Route(b, "198.51.100.0/24"));
    }

    [Fact]
    public void MovedRoute_IsWithdrawnFromItsNewSource()
    {
        // Three clients of a reflector; the prefix moves from one to the next. Each time the new owner must not keep the old route.
        Speaker rr = _net.Add(1, 65000);
        List<Speaker> clients = [];
        for (int n = 2; n <= 4; n++)
        {
            clients.Add(_net.Add(n, 65000));
            _net.Link(rr, 1, clients[^1], n, atA: p => p with { RouteReflectorClient = true });
        }
        for (int n = 2; n <= 4; n++) _net.AwaitUp(rr, n);
        for (int owner = 0; owner < 3; owner++)
        {
            _net.Announce(clients[owner], "192.0.2.1/32");
            if (owner > 0) _net.Withdraw(clients[owner - 1], "192.0.2.1/32");
            _net.Run(1);
            for (int n = 0; n < 3; n++)
            {
                int learned = _net.Routes(clients[n], RibKind.AdjRibIn).Length;
                Assert.Equal(n == owner ? 0 : 1, learned);
            }
        }
    }

    [Fact]
    public void IPv4OverIPv6NextHop_And_IPv6OverIPv4Session()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        InetAddress self = InetAddress.Parse("2001:db8::1");
        _net.Link(a, 1, b, 2, p => p with { Families = FamilySet.Unicast, SelfIPv6 = self }, p => p with { Families = FamilySet.Unicast });
        _net.Announce(a, "192.0.2.0/24", new LocalRoute { NextHop = self });
        _net.Announce(a, "2001:db8:1::/48");
        _net.ChangePeer(a, 2, p => p with { NextHop = NextHopMode.Keep });
        _net.AwaitRoute(b, "2001:db8:1::/48");
        _net.AwaitRoute(b, "192.0.2.0/24");
        Assert.Equal(self, _net.Route(b, "192.0.2.0/24")!.Attributes.NextHop);
        Assert.Equal(self, _net.Route(b, "2001:db8:1::/48")!.Attributes.NextHop);
        // B has no IPv6 address to name: it says so instead of inventing one.
        _net.Announce(b, "2001:db8:2::/48");
        _net.Run(2);
        RouteExplanation e = _net.Sim.Wait(b.ExplainAsync(IpPrefix.Parse("2001:db8:2::/48")))!;
        Assert.Contains("no address of that family", Assert.Single(e.NotAdvertisedTo).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Sink_GetsBestPaths_Multipath_AndConvergence()
    {
        RecordingSink sink = new();
        Speaker a = _net.Add(1, 65001, sink), b = _net.Add(2, 65002), c = _net.Add(3, 65002);
        _net.Change(a, x => x with { MaxPaths = 4 });
        _net.Link(a, 1, b, 2);
        _net.Link(a, 1, c, 3);
        _net.Announce(b, "192.0.2.0/24");
        _net.Announce(c, "192.0.2.0/24");
        Assert.True(_net.Sim.RunUntil(() => sink.Converged && sink.Table.TryGetValue("192.0.2.0/24", out RouteChange r) && r.NextHops.Length == 2, TimeSpan.FromSeconds(30)));
        Assert.Single(sink.Batches, x => x.Converged);
        _net.Withdraw(b, "192.0.2.0/24");
        Assert.True(_net.Sim.RunUntil(() => sink.Table["192.0.2.0/24"].NextHops.Length == 1, TimeSpan.FromSeconds(5)));
        Assert.Equal(Net.Address(3), sink.Table["192.0.2.0/24"].NextHops[0].Address);
        _net.Announce(a, "192.0.2.0/24");
        Assert.True(sink.Table["192.0.2.0/24"].IsLocal);
        _net.Withdraw(a, "192.0.2.0/24");
        _net.Withdraw(c, "192.0.2.0/24");
        Assert.True(_net.Sim.RunUntil(() => sink.Table.Count == 0, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Convergence_DoesNotWaitForeverForAPeerThatIsAway()
    {
        RecordingSink sink = new();
        Speaker a = _net.Add(1, 65001, sink);
        _net.Peer(a, 9, 65009);
        _net.Run(30);
        Assert.False(sink.Converged);
        _net.Run(40);
        Assert.True(sink.Converged);
    }

    [Fact]
    public void RouteRefresh_SendsEverythingAgain()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        long before = _net.Status(b, 1).UpdatesReceived;
        Assert.True(_net.Sim.Wait(b.RefreshAsync("s1")));
        Assert.True(_net.Sim.RunUntil(() => _net.Status(b, 1).UpdatesReceived >= before + 2, TimeSpan.FromSeconds(5)));
        Assert.NotNull(_net.Route(b, "192.0.2.0/24"));
    }

    /// <summary>Accepts all.</summary>
    private sealed record AcceptAll : IRouteFilter
    {
        public FilterResult Apply(in FilterContext route) => FilterResult.Accept;
    }

    /// <summary>Accepts one prefix with a LOCAL_PREF.</summary>
    private sealed record Only(string Prefix, uint LocalPref) : IRouteFilter
    {
        public FilterResult Apply(in FilterContext route) => route.Nlri.ToString() == Prefix
            ? FilterResult.Modify(route.Attributes.ToBuilder().SetLocalPref(LocalPref).Build())
            : FilterResult.Reject;
    }
}
