using CsCheck;
using Margay.Dataplane.Drops;

namespace Margay.Dataplane.Tests.Drops;

public class PacketHeadersTests
{
    private const string V4 = "4500003000000000400{P}0000c00002010a410002", V6 = "6000000000080{N}40fd000065000000000000000000000001fd000065000000000000000000000002";

    public static TheoryData<string, string, string> Packets => new()
    {
        { "TCP", Of4("6") + "9c40115c", "192.0.2.1:40000 10.65.0.2:4444 6" },
        { "UDP", "450000300000000040110000c00002010a410002" + "00350035", "192.0.2.1:53 10.65.0.2:53 17" },
        { "SCTP", "450000300000000040840000c00002010a410002" + "00010002", "192.0.2.1:1 10.65.0.2:2 132" },
        { "ICMP echo", Of4("1") + "0800", "192.0.2.1 10.65.0.2 1 type 8 code 0" },
        { "options before the transport header", "470000300000000040060000c00002010a410002" + "0101010101010101" + "9c40115c", "192.0.2.1:40000 10.65.0.2:4444 6" },
        { "a later fragment has no ports", "450000300000000740060000c00002010a410002" + "9c40115c", "192.0.2.1 10.65.0.2 6" },
        { "cut before the ports", Of4("6") + "9c", "192.0.2.1 10.65.0.2 6" },
        { "TCP over IPv6", Of6("6") + "9c40115c", "fd00:65::1:40000 fd00:65::2:4444 6" },
        { "ICMPv6", "6000000000083a40fd000065000000000000000000000001fd000065000000000000000000000002" + "8000", "fd00:65::1 fd00:65::2 58 type 128 code 0" },
        { "extension headers", Of6("0") + "2b00010400000000" + "0600000000000000" + "9c40115c", "fd00:65::1:40000 fd00:65::2:4444 6" },
        { "a later IPv6 fragment", "6000000000082c40fd000065000000000000000000000001fd000065000000000000000000000002" + "0600000900000000" + "9c40115c", "fd00:65::1 fd00:65::2 6" },
        { "a first IPv6 fragment", "6000000000082c40fd000065000000000000000000000001fd000065000000000000000000000002" + "0600000100000000" + "9c40115c", "fd00:65::1:40000 fd00:65::2:4444 6" },
    };

    [Theory]
    [MemberData(nameof(Packets))]
    public void Packet_IsRead(string name, string hex, string expected)
    {
        Assert.NotEmpty(name);
        Assert.True(PacketHeaders.TryRead(Convert.FromHexString(hex), out PacketHeaders h));
        string Port(ushort? port) => port is null ? "" : $":{port}";
        Assert.Equal(expected, $"{h.Source}{Port(h.SourcePort)} {h.Destination}{Port(h.DestinationPort)} {h.Protocol}{(h.IcmpType is null ? "" : $" type {h.IcmpType} code {h.IcmpCode}")}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("45")]
    [InlineData("4500003000000000400600")]
    [InlineData("440000300000000040060000c00002010a410002")]
    [InlineData("6000000000080640fd00")]
    [InlineData("00010800060400017e2f")]
    public void WhatIsNoPacket_IsRefused(string hex) => Assert.False(PacketHeaders.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void AnyBytes_AreRefusedOrRead_NeverThrown() =>
        Gen.Select(Gen.OneOf(Gen.Const((byte)0x45), Gen.Const((byte)0x4f), Gen.Const((byte)0x60)), Gen.Byte.Array[0, 160]).Sample((first, rest) => { PacketHeaders.TryRead([first, .. rest], out _); });

    private static string Of4(string protocol) => V4.Replace("{P}", protocol, StringComparison.Ordinal);
    private static string Of6(string next) => V6.Replace("{N}", next, StringComparison.Ordinal);
}
