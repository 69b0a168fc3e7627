using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>Our speaker as a route reflector between a real daemon and a second speaker of ours, in the unicast families; <see cref="EvpnTests"/> and <see cref="VpnTests"/> have the others.</summary>
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
}
