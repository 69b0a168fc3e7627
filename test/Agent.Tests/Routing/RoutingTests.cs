using Margay.Agent.Attach;
using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Filter;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Tests.Routing;

public class RoutingTests
{
    private static readonly NodeSettings s_settings = new() { Node = "n1", Ipv4Address = "192.0.2.1", AsNumber = 64512, BgpPort = 1790 };
    private static readonly PeerView s_peer = new() { Name = "mesh/n2", Address = "192.0.2.2", AsNumber = 64512, Origin = "node-to-node mesh" };

    [Fact]
    public void NothingIsConfigured_BeforeTheNodeHasAnAs() => Assert.Null(SpeakerPlan.Of(HeldView.Empty, BgpListen.Default, out _));

    [Fact]
    public void MeshPeer_IsInternal_WithoutMultihop()
    {
        SpeakerConfig config = Plan(s_settings, s_peer);
        PeerSpec peer = Assert.Single(config.Peers);
        Assert.Equal((64512u, InetAddress.Parse("192.0.2.1")), (config.LocalAs, config.RouterId));
        Assert.Equal([1790, 1790], config.Listen.Select(l => (int)l.Port));
        Assert.False(peer.Multihop);
        Assert.Equal(FamilySet.IPv4Unicast | FamilySet.Evpn | FamilySet.RouteTarget, peer.Families);
        Assert.IsType<RoutePolicy>(peer.Export);
    }

    [Fact]
    public void ExternalPeer_MayBeAnywhere_UnlessTtlSecuritySaysOtherwise()
    {
        Assert.True(Plan(s_settings, s_peer with { AsNumber = 65000 }).Peers[0].Multihop);
        PeerSpec near = Plan(s_settings, s_peer with { AsNumber = 65000, TtlSecurityHops = 1 }).Peers[0];
        Assert.Equal((false, (byte)1), (near.Multihop, near.TtlSecurityHops));
    }

    [Fact]
    public void UnnumberedPeer_HasAnInterface_AndBothFamilies()
    {
        PeerSpec peer = Plan(s_settings, s_peer with { Address = "", Interface = "eth0", AsNumber = 0 }).Peers[0];
        Assert.Equal((null, "eth0", RemoteAs.External, FamilySet.Unicast, false), (peer.RemoteAddress, peer.Interface, peer.RemoteAs, peer.Families, peer.Multihop));
        Assert.Equal(RemoteAs.Internal, Plan(s_settings, s_peer with { Address = "", Interface = "eth0", AsNumber = 0, IsInternal = true }).Peers[0].RemoteAs);
    }

