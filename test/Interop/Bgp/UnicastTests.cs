using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>IPv4 and IPv6 unicast with each daemon, both directions, with what the other side says it sees.</summary>
public class UnicastTests
{
    private static readonly LocalRoute s_route = new()
    {
        Med = 7,
        Communities = [new Community(65001, 42)],
        LargeCommunities = [new LargeCommunity(65001, 3, 4)],
    };

    private static async Task Announce(Speaker speaker)
    {
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), s_route);
        await speaker.AnnounceAsync(IpPrefix.Parse("2001:db8:a::/48"), s_route);
    }

    [Fact]
    public async Task Bird_External()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002)));
        await Announce(speaker);
        await BgpLab.Up(speaker);
        PathAttributes a = await BgpLab.Route(speaker, "192.0.2.0/24");
        Assert.Equal(("65002", BgpLab.Peer), (a.AsPath.ToString(), a.NextHop.ToString()));
        Assert.True(a.HasCommunity(new Community(65002, 77)));
        Assert.Equal([new LargeCommunity(65002, 1, 2)], a.LargeCommunities);
        Assert.Equal(BgpLab.Peer6, (await BgpLab.Route(speaker, "2001:db8:b::/48")).NextHop.ToString());
        await BgpLab.Shows(() => lab.Birdc("show route 203.0.113.0/24 all"), "BGP.as_path: 65001", "BGP.next_hop: 10.9.0.1", "BGP.med: 7", "(65001,42)", "(65001, 3, 4)");
        await BgpLab.Shows(() => lab.Birdc("show route 2001:db8:a::/48 all"), "BGP.next_hop: fd09::1");
        await speaker.WithdrawAsync(IpPrefix.Parse("203.0.113.0/24"));
        await BgpLab.Shows(() => lab.Birdc("show route protocol margay table master4 count"), "0 of ");
    }

    [Fact]
    public async Task Frr_External_FourOctetAs()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(4_200_000_003));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(4_200_000_003)));
        await Announce(speaker);
        await BgpLab.Up(speaker);
        Assert.Equal("4200000003", (await BgpLab.Route(speaker, "198.51.100.0/24")).AsPath.ToString());
        await BgpLab.Route(speaker, "2001:db8:f::/48");
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast 203.0.113.0/24"), "65001", "10.9.0.1 from 10.9.0.1", "metric 7", "Community: 65001:42", "Large Community: 65001:3:4");
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv6 unicast 2001:db8:a::/48"), "fd09::1");
    }

    [Fact]
    public async Task GoBgp_External()
    {
        using BgpLab lab = new();
        lab.StartGoBgp(Daemons.GoBgp(65004, "", "ipv4-unicast", "ipv6-unicast"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65004)));
        await Announce(speaker);
        await BgpLab.Up(speaker);
        await BgpLab.Shows(() => lab.GoBgp("global rib"), "203.0.113.0/24", "65001:42");
        lab.GoBgp("global rib add 192.0.2.0/24 community 65004:9");
        lab.GoBgp("global rib add -a ipv6 2001:db8:9::/48 nexthop fd09::2");
        Assert.True((await BgpLab.Route(speaker, "192.0.2.0/24")).HasCommunity(new Community(65004, 9)));
        Assert.Equal("fd09::2", (await BgpLab.Route(speaker, "2001:db8:9::/48")).NextHop.ToString());
        lab.GoBgp("global rib del 192.0.2.0/24");
        await BgpLab.NoRoute(speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Bird_OverIPv6_IPv4WithIPv6NextHop()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(channels: "ipv4 { import all; export where proto = \"own4\"; extended next hop on; next hop self; }; ipv6 { import all; export none; };", neighbour: BgpLab.Us6));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { RemoteAddress = InetAddress.Parse(BgpLab.Peer6) })));
        await Announce(speaker);
        await BgpLab.Up(speaker);
        Assert.Equal(BgpLab.Peer6, (await BgpLab.Route(speaker, "192.0.2.0/24")).NextHop.ToString());
        await BgpLab.Shows(() => lab.Birdc("show route 203.0.113.0/24 all"), "BGP.next_hop: fd09::1");
    }

    [Fact]
    public async Task Frr_OverIPv6_IPv4WithIPv6NextHop()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(address: BgpLab.Us6, neighbour: $"neighbor {BgpLab.Us6} capability extended-nexthop"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003, p => p with { RemoteAddress = InetAddress.Parse(BgpLab.Peer6) })));
        await Announce(speaker);
        await BgpLab.Up(speaker);
        Assert.True((await BgpLab.Route(speaker, "198.51.100.0/24")).NextHop.IsIPv6);
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast 203.0.113.0/24"), "fd09::1");
    }

    [Fact]
    public async Task Passive_AndDynamic_BirdConnects()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(RemoteAs.External, p => p with { Name = "rack", RemoteAddress = null, ListenRange = IpPrefix.Parse("10.9.0.0/24") })));
        await BgpLab.Up(speaker, "rack-10.9.0.2");
        await BgpLab.Route(speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Bird_AddPath_BothWays()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(channels: "ipv4 { import all; export where proto = \"own4\"; next hop self; add paths on; }; ipv6 { import all; export none; };"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { AddPath = AddPathMode.Both })));
        await Announce(speaker);
        await BgpLab.Route(speaker, "192.0.2.0/24");
        Assert.NotEqual(0u, (await speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.IPv4Unicast))[0].PathId);
        await BgpLab.Shows(() => lab.Birdc("show route 203.0.113.0/24 all"), "BGP.next_hop: 10.9.0.1");
        await speaker.WithdrawAsync(IpPrefix.Parse("203.0.113.0/24"));
        await BgpLab.Shows(() => lab.Birdc("show route protocol margay table master4 count"), "0 of ");
    }
}
