using CsCheck;
using Margay.Netlink.Conntrack;
using Margay.Netlink.NfTables;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests.Sockets;

public class ReaderTests
{
    [Theory]
    [InlineData("0300010000000000")] // shorter than its header
    [InlineData("0c00010000000000")] // longer than what is there
    [InlineData("0800010000000000ff")] // a tail that is not padding
    public void MalformedLength_EndsTheWalk_AndIsNoted(string hex)
    {
        AttributeReader reader = new(Convert.FromHexString(hex));
        while (reader.TryRead(out _))
        {
        }
        Assert.True(reader.Failed);
    }

    [Fact]
    public void PaddingAtTheEnd_IsNoFailure()
    {
        AttributeReader reader = new(Convert.FromHexString("05000100ab0000000000"));
        Assert.True(reader.TryRead(out NetlinkAttribute a));
        Assert.Equal(0xab, a.Byte);
        Assert.Equal(0u, a.UInt32);
        Assert.False(reader.TryRead(out _));
        Assert.False(reader.Failed);
    }

    [Fact]
    public void AnyBytes_AreRefusedOrRead_NeverThrown() => Gen.Select(Gen.Byte.Array[0, 400], Gen.UShort).Sample((bytes, type) =>
    {
        NetlinkMessage message = new(new NetlinkHeader { Type = type }, bytes);
        LinkCodec.TryRead(message, out _);
        AddressCodec.TryRead(message, out _);
        Margay.Netlink.Route.RouteCodec.TryRead(message, out _);
        NexthopCodec.TryRead(message, out _);
        NeighbourCodec.TryRead(message, out Neighbour _);
        NeighbourCodec.TryRead(message, out FdbEntry _);
        Margay.Netlink.Route.RuleCodec.TryRead(message, out _);
        TableCodec.TryRead(message, out _);
        ChainCodec.TryRead(message, out _);
        SetCodec.TryRead(message, out _);
        ElementCodec.TryRead(message, []);
        Margay.Netlink.NfTables.RuleCodec.TryRead(message, out _);
        ConntrackCodec.TryRead(message, out _);
        ExtendedAck.ReadError(message, 0);
        ExtendedAck.ReadDone(message);
    });
}
