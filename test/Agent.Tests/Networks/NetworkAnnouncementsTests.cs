using Margay.Agent.Attach;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Tests.Networks;

/// <summary>What a host tells of its networks, and what it asks for.</summary>
public class NetworkAnnouncementsTests
{
    private static readonly InetAddress s_own = InetAddress.Parse("192.0.2.1");
    private static readonly TunnelEnd s_end = TunnelEnd.Of(s_own, 1500);
    private static readonly NetworkView s_red = new() { Name = "red.net", Vni = 10001, Import = ["64512:10001"], Export = ["64512:10001"] };
    private static readonly NetworkView s_green = new() { Name = "green.net", Vni = 10002, Import = ["64512:10002"], Export = ["64512:10002"] };

    private static HeldView View(string? cluster, params NetworkView[] networks) => HeldView.Empty.Apply(new ViewDelta
    {
        Epoch = "e", Revision = 1, Snapshot = true, Networks = networks,
        Settings = new NodeSettings { Node = "n1", AsNumber = 64512, RouteReflectorClusterId = cluster },
    });

    private static AddressUseSnapshot Use(params string[] hosts) => new([], []) { Hosts = [.. hosts.Select(Key)] };

    private static NetworkPrefix Key(string text) => new(new NetworkName(text[..text.IndexOf('/', StringComparison.Ordinal)]), IpPrefix.Parse(text[(text.IndexOf('/', StringComparison.Ordinal) + 1)..]));

    private static IReadOnlyDictionary<Nlri, LocalRoute> Of(HeldView view, AddressUseSnapshot use) => NetworkAnnouncements.Of(view, use, s_end, s_own);

    private static IEnumerable<Nlri> Subscriptions(IReadOnlyDictionary<Nlri, LocalRoute> routes) => routes.Keys.Where(n => n.Family == Family.RouteTarget);

