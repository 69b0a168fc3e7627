using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>Our speaker as a route reflector between a real daemon and a second speaker of ours, in unicast, EVPN and VPN families.</summary>
public class ReflectionTests
{
    /// <summary>The reflector and a client speaker beside it, at 10.9.0.3.</summary>
    internal static async Task<(Speaker Reflector, Speaker Client)> Start(BgpLab lab, FamilySet families)
    {
        lab.AddOurAddress("10.9.0.3");
        Speaker reflector = await lab.StartSpeaker(BgpLab.Config(
            BgpLab.Spec(65001, p => p with { RouteReflectorClient = true, Families = families }),
            BgpLab.Spec(65001, p => p with { Name = "client", RemoteAddress = InetAddress.Parse("10.9.0.3"), RouteReflectorClient = true, Passive = true, Families = families })));
        Speaker client = await lab.StartSpeaker(new SpeakerConfig
        {
            LocalAs = 65001,
            RouterId = InetAddress.Parse("10.9.0.3"),
            Peers = [BgpLab.Spec(65001, p => p with { Name = "reflector", RemoteAddress = InetAddress.Parse(BgpLab.Us), LocalAddress = InetAddress.Parse("10.9.0.3"), Families = families })],
        });
        await BgpLab.Up(client, "reflector");
        await BgpLab.Up(reflector);
        return (reflector, client);
    }

    [Fact]
    public async Task Frr_Client_SeesOriginatorAndCluster()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(65001));
        (_, Speaker client) = await Start(lab, FamilySet.Unicast);
        await client.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), new LocalRoute { LocalPref = 250 });
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast 203.0.113.0/24"), "Originator: 10.9.0.3", "Cluster list: 10.9.0.1", "localpref 250", "10.9.0.3 from 10.9.0.1");
        PathAttributes a = await BgpLab.Route(client, "198.51.100.0/24");
        Assert.Equal(BgpLab.Peer, a.NextHop.ToString());
        Assert.Equal([InetAddress.Parse(BgpLab.Us)], a.ClusterList);
    }

    [Fact]
    public async Task Evpn_GoBgpRoutesReachTheClientWhole()
    {
        using BgpLab lab = new();
        lab.StartGoBgp(Daemons.GoBgp(65001, "", "l2vpn-evpn"));
        (_, Speaker client) = await Start(lab, FamilySet.Evpn);
        lab.GoBgp("global rib add -a evpn prefix 20.0.0.0/24 etag 0 label 100 rd 10.9.0.2:100 rt 65000:100 encap vxlan router-mac 02:00:00:00:00:01 nexthop 10.9.0.2");
        lab.GoBgp("global rib add -a evpn macadv 02:00:00:00:00:07 20.0.0.7 etag 0 label 100 rd 10.9.0.2:100 rt 65000:100 encap vxlan nexthop 10.9.0.2");
        lab.GoBgp("global rib add -a evpn multicast 10.9.0.2 etag 0 rd 10.9.0.2:100 rt 65000:100");
        Assert.True(await BgpLab.Until(async () => (await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn)).Length == 3), "3 EVPN routes did not come");
        RouteRow type5 = (await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn)).Single(r => r.Nlri.Key[0] == 5);
        Assert.Contains(ExtendedCommunity.RouteTarget(65000, 100), type5.Attributes.ExtendedCommunities);
        Assert.Contains(type5.Attributes.ExtendedCommunities, c => c.ToString() == "router-mac:02:00:00:00:00:01");
        Assert.Equal(BgpLab.Peer, type5.Attributes.NextHop.ToString());
        lab.GoBgp("global rib del -a evpn prefix 20.0.0.0/24 etag 0 label 100 rd 10.9.0.2:100 rt 65000:100 encap vxlan");
        Assert.True(await BgpLab.Until(async () => (await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn)).Length == 2), "the withdrawal did not come");
    }

    [Fact]
    public async Task RouteTargetMembership_GoBgpIsSentWhatItSubscribedTo()
    {
        using BgpLab lab = new();
        lab.StartGoBgp(Daemons.GoBgp(65001, "", "l2vpn-evpn", "rtc"));
        (Speaker reflector, Speaker client) = await Start(lab, FamilySet.Evpn | FamilySet.RouteTarget);
        await reflector.UpdateLocalRoutesAsync([new LocalRouteChange(RouteTargetMembership.All, LocalRoute.Default)]);
        foreach (uint vni in new uint[] { 100, 200 })
        {
            EvpnRoute route = EvpnRoute.IpPrefix(RouteDistinguisher.Of(InetAddress.Parse("10.9.0.3"), (ushort)vni), IpPrefix.Parse($"20.{vni}.0.0/24"), vni);
            await client.UpdateLocalRoutesAsync([new LocalRouteChange(route.Nlri, new LocalRoute { NlriPayload = route.Payload, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, vni), ExtendedCommunity.Encapsulation(8)] })]);
        }
        Assert.True(await BgpLab.Until(async () => (await reflector.GetRoutesAsync(RibKind.LocRib, Family.Evpn)).Length == 2));
        Assert.DoesNotContain("20.100.0.0", lab.GoBgp("global rib -a evpn"), StringComparison.Ordinal);
        lab.GoBgp("vrf add v1 rd 1:1 rt both 65000:100");
        await BgpLab.Shows(() => lab.GoBgp("global rib -a evpn"), "20.100.0.0");
        Assert.DoesNotContain("20.200.0.0", lab.GoBgp("global rib -a evpn"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evpn_FrrTakesOurType5AndType2()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(65001, families: $" address-family l2vpn evpn\n  neighbor {BgpLab.Us} activate\n exit-address-family"));
        (_, Speaker client) = await Start(lab, FamilySet.Evpn);
        RouteDistinguisher rd = RouteDistinguisher.Of(InetAddress.Parse("10.9.0.3"), 100);
        EvpnRoute five = EvpnRoute.IpPrefix(rd, IpPrefix.Parse("20.0.0.0/24"), 5000), two = EvpnRoute.MacIp(rd, MacAddress.Parse("02:00:00:00:00:07"), InetAddress.Parse("20.0.0.7"), 5000);
        ExtendedCommunity[] communities = [ExtendedCommunity.RouteTarget(65000, 5000), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(MacAddress.Parse("02:00:00:00:00:01"))];
        await client.UpdateLocalRoutesAsync([
            new LocalRouteChange(five.Nlri, new LocalRoute { NlriPayload = five.Payload, ExtendedCommunities = [.. communities] }),
            new LocalRouteChange(two.Nlri, new LocalRoute { NlriPayload = two.Payload, ExtendedCommunities = [.. communities] })]);
        await BgpLab.Shows(() => lab.Vtysh("show bgp l2vpn evpn"), "[5]:[0]:[24]:[20.0.0.0]", "[2]:[0]:[48]:[02:00:00:00:00:07]:[32]:[20.0.0.7]", "RT:65000:5000 ET:8 Rmac:02:00:00:00:00:01", "10.9.0.3");
    }
}
