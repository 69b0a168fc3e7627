using System.Collections.Immutable;
using Margay.Core.Net;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Netlink.NfTables;

/// <summary>
/// The common conditions as the expressions the nft tool itself would write, so that it prints them back in its own words. Concatenate them:
/// <code>new NftRule(chain, [.. NftMatch.IifName("eth0"), .. NftMatch.TcpDport(22), new NftCounter(), NftImmediate.Accept])</code>
/// </summary>
public static class NftMatch
{
    private const byte IpProtoTcp = 6;
    private const byte IpProtoUdp = 17;
    private const uint SourcePortOffset = 0;
    private const uint DestinationPortOffset = 2;

    /// <summary><c>iifname "NAME"</c></summary>
    public static ImmutableArray<NftExpression> IifName(string name) => [new NftMeta(NftMetaKey.IncomingLinkName), Equal(NftValue.IfName(name))];

    /// <summary><c>oifname "NAME"</c></summary>
    public static ImmutableArray<NftExpression> OifName(string name) => [new NftMeta(NftMetaKey.OutgoingLinkName), Equal(NftValue.IfName(name))];

    /// <summary><c>iifname "PREFIX*"</c></summary>
    public static ImmutableArray<NftExpression> IifNamePrefix(string prefix) =>
        [new NftMeta(NftMetaKey.IncomingLinkName), Equal(NftValue.IfNamePrefix(prefix))];

    /// <summary><c>oifname "PREFIX*"</c></summary>
    public static ImmutableArray<NftExpression> OifNamePrefix(string prefix) =>
        [new NftMeta(NftMetaKey.OutgoingLinkName), Equal(NftValue.IfNamePrefix(prefix))];

    /// <summary><c>meta nfproto ipv4|ipv6</c>: needed before an address is looked at in the family inet.</summary>
    public static ImmutableArray<NftExpression> NfProto(bool ipv6) =>
        [new NftMeta(NftMetaKey.NfProto), Equal(NftValue.Byte((byte)(ipv6 ? NftFamily.Ip6 : NftFamily.Ip)))];

    /// <summary><c>meta l4proto N</c></summary>
    public static ImmutableArray<NftExpression> L4Proto(byte protocol) => [new NftMeta(NftMetaKey.L4Proto), Equal(NftValue.Byte(protocol))];

    /// <summary><c>meta mark N</c></summary>
    public static ImmutableArray<NftExpression> Mark(uint mark) => [new NftMeta(NftMetaKey.Mark), Equal(NftValue.Mark(mark))];

    /// <summary><c>meta mark and MASK == N</c></summary>
    public static ImmutableArray<NftExpression> Mark(uint mark, uint mask) =>
        [new NftMeta(NftMetaKey.Mark), NftBitwise.And(NftValue.Mark(mask)), Equal(NftValue.Mark(mark))];

    /// <summary><c>meta mark set mark and ~CLEAR or SET</c></summary>
    public static ImmutableArray<NftExpression> SetMark(uint clear, uint set) =>
        [new NftMeta(NftMetaKey.Mark), NftBitwise.Mark(clear, set), NftMeta.Set(NftMetaKey.Mark)];

    /// <summary><c>ct state established,related</c>: any of the states.</summary>
    public static ImmutableArray<NftExpression> CtState(NftCtState any) =>
        [new NftCt(NftCtKey.State), NftBitwise.And(NftValue.Native((uint)any)), new NftCmp(NftCmpOperator.NotEqual, NftValue.Native(0u))];

    /// <summary><c>ip saddr PREFIX</c> or <c>ip6 saddr PREFIX</c>, with the family check that the family inet needs.</summary>
    public static ImmutableArray<NftExpression> Saddr(IpPrefix prefix) => [.. NfProto(prefix.IsIPv6), .. Within(Saddr(prefix.IsIPv6), prefix)];

    /// <summary><c>ip daddr PREFIX</c> or <c>ip6 daddr PREFIX</c>.</summary>
    public static ImmutableArray<NftExpression> Daddr(IpPrefix prefix) => [.. NfProto(prefix.IsIPv6), .. Within(Daddr(prefix.IsIPv6), prefix)];

    /// <summary>Loads the source address: 4 or 16 bytes.</summary>
    public static NftPayload Saddr(bool ipv6, NftRegister into = NftRegister.R1) =>
        new(NftPayloadBase.Network, ipv6 ? 8u : 12, ipv6 ? 16u : 4) { Destination = into };

    /// <summary>Loads the destination address: 4 or 16 bytes.</summary>
    public static NftPayload Daddr(bool ipv6, NftRegister into = NftRegister.R1) =>
        new(NftPayloadBase.Network, ipv6 ? 24u : 16, ipv6 ? 16u : 4) { Destination = into };

    /// <summary>Loads the source port of TCP, UDP, SCTP …: 2 bytes.</summary>
    public static NftPayload Sport(NftRegister into = NftRegister.R1) => new(NftPayloadBase.Transport, SourcePortOffset, 2) { Destination = into };

    /// <summary>Loads the destination port of TCP, UDP, SCTP …: 2 bytes.</summary>
    public static NftPayload Dport(NftRegister into = NftRegister.R1) => new(NftPayloadBase.Transport, DestinationPortOffset, 2) { Destination = into };

    /// <summary><c>tcp dport PORT</c></summary>
    public static ImmutableArray<NftExpression> TcpDport(ushort port) => [.. L4Proto(IpProtoTcp), Dport(), Equal(NftValue.Port(port))];

    /// <summary><c>udp dport PORT</c></summary>
    public static ImmutableArray<NftExpression> UdpDport(ushort port) => [.. L4Proto(IpProtoUdp), Dport(), Equal(NftValue.Port(port))];

    private static NftCmp Equal(NftValue value) => new(NftCmpOperator.Equal, value);

    // nft compares whole bytes of a prefix without a mask, so that it recognises a prefix that ends on a byte by the length.
    private static ImmutableArray<NftExpression> Within(NftPayload address, IpPrefix prefix)
    {
        if (prefix.Length == 0) return [];
        byte[] bytes = prefix.Address.ToBytes();
        if (prefix.Length % 8 == 0)
        {
            int whole = prefix.Length / 8;
            return [address with { Length = (uint)whole }, Equal(NftValue.FromBytes(bytes.AsSpan(0, whole)))];
        }
        byte[] mask = InetAddress.FromBits(IpPrefix.Mask(prefix.Length), prefix.IsIPv6).ToBytes();
        return [address, NftBitwise.And(NftValue.FromBytes(mask)), Equal(NftValue.FromBytes(bytes))];
    }
}
