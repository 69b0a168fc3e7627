using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>IPv6 transport, IPv6 next hops of IPv4 routes (RFC 8950), who connects to whom, and neighbours that nobody named.</summary>
public class TransportTests
{
    private const string NoExtendedNextHop = "OpenBGPD 7.7 does not have RFC 8950";

    public static IEnumerable<TheoryDataRow<PeerKind>> Daemons => DaemonTable.All;

    public static IEnumerable<TheoryDataRow<PeerKind>> WithExtendedNextHop => DaemonTable.AllBut((PeerKind.OpenBgpd, NoExtendedNextHop));

    public static IEnumerable<TheoryDataRow<PeerKind>> ThatListen => DaemonTable.AllBut((PeerKind.ExaBgp, "ExaBGP listens only for all of its neighbours, as a process option"));

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task OverIPv6(PeerKind kind)
    {
        using BgpLab lab = new();
        // Our next hop has a link-local part, which bgpd refuses without zebra: it then knows no interface.
        PeerSetup setup = new() { Neighbour = BgpLab.Us6, Families = FamilySet.IPv6Unicast, KernelRoutes = kind == PeerKind.Frr };
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, setup);
        await speaker.AnnounceAsync(IpPrefix.Parse("2001:db8:a::/48"), LocalRoute.Default);
        Assert.Equal(BgpLab.Peer6, (await BgpLab.Route(speaker, PeerSetup.Prefix6)).NextHop.ToString());
        await daemon.SeesAsync("2001:db8:a::/48", BgpLab.Us6);
    }

    [Theory]
    [MemberData(nameof(WithExtendedNextHop))]
    public async Task IPv4RoutesWithIPv6NextHop(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Neighbour = BgpLab.Us6, ExtendedNextHop = true });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        Assert.True((await BgpLab.Route(speaker, PeerSetup.Prefix4)).NextHop.IsIPv6);
        await daemon.SeesAsync("203.0.113.0/24", BgpLab.Us6);
    }

    [Theory]
    [MemberData(nameof(ThatListen))]
    public async Task WeConnect(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Passive = true });
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task DynamicNeighbour(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, null, p => p with { Name = "rack", RemoteAs = RemoteAs.External, RemoteAddress = null, ListenRange = IpPrefix.Parse("10.9.0.0/24") });
        await BgpLab.Up(speaker, "rack-10.9.0.2");
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
    }
}
