using Margay.Bgp.Mrt;
using Margay.Bgp.Tests.Session;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Mrt;

/// <summary>TABLE_DUMP_V2 in golden bytes, and as a dump of a running speaker.</summary>
public class MrtTests
{
    private static string Rib(int family, bool addPath, string key, string payload, params MrtEntry[] entries)
    {
        SpanWriter w = new(new byte[1024]);
        MrtRecord.WriteRib(ref w, 0x5f000000, 7, family, addPath, Convert.FromHexString(key), Convert.FromHexString(payload), entries);
        Assert.True(w.Position <= MrtRecord.MaxSize(entries));
        return Convert.ToHexStringLower(w.Written);
    }

    private static PathAttributes Attributes(string hop) => new PathAttributesBuilder().SetNextHop(InetAddress.Parse(hop)).SetAsPath(AsPath.Sequence(65001)).SetMed(5).Build();

    private const string OriginAndPath = "40010100" + "40020602010000fde9";
    private const string Med = "80040400000005";

    [Fact]
    public void PeerIndex_HasBothFamilies() => Assert.Equal(
        "5f000000" + "000d" + "0001" + "00000032" + "0a000001" + "0004" + "6d61696e" + "0002" + "02" + "0a000002" + "c0000202" + "0000fdea" + "03" + "0a000003" + "20010db8000000000000000000000003" + "fa56ea01",
        Convert.ToHexStringLower(MrtRecord.PeerIndexTable(0x5f000000, 0x0a000001, "main",
            [new MrtPeer(0x0a000002, InetAddress.Parse("192.0.2.2"), 65002), new MrtPeer(0x0a000003, InetAddress.Parse("2001:db8::3"), 4_200_000_001)])));

    [Fact]
    public void IPv4_HasItsNextHopAmongTheAttributes() => Assert.Equal(
        "5f000000" + "000d" + "0002" + "0000002d" + "00000007" + "18c00002" + "0001" + "0001" + "5e000000" + "001b" + OriginAndPath + "400304c0000202" + Med,
        Rib(0, false, "18c00002", "", new MrtEntry(1, 0x5e000000, 0, Attributes("192.0.2.2"))));

    [Fact]
    public void IPv6_HasAnAbbreviatedMpReach() => Assert.Equal(
        "5f000000" + "000d" + "0004" + "0000003d" + "00000007" + "3020010db8000a" + "0001" + "0001" + "5e000000" + "0028" + OriginAndPath + Med + "800e11" + "10" + "20010db8000000000000000000000002",
        Rib(1, false, "3020010db8000a", "", new MrtEntry(1, 0x5e000000, 0, Attributes("2001:db8::2"))));

    [Fact]
    public void PathIds_HaveASubtypeOfTheirOwn() => Assert.Equal(
        "5f000000" + "000d" + "0008" + "00000031" + "00000007" + "18c00002" + "0001" + "0001" + "5e000000" + "00000009" + "001b" + OriginAndPath + "400304c0000202" + Med,
        Rib(0, true, "18c00002", "", new MrtEntry(1, 0x5e000000, 9, Attributes("192.0.2.2"))));

    [Fact]
    public void OtherFamilies_AreGeneric_WithTheWholeNlri() => Assert.Equal(
        "5f000000" + "000d" + "0006" + "00000044" + "00000007" + "0001" + "80" + "70" + "000641" + "00010a0000010064" + "0a0700" + "0001" + "0001" + "5e000000" + "0024" + OriginAndPath + Med
        + "800e0d" + "0c" + "0000000000000000" + "c0000202",
        Rib(3, false, "5800010a00000100640a0700", "000641", new MrtEntry(1, 0x5e000000, 0, Attributes("192.0.2.2"))));

    [Fact]
    public void Dump_HasAllFamilies_InPortions()
    {
        Net net = new();
        Speaker us = net.Add(1, 65001), b = net.Add(2, 65002);
        const FamilySet families = FamilySet.Unicast | FamilySet.Evpn;
        net.Link(us, 1, b, 2, p => p with { Families = families }, p => p with { Families = families, SelfIPv6 = InetAddress.Parse("2001:db8::2") });
        net.AwaitUp(us, 2);
        net.Sim.Wait(b.UpdateLocalRoutesAsync([.. Enumerable.Range(0, 20_000).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), LocalRoute.Default))]));
        net.Announce(b, "2001:db8:b::/48");
        net.Announce(us, "192.0.2.0/24");
        EvpnRoute own = EvpnRoute.IpPrefix(RouteDistinguisher.Of(Net.Address(2), 1), IpPrefix.Parse("10.8.0.0/24"), 5000);
        net.Sim.Wait(b.UpdateLocalRoutesAsync([new LocalRouteChange(own.Nlri, new LocalRoute { NlriPayload = own.Payload })]));
        Assert.True(net.Sim.RunUntil(() => net.Status(us, 2).RoutesReceived == 20_002, TimeSpan.FromSeconds(10)));
        MrtDump dump = new(us.Prepared);
        Dictionary<int, int> records = [];
        int portions = 0;
        for (ReadOnlyMemory<byte> part = dump.Next(); !part.IsEmpty; part = dump.Next(), portions++)
        {
            for (SpanReader r = new(part.Span); !r.AtEnd;)
            {
                r.Skip(6);
                int subtype = r.ReadUInt16BigEndian();
                r.Skip((int)r.ReadUInt32BigEndian());
                Assert.False(r.Failed);
                records[subtype] = records.GetValueOrDefault(subtype) + 1;
            }
        }
        Assert.Equal([(1, 1), (2, 20_001), (4, 1), (6, 1)], records.Select(r => (r.Key, r.Value)).Order());
        Assert.Equal(20_003, dump.Routes);
        Assert.Equal(2, dump.Peers);
        Assert.True(portions > 3);
    }

    [Fact]
    public async Task File_AppearsWholeOrNotAtAll()
    {
        string folder = Directory.CreateTempSubdirectory("mgy-mrt-").FullName;
        try
        {
            string file = Path.Combine(folder, "rib");
            await File.WriteAllTextAsync(file, "old", TestContext.Current.CancellationToken);
            int calls = 0;
            await Assert.ThrowsAsync<InvalidOperationException>(() => MrtFile.WriteAsync(
                file, () => ++calls < 3 ? Task.FromResult<ReadOnlyMemory<byte>>(new byte[10]) : throw new InvalidOperationException(), TestContext.Current.CancellationToken));
            Assert.Equal("old", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
            Assert.Equal([file], Directory.GetFiles(folder));
            calls = 0;
            Assert.Equal(20, await MrtFile.WriteAsync(file, () => Task.FromResult<ReadOnlyMemory<byte>>(++calls < 3 ? new byte[10] : Array.Empty<byte>()), TestContext.Current.CancellationToken));
            Assert.Equal(20, new FileInfo(file).Length);
            Assert.Equal([file], Directory.GetFiles(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