    [Fact]
    public void Bfd_IsPassedOn()
    {
        Assert.Null(Plan(s_settings, s_peer).Peers[0].Bfd);
        Assert.Equal(
            new BfdSpec(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100), 5, true),
            Plan(s_settings, s_peer with { Bfd = new BfdView(50, 100, 5, true) }).Peers[0].Bfd);
    }

    [Theory]
    [InlineData(true, null, FamilySet.IPv4Unicast)]
    [InlineData(true, "l2vpnEvpn", FamilySet.Evpn | FamilySet.RouteTarget)]
    [InlineData(false, "ipv4Unicast ipv6Unicast", FamilySet.IPv4Unicast | FamilySet.IPv6Unicast)]
    [InlineData(false, "ipv6Unicast l2vpnEvpn later", FamilySet.IPv6Unicast | FamilySet.Evpn | FamilySet.RouteTarget)]
    public void AddressFamilies_AreThoseAskedFor_ElseThoseThatItHasToDoWith(bool without, string? asked, FamilySet families) =>
        Assert.Equal(families, Plan(s_settings, s_peer with { WithoutNetworks = without, AddressFamilies = asked?.Split(' ') }).Peers[0].Families);

    [Fact]
    public void WhoMaySpeakForSomeNetworks_IsBelievedAboutThese_AndTheSamePlanTwiceIsEqual()
    {
        PeerView leaf = s_peer with { Networks = ["red/net"], ImportTargets = ["64512:10001"], RouteTargets = ["64512:10001"] };
        TrustedTargets trust = Assert.IsType<TrustedTargets>(Plan(s_settings, leaf).Peers[0].Import);
        Assert.Equal([ExtendedCommunity.RouteTarget(64512, 10001)], trust.Targets);
        Assert.EndsWith("lets it speak for red/net alone", trust.Scope, StringComparison.Ordinal);
        Assert.Equal(Plan(s_settings, leaf).Peers[0], Plan(s_settings, leaf).Peers[0]);
        Assert.Null(Plan(s_settings, s_peer).Peers[0].Import);
        Assert.EndsWith("for no virtual network", Assert.IsType<TrustedTargets>(Plan(s_settings, s_peer with { ImportTargets = [] }).Peers[0].Import).Scope, StringComparison.Ordinal);
    }

    [Fact]
    public void RouteTargets_ArePassedOn_NoneIsNotAll()
    {
        Assert.Null(Plan(s_settings, s_peer).Peers[0].RouteTargets);
        Assert.Equal(new RouteTargetSet([ExtendedCommunity.RouteTarget(64512, 10001)]), Plan(s_settings, s_peer with { RouteTargets = ["64512:10001"] }).Peers[0].RouteTargets);
        Assert.Equal(new RouteTargetSet(Array.Empty<ExtendedCommunity>()), Plan(s_settings, s_peer with { RouteTargets = [] }).Peers[0].RouteTargets);
    }

    [Fact]
    public void Reflector_SendsOnWhatItLearns()
    {
        SpeakerConfig config = Plan(s_settings with { RouteReflectorClusterId = "10.0.0.1" }, s_peer with { RouteReflectorClient = true });
        Assert.Equal(InetAddress.Parse("10.0.0.1"), config.ClusterId);
        Assert.Equal(new RoutePolicy([PeerPolicies.WishesOfOthers], PolicyAction.Accept), config.Peers[0].Export);
        Assert.True(config.Peers[0].RouteReflectorClient);
    }

    [Fact]
    public void Ipv6OnlyUnderlay_CarriesIpv4Too()
    {
        PeerView peer = s_peer with { Address = "2001:db8::2" };
        Assert.Equal(FamilySet.IPv6Unicast | FamilySet.Evpn | FamilySet.RouteTarget, Plan(s_settings, peer).Peers[0].Families);
        SpeakerConfig alone = Plan(s_settings with { Ipv4Address = null, Ipv6Address = "2001:db8::1" }, peer);
        Assert.Equal(FamilySet.IPv4Unicast | FamilySet.IPv6Unicast | FamilySet.Evpn | FamilySet.RouteTarget, alone.Peers[0].Families);
        Assert.False(alone.RouterId.IsUnspecified);
    }

    [Fact]
    public void AReflectorOnly_OffersVpnRoutesToo()
    {
        SpeakerConfig? config = SpeakerPlan.Of(View(s_settings, s_peer), BgpListen.Default, out _, FamilySet.VpnIPv4 | FamilySet.VpnIPv6);
        Assert.Equal(FamilySet.IPv4Unicast | FamilySet.Evpn | FamilySet.RouteTarget | FamilySet.VpnIPv4 | FamilySet.VpnIPv6, config!.Peers[0].Families);
    }

    [Fact]
    public void APeerThatMakesNoSense_IsNamed_AndTheOthersAreKept()
    {
        HeldView view = View(s_settings, s_peer, s_peer with { Name = "global/bad", Address = "tor-1" });
        SpeakerConfig? config = SpeakerPlan.Of(view, BgpListen.Default, out IReadOnlyList<string> faults);
        Assert.Single(config!.Peers);
        Assert.Contains("'tor-1' is not an address", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Announcements_AreBlocksAndStrays_WithTheirCommunities()
    {
        HeldView view = HeldView.Empty.Apply(new ViewDelta
        {
            Epoch = "e",
            Revision = 1,
            Snapshot = true,
            Settings = s_settings with { PrefixCommunities = [new PrefixCommunities { Cidr = "10.0.0.0/8", Communities = ["64512:1", "64512:1:2"] }] },
            Pools = [new PoolView { Name = "a", Cidr = "10.65.0.0/16" }, new PoolView { Name = "b", Cidr = "10.66.0.0/16", DisableBgpExport = true }],
        });
        AddressUseSnapshot use = new([Prefix("10.65.0.0/26"), Prefix("10.66.0.0/26"), Prefix("fd00::/122")], [Prefix("10.65.9.9/32")]);
        IReadOnlyDictionary<IpPrefix, LocalRoute> routes = Announcements.Of(view, use);

        Assert.Equal(["10.65.0.0/26", "10.65.9.9/32", "10.66.0.0/26", "fd00::/122"], routes.Keys.Order().Select(p => p.ToString()));
        Assert.Equal([new Community(64512, 1)], routes[IpPrefix.Parse("10.65.0.0/26")].Communities);
        Assert.Equal([new LargeCommunity(64512, 1, 2)], routes[IpPrefix.Parse("10.65.9.9/32")].LargeCommunities);
        Assert.Empty(routes[IpPrefix.Parse("fd00::/122")].Communities);
        Assert.All(routes.Values, r => Assert.Equal(2147482623u, r.LocalPref));
        Assert.Empty(Announcements.Difference(routes, Announcements.Of(view, use)));
        LocalRouteChange gone = Assert.Single(Announcements.Difference(routes, Announcements.Of(view, use with { Strays = [] })));
        Assert.Null(gone.Route);
    }

    [Fact]
    public void BestPaths_BecomeRoutes_AndOwnOnesAreNone()
    {
        IpPrefix prefix = IpPrefix.Parse("10.66.0.0/26");
        NextHop hop = new(InetAddress.Parse("192.0.2.2"), null, "p");
        Assert.Equal([new Dataplane.RouteNextHop(hop.Address)], FibSink.ToUpdate(prefix, new RouteChange(prefix, [hop, hop], null, null, false)).NextHops);
        Assert.Empty(FibSink.ToUpdate(prefix, new RouteChange(prefix, [hop], null, null, true)).NextHops);
        Assert.Empty(FibSink.ToUpdate(prefix, new RouteChange(prefix, [], null, null, false)).NextHops);
    }

    private static NetworkPrefix Prefix(string text) => new(NetworkName.Default, IpPrefix.Parse(text));

    private static SpeakerConfig Plan(NodeSettings settings, params PeerView[] peers)
    {
        SpeakerConfig? config = SpeakerPlan.Of(View(settings, peers), BgpListen.Default, out IReadOnlyList<string> faults);
        Assert.Empty(faults);
        return config!;
    }

    private static HeldView View(NodeSettings settings, params PeerView[] peers) =>
        HeldView.Empty.Apply(new ViewDelta { Epoch = "e", Revision = 1, Snapshot = true, Settings = settings, Peers = peers });
}
