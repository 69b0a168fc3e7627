using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;
using Margay.Dataplane.Networks;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// What routers of other makes say of a tunnel end that is not as it should be, each time in one route: that one is refused with its reason, or used where nothing speaks against it; the
/// tunnel end's other routes and their packets do not suffer, as they do with receivers that let the last route decide about a neighbour entry.
/// </summary>
public sealed class ForeignRoutesTests
{
    private static readonly MacAddress s_ofHost1 = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500).RouterMac, s_ofHost2 = TunnelEnd.Of(InetAddress.Parse("192.0.2.2"), 1500).RouterMac;
    private static readonly ForeignVtep.Trap s_good = new();

    // Null: it is used.
    private static readonly (string What, ForeignVtep.Trap Trap, string? Reason)[] s_traps =
    [
        ("no encapsulation is said", s_good with { Encapsulation = null }, null),
        ("another encapsulation (NVGRE)", s_good with { Encapsulation = 9 }, "its encapsulation is 9, not VXLAN (8)"),
        ("no Router's MAC", s_good with { Mac = null }, "it has no Router's MAC"),
        ("a Router's MAC of zeros", s_good with { Mac = new MacAddress(0) }, "it has no Router's MAC"),
        ("a Router's MAC of many", s_good with { Mac = MacAddress.Parse("01:00:5e:00:00:01") }, "is no unicast address"),
        ("the receiver's own Router's MAC", s_good with { Mac = s_ofHost1 }, "is that of this host"),
        ("the Router's MAC of another tunnel end", s_good with { Mac = s_ofHost2 }, "is also that of 192.0.2.2"),
        ("another network's VNI", s_good with { Label = 777 }, "its VNI is 777"),
        ("an Ethernet tag", s_good with { EthernetTag = 9 }, null),
        ("an Ethernet segment", s_good with { Segment = 1 }, "Ethernet segment"),
        ("a gateway address", s_good with { Gateway = true }, "gateway address"),
        ("an Ethernet segment and a gateway address", s_good with { Segment = 1, Gateway = true }, "Ethernet segment"),
        ("type 2 with the network's VNI alone", s_good with { Type = 2 }, null),
        ("type 2 with a VNI of its bridge before it", s_good with { Type = 2, Labels = 2 }, null),
        ("type 2 with another VNI", s_good with { Type = 2, Label = 777 }, "its VNI is 777"),
        ("type 2 without a Router's MAC", s_good with { Type = 2, Mac = null }, "it has no Router's MAC"),
    ];

    [Fact]
    public async Task OneRouteThatIsWrong_HarmsNoOther()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        await using ForeignVtep vtep = await ForeignVtep.StartAsync(lab, red1);
        foreach (string address in (string[])[ForeignVtep.V4, ForeignVtep.V6, .. red2.Addresses]) await lab.CanPingAsync(red1, address);
        string behind = Behind(lab);
        foreach ((string what, ForeignVtep.Trap trap, string? reason) in s_traps)
        {
            foreach (string prefix in (string[])["10.9.1.1/32", "fd09::1:1/128"])
            {
                await vtep.AnnounceAsync(prefix, trap);
                IReadOnlyList<string>? row = null;
                Assert.True(await Eventually.WithinAsync(() => Task.FromResult((row = Row(lab, prefix)) is not null), NetworkLab.Patience), $"{what}: {prefix} did not come");
                Assert.True(reason is null ? row![4] == "yes" : row![4] == "no" && row[5].Contains(reason, StringComparison.Ordinal), $"{what}: {string.Join(' ', row!)}");
                await Eventually.Async(() => Task.FromResult(IsInKernel(lab, prefix) == (reason is null)), NetworkLab.Patience);
                Assert.Equal(behind, Behind(lab));
                foreach (string address in (string[])[ForeignVtep.V4, ForeignVtep.V6, red2.V4]) Assert.True(lab.Ping(red1, address), $"{what}: {address} is not reached any more");
                await vtep.WithdrawAsync(prefix, trap);
                await Eventually.Async(() => Task.FromResult(Row(lab, prefix) is null && !IsInKernel(lab, prefix)), NetworkLab.Patience);
            }
        }

        // RFC 9136 §3.1: what was right before and names both now counts as withdrawn.
        await vtep.AnnounceAsync("10.9.1.2/32");
        await Eventually.Async(() => Task.FromResult(IsInKernel(lab, "10.9.1.2/32")), NetworkLab.Patience);
        await vtep.AnnounceAsync("10.9.1.2/32", s_good with { Segment = 1, Gateway = true });
        await Eventually.Async(() => Task.FromResult(!IsInKernel(lab, "10.9.1.2/32")), NetworkLab.Patience);
        Assert.True(lab.Ping(red1, ForeignVtep.V4));
    }

    /// <summary>A session of EVPN spoken by hand: routes whose length is none that there is, or whose fields do not fit, among good ones (RFC 7606 §5.4: each says where the next begins).</summary>
    [Fact]
    public async Task RoutesOfAWrongSize_ArePassedOver_AndTheSessionStays()
    {
        const string self = "192.0.2.78";
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.AttachAsync("n1", "r1", "red");
        uint vni = await lab.VniAsync("n1", "red.net");
        lab.Cluster.AddForeign(78);
        await lab.Cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"raw"},"spec":{"peerIP":"{{{self}}}","asNumber":64512,"nodeSelector":"rack == 'r1'","networks":["red/net"]}}""");
        using Socket session = await OpenAsync(lab.Cluster.Namespace("n78"));
        byte[] five = [.. new byte[8], .. new byte[10], .. new byte[4], 32, 10, 9, 4, 0, 0, 0, 0, 0, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni];
        byte[] Five(byte number) => [.. five[..7], 1, .. five[8..26], number, .. five[27..]];
        byte[] Nlri(byte type, byte[] body) => [type, (byte)body.Length, .. body];
        byte[] reach =
        [
            0, 25, 70, 4, 192, 0, 2, 78, 0,
            .. Nlri(5, Five(1)),
            .. Nlri(5, Five(2)[..33]),
            .. Nlri(5, [.. Five(3), .. new byte[23]]),
            .. Nlri(5, []),
            .. Nlri(2, new byte[34]),
            .. Nlri(3, new byte[5]),
            .. Nlri(11, new byte[20]),
            .. Nlri(5, [.. five[..22], 33, .. Five(4)[23..]]),
            .. Nlri(5, Five(5)),
        ];
        byte[] communities = [0, 2, 0xfc, 0, 0, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni, 3, 0x0c, 0, 0, 0, 0, 0, 8, 6, 3, 2, 0x78, 0, 0, 0, 1];
        byte[] attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, 0, 0, 0, 100, 0xc0, 16, (byte)communities.Length, .. communities, 0x90, 14, (byte)(reach.Length >> 8), (byte)reach.Length, .. reach];
        session.Send(Message(2, [0, 0, (byte)(attributes.Length >> 8), (byte)attributes.Length, .. attributes]));
        foreach (int good in (int[])[1, 5]) await Eventually.Async(() => Task.FromResult(IsInKernel(lab, $"10.9.4.{good}/32")), NetworkLab.Patience);
        Assert.Equal(["10.9.4.1/32", "10.9.4.5/32"], Rows(lab).Select(r => r[1]));
        session.Send(Message(4, []));
        Assert.Contains(self, string.Join(' ', lab.Cluster.Query("n1", "bgp-peers").Query!.Rows!.Where(r => r[3] == "Established").SelectMany(r => r)), StringComparison.Ordinal);
    }

    /// <summary>A session with the first host, which does not know of it at once.</summary>
    private static async Task<Socket> OpenAsync(NetworkNamespace from)
    {
        Socket? session = null;
        await Eventually.Async(async () =>
        {
            session?.Dispose();
            session = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                await session.ConnectAsync(IPAddress.Parse("192.0.2.1"), 179);
                // OPEN with multiprotocol EVPN, of four-octet AS numbers, hold time 90; KEEPALIVE.
                await session.SendAsync(Message(1, [4, 0xfc, 0, 0, 90, 192, 0, 2, 78, 14, 2, 12, 1, 4, 0, 25, 0, 70, 65, 4, 0, 0, 0xfc, 0]));
                await session.SendAsync(Message(4, []));
                byte[] answer = new byte[19];
                return await session.ReceiveAsync(answer) == answer.Length && answer[18] == 1;
            }
            catch (SocketException)
            {
                return false;
            }
        }, NetworkLab.Patience);
        return session!;
    }

    private static byte[] Message(byte type, byte[] body)
    {
        byte[] message = [.. Enumerable.Repeat((byte)0xff, 16), 0, 0, type, .. body];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(16), (ushort)message.Length);
        return message;
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(NetworkLab lab) => lab.Cluster.Query("n1", "network-routes", "red/net").Query!.Rows!.Where(r => r[2] != "192.0.2.2");

    private static IReadOnlyList<string>? Row(NetworkLab lab, string prefix) => Rows(lab).FirstOrDefault(r => r[1] == prefix);

    private static string Space(NetworkLab lab) => lab.SpaceOf("n1", "red.net");

    private static bool IsInKernel(NetworkLab lab, string prefix) => Route(lab, prefix).Length > 0;

    private static string Route(NetworkLab lab, string prefix) => Tool.Run("ip", "-n", Space(lab), prefix.Contains(':', StringComparison.Ordinal) ? "-6" : "-4", "route", "show", "exact", prefix);

    /// <summary>What stands behind the tunnel on the first host.</summary>
    private static string Behind(NetworkLab lab) => string.Join('\n', new[] { Tool.Run("ip", "-n", Space(lab), "neigh", "show", "nud", "permanent"), Tool.Run("bridge", "-n", Space(lab), "fdb", "show") }
        .SelectMany(t => t.Split('\n')).Order(StringComparer.Ordinal));
}
