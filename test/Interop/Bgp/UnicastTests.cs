using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>IPv4 and IPv6 unicast with every daemon, both directions, announced and withdrawn, with communities and large communities, as the other side sees it.</summary>
public class UnicastTests
{
    public static IEnumerable<TheoryDataRow<PeerKind>> Daemons => DaemonTable.All;

    private static readonly LocalRoute s_route = new()
    {
        Med = 7,
        Communities = [new Community(65001, 42)],
        LargeCommunities = [new LargeCommunity(65001, 3, 4)],
    };

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task External_BothWays(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind);
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), s_route);
        await speaker.AnnounceAsync(IpPrefix.Parse("2001:db8:a::/48"), s_route);

        PathAttributes a = await BgpLab.Route(speaker, PeerSetup.Prefix4);
        Assert.Equal(("65002", BgpLab.Peer), (a.AsPath.ToString(), a.NextHop.ToString()));
        Assert.True(a.HasCommunity(new Community(65002, 77)));
        Assert.Equal([new LargeCommunity(65002, 1, 2)], a.LargeCommunities);
        Assert.Equal(kind == PeerKind.OpenBgpd ? "::1" : BgpLab.Peer6, (await BgpLab.Route(speaker, PeerSetup.Prefix6)).NextHop.ToString());

        await daemon.SeesAsync("203.0.113.0/24", BgpLab.Us, "65001:42", "65001:3:4", "7");
        await daemon.SeesAsync("2001:db8:a::/48", BgpLab.Us6, "65001:42");
        await speaker.WithdrawAsync(IpPrefix.Parse("203.0.113.0/24"));
        await speaker.WithdrawAsync(IpPrefix.Parse("2001:db8:a::/48"));
        await daemon.SeesNoMoreAsync("203.0.113.0/24");
        await daemon.SeesNoMoreAsync("2001:db8:a::/48");
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Internal_KeepsLocalPrefAndPath(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Asn = 65001 });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), s_route with { LocalPref = 321 });
        PathAttributes a = await BgpLab.Route(speaker, PeerSetup.Prefix4);
        Assert.Equal(("", 100u), (a.AsPath.ToString(), a.LocalPref));
        await daemon.SeesAsync("203.0.113.0/24", "321", "65001:42");
    }
}
