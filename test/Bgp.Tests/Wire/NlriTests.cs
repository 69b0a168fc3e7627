using CsCheck;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Wire;

/// <summary>Golden NLRI of each family, both ways, and what is skipped or refused.</summary>
public class NlriTests
{
    private const string Rd = "0001 0a000001 0064";

    [Theory]
    [InlineData("ipv4-unicast", "00", "0.0.0.0/0")]
    [InlineData("ipv4-unicast", "180a0102", "10.1.2.0/24")]
    [InlineData("ipv6-unicast", "30 20010db80001", "2001:db8:1::/48")]
    [InlineData("vpn-ipv4", "70 000641" + Rd + "0a0102", "10.0.0.1:100:10.1.2.0/24")]
    [InlineData("vpn-ipv4", "88 000640 000651" + Rd + "0a0102", "10.0.0.1:100:10.1.2.0/24")]
    [InlineData("vpn-ipv6", "88 000641" + Rd + "20010db80001", "10.0.0.1:100:2001:db8:1::/48")]
    [InlineData("route-target", "60 0000fde8 0002fde800000064", null)]
    [InlineData("route-target", "00", null)]
    [InlineData("l2vpn-evpn", "05 22" + Rd + "00000000000000000000 00000000 18 0a010200 00000000 001388", null)]
    [InlineData("l2vpn-evpn", "02 25" + Rd + "00000000000000000000 00000000 30 020000000001 20 0a010203 001388", null)]
    [InlineData("l2vpn-evpn", "02 28" + Rd + "00000000000000000000 00000000 30 020000000001 20 0a010203 001388 001389", null)]
    [InlineData("l2vpn-evpn", "02 21" + Rd + "00000000000000000000 00000000 30 020000000001 00 001388", null)]
    [InlineData("l2vpn-evpn", "03 11" + Rd + "00000000 20 0a000001", null)]
    [InlineData("l2vpn-evpn", "01 19" + Rd + "00000000000000000001 00000000 001388", null)]
    [InlineData("l2vpn-evpn", "04 17" + Rd + "00000000000000000001 20 0a000001", null)]
    public void Nlri_IsReadAndWrittenAlike(string family, string hex, string? text)
    {
        int f = Enumerable.Range(0, KnownFamilies.Count).Single(i => KnownFamilies.Of(i).ToString() == family);
        byte[] bytes = Hex.Bytes(hex), key = new byte[NlriCodec.MaxKey], payload = new byte[NlriCodec.MaxPayload];
        SpanReader r = new(bytes);
        Assert.Equal(NlriOutcome.Ok, NlriCodec.Read(ref r, f, false, false, key, payload, out NlriItem item));
        Assert.True(r.AtEnd);
        SpanWriter w = new(new byte[200]);
        Assert.True(NlriCodec.Write(ref w, f, false, 0, key.AsSpan(0, item.KeyLength), payload.AsSpan(0, item.PayloadLength)));
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(w.Written));
        if (text is not null) Assert.Equal(text, new Nlri(KnownFamilies.Of(f), key[..item.KeyLength]).ToString());
    }

    [Theory]
    [InlineData(0, "21 0a01020304")] // 33 bits
    [InlineData(0, "18 0a01")] // cut off
    [InlineData(1, "81 00")]
    [InlineData(2, "05 ff 00")]
    public void Nlri_WithAnImpossibleLength_BreaksTheField(int family, string hex)
    {
        SpanReader r = new(Hex.Bytes(hex));
        Assert.Equal(NlriOutcome.Broken, NlriCodec.Read(ref r, family, false, false, new byte[40], new byte[64], out _));
    }

    [Theory]
    [InlineData("09 03 010203")] // a type that we do not know
    [InlineData("05 21 000000000000000000000000000000000000000000000000000000000000000000")] // 33 octets
    [InlineData("02 21" + Rd + "00000000000000000000 00000000 2f 020000000001 00 001388")] // MAC of 47 bits
    [InlineData("05 22" + Rd + "00000000000000000000 00000000 21 0a010200 00000000 001388")] // 33 bits of IPv4
    public void Evpn_UnknownOrMalformed_IsSkippedByItsLength(string hex)
    {
        SpanReader r = new([.. Hex.Bytes(hex), .. Hex.Bytes("03 11" + Rd + "00000000 20 0a000001")]);
        Assert.Equal(NlriOutcome.Skip, NlriCodec.Read(ref r, 2, false, false, new byte[40], new byte[64], out _));
        Assert.Equal(NlriOutcome.Ok, NlriCodec.Read(ref r, 2, false, false, new byte[40], new byte[64], out _));
        Assert.True(r.AtEnd);
    }

    [Fact]
    public void Evpn_KeyLeavesOutWhatANewRouteReplaces()
    {
        byte[] a = new byte[40], b = new byte[40];
        SpanReader r = new(Hex.Bytes("05 22" + Rd + "00000000000000000000 00000000 18 0a010200 00000000 001388"));
        NlriCodec.Read(ref r, 2, false, false, a, new byte[64], out _);
        r = new(Hex.Bytes("05 22" + Rd + "00000000000000000009 00000000 18 0a010200 0a000009 009999"));
        NlriCodec.Read(ref r, 2, false, false, b, new byte[64], out _);
        Assert.Equal(a, b);
    }

    [Fact]
    public void Prefix_TrailingBitsDoNotCount()
    {
        byte[] a = new byte[40], b = new byte[40];
        SpanReader r = new(Hex.Bytes("0c 0af0"));
        NlriCodec.Read(ref r, 0, false, false, a, new byte[64], out _);
        r = new(Hex.Bytes("0c 0aff"));
        NlriCodec.Read(ref r, 0, false, false, b, new byte[64], out _);
        Assert.Equal(a, b);
    }

    [Fact]
    public void AddPath_PathIdComesFirst()
    {
        SpanReader r = new(Hex.Bytes("00000007 080a"));
        NlriCodec.Read(ref r, 0, addPath: true, withdraw: false, new byte[40], new byte[64], out NlriItem item);
        Assert.Equal(7u, item.PathId);
    }

    [Fact]
    public void Prefixes_RoundTrip() => Gen.Select(Gen.UInt, Gen.Int[0, 32]).Sample((address, length) =>
    {
        IpPrefix prefix = new(InetAddress.FromIPv4(address), length);
        Nlri nlri = prefix;
        return nlri.TryGetPrefix(out IpPrefix back) && back == prefix && nlri.Key.Length == NlriCodec.KeyLength(0, nlri.Key);
    });
}
