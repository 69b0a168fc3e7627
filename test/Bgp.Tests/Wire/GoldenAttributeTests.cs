using Margay.Bgp.Wire;
using Margay.Core.Buffers;

namespace Margay.Bgp.Tests.Wire;

/// <summary>Every attribute in golden bytes, in and out again: what a peer said is what onlookers and other peers are told, bit by bit.</summary>
public class GoldenAttributeTests
{
    private static PathAttributes Read(params byte[][] attributes)
    {
        UpdateMessage u = UpdateMessage.Read(Hex.Update("18 0b0101", "", attributes), new UpdateContext(FourOctetAs: true, Internal: true), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal((UpdateOutcome.Ok, null), (u.Outcome, u.Fault));
        return new PathAttributes([(byte)u.NextHop.Length, .. u.NextHop, 0, 0, .. u.Attributes]);
    }

    private static string Write(PathAttributes attributes)
    {
        SpanWriter w = new(new byte[8192]);
        RouteWriting.WriteAttributes(ref w, attributes, attributes.NextHopBytes);
        Assert.False(w.Failed);
        return Convert.ToHexStringLower(w.Written);
    }

    private const string Mandatory = "40010100" + "40020a" + "02020000fde90000fdea" + "4003040a000001";

    [Theory]
    [InlineData("800404 00000007")] // MULTI_EXIT_DISC
    [InlineData("400504 000000c8")] // LOCAL_PREF
    [InlineData("400600")] // ATOMIC_AGGREGATE
    [InlineData("c00708 fa56ea01 0a000009")] // AGGREGATOR
    [InlineData("c00808 fde80001 ffffff01")] // COMMUNITIES
    [InlineData("800904 0a000003")] // ORIGINATOR_ID
    [InlineData("800a08 0a000001 0a000002")] // CLUSTER_LIST
    [InlineData("c01010 0002fde800000064 030c000000000008")] // EXTENDED_COMMUNITIES
    [InlineData("c01609 00 06 000641 0a000001")] // PMSI_TUNNEL
    [InlineData("c0200c 0000fde8 00000001 00000002")] // LARGE_COMMUNITIES
    [InlineData("e0c803 010203")] // unknown, transitive, Partial already
    public void Attribute_ComesOutAsItWentIn(string hex) =>
        Assert.Equal(Mandatory + hex.Replace(" ", "", StringComparison.Ordinal), Write(Read(Hex.Origin, Hex.Path, Hex.NextHop, Hex.Bytes(hex))));

    [Fact]
    public void UnknownTransitive_GetsThePartialBit_OthersEndHere()
    {
        Assert.Equal(Mandatory + "e0c803010203", Write(Read(Hex.Origin, Hex.Path, Hex.NextHop, Hex.Bytes("c0c803010203"))));
        Assert.Equal(Mandatory, Write(Read(Hex.Origin, Hex.Path, Hex.NextHop, Hex.Bytes("80c803010203"))));
    }

    [Fact]
    public void Order_AndNeedlessLengths_AreMadeCanonical() => Assert.Equal(
        Mandatory + "80040400000007" + "c00804fde80001",
        Write(Read(Hex.Bytes("d0080004fde80001"), Hex.NextHop, Hex.Bytes("90040004 00000007"), Hex.Path, Hex.Origin)));

    [Fact]
    public void LongAttribute_HasAnExtendedLength()
    {
        string communities = string.Concat(Enumerable.Range(0, 100).Select(i => $"fde8{i:x4}"));
        Assert.Equal(Mandatory + "d0080190" + communities, Write(Read(Hex.Origin, Hex.Path, Hex.NextHop, Hex.Attribute(0xd0, 8, communities))));
    }

    [Theory]
    [InlineData("0301 0000fde7 0202 0000fde9 0000fdea", "(64999) 65001 65002", 2, "02020000fde90000fdea")] // AS_CONFED_SEQUENCE
    [InlineData("0402 0000fde6 0000fde7 0201 0000fde9", "[64998 64999] 65001", 1, "02010000fde9")] // AS_CONFED_SET
    [InlineData("0201 0000fde9 0102 0000fdea 0000fdeb", "65001 {65002 65003}", 2, "02010000fde901020000fdea0000fdeb")] // AS_SET
    public void Path_OfAConfederation_IsKept_CountsNothing_AndDoesNotLeaveIt(string path, string text, int length, string outside)
    {
        PathAttributes a = Read(Hex.Origin, Hex.Attribute(0x40, 2, path), Hex.NextHop);
        Assert.Equal((text, length), (a.AsPath.ToString(), (int)a.AsPathLength));
        Assert.Equal(path.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(a.AsPath.Bytes));
        Assert.Equal(outside, Convert.ToHexStringLower(AsPathEdit.WithoutConfederation(a.AsPath.Bytes)));
    }

    [Theory]
    [InlineData("0103 09", "Message Header Error / Bad Message Type")]
    [InlineData("0101", "Message Header Error / Connection Not Synchronized")]
    [InlineData("0202 fde8", "OPEN Message Error / Bad Peer AS")]
    [InlineData("030b", "UPDATE Message Error / Malformed AS_PATH")]
    [InlineData("0400", "Hold Timer Expired")]
    [InlineData("0503 02", "Finite State Machine Error / Unexpected Message in Established State")]
    [InlineData("0601 000101000003e8", "Cease / Maximum Number of Prefixes Reached")]
    [InlineData("0609 0602", "Cease / Hard Reset: Cease / Administrative Shutdown")]
    [InlineData("0701", "ROUTE-REFRESH Message Error / Invalid Message Length")]
    public void Notification_BothWays(string hex, string text)
    {
        NotificationMessage n = NotificationMessage.Read(Hex.Bytes(hex));
        Assert.Equal(text, n.ToString());
        Assert.Equal(Hex.Bytes(hex), n.ToMessage()[MessageHeader.Length..]);
    }

    [Theory]
    [InlineData(0, 0, "00010001")]
    [InlineData(1, 1, "00020101")]
    [InlineData(2, 2, "00190246")]
    [InlineData(5, 0, "00010084")]
    public void RouteRefresh_BothWays(int family, byte subtype, string hex)
    {
        RouteRefreshMessage m = RouteRefreshMessage.Of(family, subtype);
        Assert.Equal(hex, Convert.ToHexStringLower(m.ToMessage().AsSpan(MessageHeader.Length)));
        Assert.Equal(m, RouteRefreshMessage.Read(Hex.Bytes(hex)));
    }
}
