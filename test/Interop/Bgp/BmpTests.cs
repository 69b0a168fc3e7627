using Margay.Bgp;
using Margay.Bgp.Bmp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Netlink;

namespace Margay.Interop.Bgp;

/// <summary>Our BMP stream as tcpdump took it from the wire and Wireshark's dissector reads it: what is malformed to it, we have wrong.</summary>
public class BmpTests
{
    private const int Port = 1790;

    [Fact]
    public async Task Stream_IsWellFormed_ToWireshark()
    {
        using BgpLab lab = new();
        string capture = Path.Combine(lab.Folder, "bmp.pcap");
        using System.Net.Sockets.Socket listener = lab.PeerNamespace.Run(() =>
        {
            System.Net.Sockets.Socket s = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            s.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Any, Port));
            s.Listen();
            return s;
        });
        lab.StartInPeer("tcpdump", "tcpdump", "-i", "v0", "-U", "-s", "0", "-w", capture, "tcp", "port", "1790");
        await BgpLab.Until(() => Task.FromResult(File.Exists(capture) && new FileInfo(capture).Length > 0));
        lab.StartGoBgp(Daemons.GoBgp(65004, "", "ipv4-unicast", "ipv6-unicast", "l2vpn-evpn", "l3vpn-ipv4-unicast"));
        FamilySet families = FamilySet.Unicast | FamilySet.Evpn | FamilySet.VpnIPv4;
        SpeakerConfig config = BgpLab.Config(BgpLab.Spec(65004, p => p with { Families = families })) with
        {
            BmpStations = [new BmpStationSpec(InetAddress.Parse(BgpLab.Peer), Port) { StatsInterval = TimeSpan.FromSeconds(1) }],
            SystemName = "leaf-1",
        };
        Speaker speaker = await lab.StartSpeaker(config);
        Task<int> station = Drain(listener);
        await BgpLab.Up(speaker);
        lab.GoBgp("global rib add 192.0.2.0/24 community 65004:9");
        lab.GoBgp("global rib add -a ipv6 2001:db8:9::/48 nexthop fd09::2");
        lab.GoBgp("global rib add -a evpn prefix 20.0.0.0/24 etag 0 label 100 rd 1:100 rt 65004:100 encap vxlan nexthop 10.9.0.2");
        lab.GoBgp("global rib add -a evpn macadv 02:00:00:00:00:01 20.0.0.1 etag 0 label 100 rd 1:100 rt 65004:100 encap vxlan nexthop 10.9.0.2");
        lab.GoBgp("global rib add -a vpnv4 10.7.0.0/24 label 100 rd 1:100 rt 65004:100 nexthop 10.9.0.2");
        await BgpLab.Route(speaker, "2001:db8:9::/48");
        await BgpLab.Until(async () => (await speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.Evpn)).Length == 2 && (await speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.VpnIPv4)).Length == 1);
        EvpnRoute own = EvpnRoute.IpPrefix(RouteDistinguisher.Of(InetAddress.Parse(BgpLab.Us), 1), IpPrefix.Parse("10.8.0.0/24"), 5000);
        await speaker.UpdateLocalRoutesAsync([new LocalRouteChange(own.Nlri, new LocalRoute { NlriPayload = own.Payload, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65001, 1)] })]);
        lab.GoBgp("global rib del 192.0.2.0/24");
        await BgpLab.NoRoute(speaker, "192.0.2.0/24");
        await BgpLab.Until(async () => (await speaker.GetStationsAsync())[0].MessagesSent > 40, 10);
        await speaker.ResetAsync("peer", "maintenance");
        await BgpLab.Up(speaker, seconds: 60);
        await speaker.ApplyAsync(config with { BmpStations = [] });
        Assert.True(await station > 0);
        string[] messages = [];
        // tcpdump writes what it saw last a moment later.
        await BgpLab.Until(() => Task.FromResult((messages = Fields(capture, "bmp.type")).Contains("5")), 10);
        Assert.Equal("4", messages[0]);
        Assert.Equal("5", messages[^1]);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], messages.Distinct().Order(StringComparer.Ordinal));
        string faults = Tool.Run("tshark", "-r", capture, "-d", "tcp.port==1790,bmp", "-Y", "_ws.malformed or _ws.expert.severity == 8388608", "-V");
        Assert.True(faults.Length == 0, faults);
        string text = Tool.Run("tshark", "-r", capture, "-d", "tcp.port==1790,bmp", "-V");
        string[] expected =
        [
            "leaf-1", "192.0.2.0/24", "2001:db8:9::/48", "Community: 65004:9", "EVPN NLRI: IP Prefix route", "EVPN NLRI: MAC Advertisement Route", "prefix: 10.7.0.0",
            "Type: Global Instance Peer (0)", "Type: Loc-RIB Instance Peer (3)", "Reason: Local System, Notification (1)", "Administratively Reset",
        ];
        Assert.Equal([], expected.Where(e => !text.Contains(e, StringComparison.Ordinal)));
    }

    private static string[] Fields(string capture, string field) =>
        [.. Tool.Run("tshark", "-r", capture, "-d", "tcp.port==1790,bmp", "-T", "fields", "-e", field).Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries)];

    private static async Task<int> Drain(System.Net.Sockets.Socket listener)
    {
        using System.Net.Sockets.Socket socket = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        byte[] buffer = new byte[1 << 16];
        int total = 0;
        while (await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and int n) total += n;
        return total;
    }
}
