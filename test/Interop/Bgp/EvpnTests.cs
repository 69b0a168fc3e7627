using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Netlink;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>EVPN (RFC 7432, 9136) and route target membership (RFC 4684): a daemon and a speaker of ours as clients of our reflector, each sees the other's routes whole.</summary>
public class EvpnTests
{
    private const string NoEvpn = "has no EVPN", Mac = "020000000007";
    private static readonly RouteDistinguisher s_rd = RouteDistinguisher.Of(InetAddress.Parse("10.9.0.3"), 100);

    public static IEnumerable<TheoryDataRow<PeerKind>> WithEvpn => DaemonTable.AllBut(
        (PeerKind.Bird, $"BIRD 2.0 {NoEvpn}"),
        (PeerKind.OpenBgpd, $"OpenBGPD 7.7 {NoEvpn}"));

    public static IEnumerable<TheoryDataRow<PeerKind>> ThatOriginate => DaemonTable.AllBut(
        (PeerKind.Bird, $"BIRD 2.0 {NoEvpn}"),
        (PeerKind.OpenBgpd, $"OpenBGPD 7.7 {NoEvpn}"),
        (PeerKind.ExaBgp, "ExaBGP 4.2 reads EVPN, and has no words to announce it"));

    private static async Task<PeerDaemon?> StartAsync(BgpLab lab, PeerKind kind)
    {
        if (kind != PeerKind.Frr) return await lab.StartAsync(kind, new PeerSetup { Asn = 65001, Families = FamilySet.Evpn, Prefixes = [] });
        // Routes of its own come from the kernel: VNI 100 for routing, VNI 200 with a bridge and a host.
        foreach (string vni in new[] { "100", "200" })
        {
            Tool.Run("ip", "-n", lab.PeerName, "link", "add", $"br{vni}", "type", "bridge");
            Tool.Run("ip", "-n", lab.PeerName, "link", "add", $"vx{vni}", "type", "vxlan", "id", vni, "local", BgpLab.Peer, "dstport", "4789", "nolearning");
            Tool.Run("ip", "-n", lab.PeerName, "link", "set", $"vx{vni}", "master", $"br{vni}");
            foreach (string device in new[] { "br", "vx" }) Tool.Run("ip", "-n", lab.PeerName, "link", "set", device + vni, "up");
        }
        Tool.Run("ip", "-n", lab.PeerName, "link", "add", "h0", "type", "veth", "peer", "name", "h1");
        Tool.Run("ip", "-n", lab.PeerName, "link", "set", "h0", "master", "br200", "up");
        Tool.Run("ip", "-n", lab.PeerName, "link", "set", "h1", "up");
        string session = Daemons.Frr(65001, families: $" address-family l2vpn evpn\n  neighbor {BgpLab.Us} activate\n  advertise-all-vni\n  advertise ipv4 unicast\n exit-address-family");
        await lab.StartFrrSuite(session, zebra: "vni 100\n");
        return null;
    }

