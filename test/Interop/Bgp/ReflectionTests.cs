using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>Our speaker as a route reflector between a real daemon and a second speaker of ours, in unicast, EVPN and VPN families.</summary>
public class ReflectionTests
{
    /// <summary>The reflector and a client speaker beside it, at 10.9.0.3.</summary>
    private static async Task<(Speaker Reflector, Speaker Client)> Start(BgpLab lab, FamilySet families)
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
    public async Task VpnIPv4_GoBgpRoutesReachTheClientWhole()
    {
        using BgpLab lab = new();
        lab.StartGoBgp(Daemons.GoBgp(65001, "", "l3vpn-ipv4-unicast"));
        (_, Speaker client) = await Start(lab, FamilySet.VpnIPv4);
        lab.GoBgp("global rib add -a vpnv4 20.1.0.0/24 label 10 rd 65000:7 rt 65000:7 nexthop 10.9.0.2");
        Assert.True(await BgpLab.Until(async () => (await client.GetRoutesAsync(RibKind.LocRib, Family.VpnIPv4)).Any(r => r.Nlri.ToString() == "65000:7:20.1.0.0/24")), "the VPN route did not come");
    }
}