    [Fact]
    public void AnAddressInUse_IsToldWithAllThatOthersNeed()
    {
        IReadOnlyDictionary<Nlri, LocalRoute> routes = Of(View(null, s_red), Use("red.net/10.0.0.1/32"));
        EvpnRoute expected = EvpnRoute.IpPrefix(RouteDistinguisher.Of(s_own, 10001), IpPrefix.Parse("10.0.0.1/32"), 10001);
        LocalRoute route = routes[expected.Nlri];
        Assert.Equal(expected.Payload.ToArray(), route.NlriPayload.ToArray());
        Assert.Equal(s_own, route.NextHop);
        Assert.Equal(["encap:8", $"router-mac:{s_end.RouterMac}", "rt:64512:10001"], route.ExtendedCommunities.Select(c => c.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal([RouteTargetMembership.Of(64512, ExtendedCommunity.RouteTarget(64512, 10001))], Subscriptions(routes));
    }

    [Fact]
    public void AnAddressThatMovedHere_OutranksWhatIsLeftOfItElsewhere()
    {
        AddressUseSnapshot use = Use("red.net/10.0.0.1/32", "red.net/10.0.0.2/32");
        IReadOnlyDictionary<Nlri, LocalRoute> before = Of(View(null, s_red), use);
        IReadOnlyDictionary<Nlri, LocalRoute> after = Of(View(null, s_red), use with { Moves = new Dictionary<NetworkPrefix, uint> { [Key("red.net/10.0.0.1/32")] = 3 } });
        LocalRouteChange change = Assert.Single(NetworkAnnouncements.Difference(before, after));
        Assert.Equal(EvpnRoute.IpPrefix(RouteDistinguisher.Of(s_own, 10001), IpPrefix.Parse("10.0.0.1/32"), 10001).Nlri, change.Nlri);
        Assert.Equal(200u, change.Route!.LocalPref);
        Assert.Contains(ExtendedCommunity.MacMobility(3, sticky: false), change.Route.ExtendedCommunities);
    }

    [Fact]
    public void ANetworkWithoutAWorkloadHere_IsNeitherToldOfNorAskedFor()
    {
        IReadOnlyDictionary<Nlri, LocalRoute> routes = Of(View(null, s_red, s_green), Use("red.net/10.0.0.1/32"));
        Assert.Equal(2, routes.Count);
        Assert.Equal(["red.net"], NetworkAnnouncements.Vrfs(View(null, s_red, s_green), Use("red.net/10.0.0.1/32")).Select(v => v.Name));
        Assert.Empty(Of(View(null, s_red), Use("gone.net/10.0.0.1/32")));
    }

    [Fact]
    public void ANetworkThatIsNeededHere_IsAskedFor()
    {
        NetworkView green = s_green with { Needed = true };
        Assert.Equal(["green.net", "red.net"], NetworkAnnouncements.Vrfs(View(null, s_red, green), Use("red.net/10.0.0.1/32")).Select(v => v.Name).Order(StringComparer.Ordinal));
        Assert.Equal(2, Subscriptions(Of(View(null, s_red, green), Use("red.net/10.0.0.1/32"))).Count());
    }

    [Fact]
    public void AGateway_TellsOfEverything()
    {
        IReadOnlyDictionary<Nlri, LocalRoute> routes = Of(View(null, s_red with { Needed = true, IsGateway = true }), Use());
        foreach (string all in (string[])["0.0.0.0/0", "::/0"])
        {
            LocalRoute route = routes[EvpnRoute.IpPrefix(RouteDistinguisher.Of(s_own, 10001), IpPrefix.Parse(all), 10001).Nlri];
            Assert.Contains(ExtendedCommunity.RouteTarget(64512, 10001), route.ExtendedCommunities);
        }
        Assert.Single(Subscriptions(routes));
    }

    [Fact]
    public void AFloatingAddress_IsToldToTheWorld_WhereItsTargetIs()
    {
        NetworkView red = s_red with { Floating = [new("203.0.113.1", "10.0.0.1"), new("203.0.113.2", "10.0.0.2"), new("2001:db8::1", "fd00::1")] };
        NetworkView green = s_green with { Floating = [new("203.0.113.3", "10.0.0.1")] };
        HeldView view = View(null, red, green);
        Assert.Equal(["203.0.113.1/32", "2001:db8::1/128"], Announcements.Of(view, Use("red.net/10.0.0.1/32", "red.net/fd00::1/128", "green.net/10.0.0.2/32")).Keys.Order().Select(k => k.ToString()));
        Assert.Equal(["203.0.113.2/32", "203.0.113.3/32"], Announcements.Of(view, Use("red.net/10.0.0.2/32", "green.net/10.0.0.1/32")).Keys.Order().Select(k => k.ToString()));
        // Not to the network: inside it, it means nothing.
        Assert.Equal(Of(View(null, s_red), Use("red.net/10.0.0.1/32")).Keys, Of(View(null, red), Use("red.net/10.0.0.1/32")).Keys);
    }

    [Fact]
    public void AReflector_AsksForEverything_WithOrWithoutATunnel()
    {
        Assert.Equal([RouteTargetMembership.All], Of(View("1.1.1.1"), Use()).Keys);
        Assert.Equal([RouteTargetMembership.All], NetworkAnnouncements.Of(View("1.1.1.1"), Use(), null, s_own).Keys);
    }

    [Fact]
    public void Blocks_AreToldUnderTheirOwnTargets_OnlyWhereAsked()
    {
        AddressUseSnapshot use = Use("red.net/10.0.0.1/32") with { Blocks = [Key("red.net/10.0.0.0/26"), Key("green.net/10.9.0.0/26")] };
        Assert.Equal(2, Of(View(null, s_red), use).Count);
        IReadOnlyDictionary<Nlri, LocalRoute> routes = Of(View(null, s_red with { ExportAggregates = ["64512:7"] }), use);
        LocalRoute block = routes[EvpnRoute.IpPrefix(RouteDistinguisher.Of(s_own, 10001), IpPrefix.Parse("10.0.0.0/26"), 10001).Nlri];
        Assert.Contains(ExtendedCommunity.RouteTarget(64512, 7), block.ExtendedCommunities);
        Assert.DoesNotContain(ExtendedCommunity.RouteTarget(64512, 10001), block.ExtendedCommunities);
        Assert.Equal(3, routes.Count);
    }

    [Fact]
    public void NetworksThatShareTheLowerBitsOfTheirVni_HaveDistinguishersOfTheirOwn()
    {
        IReadOnlyDictionary<string, ushort> numbers = NetworkAnnouncements.NumbersOf([s_red with { Name = "b", Vni = 0x1_2711 }, s_red, s_red with { Name = "c", Vni = 0xffff }, s_red with { Name = "d", Vni = 0x1_ffff }]);
        Assert.Equal((10001, 10002, 0xffff, 0), (numbers["red.net"], numbers["b"], numbers["c"], numbers["d"]));
        Assert.Equal(4, numbers.Values.Distinct().Count());
    }

    [Fact]
    public void Difference_IsWhatLeadsFromOneToTheOther()
    {
        IReadOnlyDictionary<Nlri, LocalRoute> one = Of(View(null, s_red), Use("red.net/10.0.0.1/32")), two = Of(View(null, s_red), Use("red.net/10.0.0.1/32", "red.net/fd00::1/128"));
        Assert.Empty(NetworkAnnouncements.Difference(one, Of(View(null, s_red), Use("red.net/10.0.0.1/32"))));
        Assert.NotNull(Assert.Single(NetworkAnnouncements.Difference(one, two)).Route);
        Assert.Null(Assert.Single(NetworkAnnouncements.Difference(two, one)).Route);
        IReadOnlyDictionary<Nlri, LocalRoute> retargeted = Of(View(null, s_red with { Export = ["64512:5"] }), Use("red.net/10.0.0.1/32"));
        Assert.NotNull(Assert.Single(NetworkAnnouncements.Difference(one, retargeted)).Route);
    }

    [Fact]
    public void RouterMacs_AreOfTheirHostAlone()
    {
        Assert.Equal("02:6d:c0:00:02:01", s_end.RouterMac.ToString());
        Assert.NotEqual(TunnelEnd.Of(InetAddress.Parse("2001:db8::1"), 1500).RouterMac, TunnelEnd.Of(InetAddress.Parse("2001:db8::2"), 1500).RouterMac);
        Assert.Equal((1450, 1430), (s_end.InnerMtu, TunnelEnd.Of(InetAddress.Parse("2001:db8::1"), 1500).InnerMtu));
    }
}