    [Theory]
    [MemberData(nameof(ThatOriginate))]
    public async Task Theirs_ReachTheOtherClient_Whole_AndGoAgain(PeerKind kind)
    {
        using BgpLab lab = new();
        PeerDaemon? gobgp = await StartAsync(lab, kind);
        (_, Speaker client) = await ReflectionTests.Start(lab, FamilySet.Evpn | FamilySet.IPv4Unicast);
        if (gobgp is not null)
        {
            foreach (string route in new[]
            {
                "prefix 198.51.100.0/24 etag 0 label 100 rd 10.9.0.2:100 rt 65001:100 encap vxlan router-mac 02:00:00:00:00:01 nexthop 10.9.0.2",
                "macadv 02:00:00:00:00:07 20.0.0.7 etag 0 label 200 rd 10.9.0.2:200 rt 65001:200 encap vxlan nexthop 10.9.0.2",
                "multicast 10.9.0.2 etag 0 rd 10.9.0.2:200 rt 65001:200",
            }) await gobgp.AskAsync(["global", "rib", "add", "-a", "evpn", .. route.Split(' ')]);
        }
        else
        {
            Tool.Run("bridge", "-n", lab.PeerName, "fdb", "add", "02:00:00:00:00:07", "dev", "h0", "master", "static");
        }
        RouteRow[] rows = [];
        // FRR tells of other addresses on its bridge, too.
        RouteRow? Of(int type, string target) => rows.FirstOrDefault(r => r.Nlri.Key[0] == type && (type != 2 || HasMac(r)) && r.Attributes.ExtendedCommunities.Any(c => c.ToString() == "rt:65001:" + target));
        Assert.True(await BgpLab.Until(async () => (rows = [.. await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn)]) is not null && Of(5, "100") is not null && Of(2, "200") is not null && Of(3, "200") is not null),
            string.Join('\n', rows.Select(r => $"{r.Nlri} {string.Join(' ', r.Attributes.ExtendedCommunities)}")));
        foreach (RouteRow row in new[] { Of(5, "100")!, Of(2, "200")!, Of(3, "200")! }) Assert.Equal((BgpLab.Peer, BgpLab.Us), (row.Attributes.NextHop.ToString(), Assert.Single(row.Attributes.ClusterList).ToString()));
        Assert.Contains(Of(5, "100")!.Attributes.ExtendedCommunities, c => c.ToString().StartsWith("router-mac:", StringComparison.Ordinal));
        if (gobgp is not null) await gobgp.AskAsync("global", "rib", "del", "-a", "evpn", "macadv", "02:00:00:00:00:07", "20.0.0.7", "etag", "0", "label", "200", "rd", "10.9.0.2:200");
        else Tool.Run("bridge", "-n", lab.PeerName, "fdb", "del", "02:00:00:00:00:07", "dev", "h0", "master");
        Assert.True(await BgpLab.Until(async () => !(await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn)).Any(HasMac)), "the withdrawal did not come");
        Assert.NotEmpty(await client.GetRoutesAsync(RibKind.LocRib, Family.Evpn));
    }

    private static bool HasMac(RouteRow row) => Convert.ToHexStringLower(row.Nlri.Key).Contains(Mac, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(WithEvpn))]
    public async Task Ours_ReachTheDaemon_AndGoAgain(PeerKind kind)
    {
        using BgpLab lab = new();
        PeerDaemon daemon = await lab.StartAsync(kind, new PeerSetup { Asn = 65001, Families = FamilySet.Evpn, Prefixes = [] });
        (_, Speaker client) = await ReflectionTests.Start(lab, FamilySet.Evpn);
        EvpnRoute five = EvpnRoute.IpPrefix(s_rd, IpPrefix.Parse("20.0.0.0/24"), 5000), two = EvpnRoute.MacIp(s_rd, MacAddress.Parse("02:00:00:00:00:07"), InetAddress.Parse("20.0.0.7"), 5000);
        ExtendedCommunity[] communities = [ExtendedCommunity.RouteTarget(65000, 5000), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(MacAddress.Parse("02:00:00:00:00:01"))];
        await client.UpdateLocalRoutesAsync([
            new LocalRouteChange(five.Nlri, new LocalRoute { NlriPayload = five.Payload, ExtendedCommunities = [.. communities] }),
            new LocalRouteChange(two.Nlri, new LocalRoute { NlriPayload = two.Payload, ExtendedCommunities = [.. communities] })]);
        (string[] show, string[] sees) = kind switch
        {
            PeerKind.Frr => ((string[])["show bgp l2vpn evpn"], (string[])["[5]:[0]:[24]:[20.0.0.0]", "[2]:[0]:[48]:[02:00:00:00:00:07]:[32]:[20.0.0.7]", "RT:65000:5000 ET:8 Rmac:02:00:00:00:00:01", "10.9.0.3"]),
            PeerKind.GoBgp => (["global", "rib", "-a", "evpn"], ["[type:Prefix][rd:10.9.0.3:100][etag:0][prefix:20.0.0.0/24]", "[type:macadv][rd:10.9.0.3:100][etag:0][mac:02:00:00:00:00:07][ip:20.0.0.7]", "65000:5000", "10.9.0.3"]),
            _ => ([], ["20.0.0.0", "02:00:00:00:00:07", "20.0.0.7", "target:65000:5000", "10.9.0.3"]),
        };
        string Show() => daemon is ExaBgp exa ? string.Join('\n', exa.Lines()) : daemon.AskAsync(show).GetAwaiter().GetResult();
        await BgpLab.Shows(Show, sees);
        await client.UpdateLocalRoutesAsync([new LocalRouteChange(five.Nlri, null), new LocalRouteChange(two.Nlri, null)]);
        if (kind == PeerKind.ExaBgp) await BgpLab.Shows(Show, "\"withdraw\"");
        else Assert.True(await BgpLab.Until(() => Task.FromResult(!Show().Contains("20.0.0.", StringComparison.Ordinal))), "the withdrawal did not come");
    }

    // With graceful restart each side sends VPN routes only after the other's End-of-RIB of the membership (RFC 4684 §6); without it there is none to wait for.
    [Theory]
    [InlineData(FamilySet.Evpn, 0)]
    [InlineData(FamilySet.Evpn, 60)]
    [InlineData(FamilySet.VpnIPv4, 0)]
    [InlineData(FamilySet.VpnIPv4, 60)]
    public async Task RouteTargetMembership_GoBgpIsSentWhatItSubscribedTo(FamilySet family, int restartTime)
    {
        using BgpLab lab = new();
        PeerDaemon gobgp = await lab.StartAsync(PeerKind.GoBgp, new PeerSetup { Asn = 65001, Families = family | FamilySet.RouteTarget, Prefixes = [], RestartTime = restartTime });
        (Speaker reflector, Speaker client) = await ReflectionTests.Start(lab, family | FamilySet.RouteTarget);
        await reflector.UpdateLocalRoutesAsync([new LocalRouteChange(RouteTargetMembership.All, LocalRoute.Default)]);
        foreach (uint vni in new uint[] { 100, 200 })
        {
            RouteDistinguisher rd = RouteDistinguisher.Of(InetAddress.Parse("10.9.0.3"), (ushort)vni);
            IpPrefix prefix = IpPrefix.Parse($"20.{vni}.0.0/24");
            EvpnRoute evpn = EvpnRoute.IpPrefix(rd, prefix, vni);
            VpnRoute vpn = VpnRoute.Of(rd, prefix, vni);
            (Nlri nlri, ReadOnlyMemory<byte> payload) = family == FamilySet.Evpn ? (evpn.Nlri, evpn.Payload) : (vpn.Nlri, vpn.Payload);
            await client.UpdateLocalRoutesAsync([new LocalRouteChange(nlri, new LocalRoute { NlriPayload = payload, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, vni), ExtendedCommunity.Encapsulation(8)] })]);
        }
        Family table = family == FamilySet.Evpn ? Family.Evpn : Family.VpnIPv4;
        Assert.True(await BgpLab.Until(async () => (await reflector.GetRoutesAsync(RibKind.LocRib, table)).Length == 2));
        string Show() => gobgp.AskAsync("global", "rib", "-a", family == FamilySet.Evpn ? "evpn" : "vpnv4").GetAwaiter().GetResult();
        Assert.DoesNotContain("20.100.0.0", Show(), StringComparison.Ordinal);
        await gobgp.AskAsync("vrf", "add", "v1", "rd", "1:1", "rt", "both", "65000:100");
        await BgpLab.Shows(Show, "20.100.0.0");
        Assert.DoesNotContain("20.200.0.0", Show(), StringComparison.Ordinal);
        await gobgp.AskAsync("vrf", "add", "v2", "rd", "2:2", "rt", "both", "65000:200");
        await BgpLab.Shows(Show, "20.100.0.0", "20.200.0.0");
    }
}
