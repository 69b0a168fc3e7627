using CsCheck;
using Margay.Netlink.Conntrack;
using Margay.Netlink.NfTables;
using Margay.Netlink.PacketLog;
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

    /// <summary>Whole attributes behind a header, whose types, lengths and values mean nothing.</summary>
    private static readonly Gen<byte[]> Attributes =
        from family in Gen.OneOf(Gen.Const((byte)0), Gen.Const((byte)2), Gen.Const((byte)7), Gen.Const((byte)10))
        from header in Gen.Byte.Array[19]
        from headerWords in Gen.Int[1, 5]
        from attributes in Gen.Select(Gen.UShort[0, 40], Gen.OneOf(Gen.Byte.Array[4], Gen.Byte.Array[16], Gen.Byte.Array[0, 40])).Array[0, 12]
        select (byte[])[family, .. header[..(4 * headerWords - 1)], .. attributes.SelectMany(a => Attribute(a.Item1, a.Item2))];

    private static byte[] Attribute(ushort type, byte[] value) =>
        [(byte)(value.Length + 4), 0, (byte)type, (byte)(type >> 8), .. value, .. new byte[-value.Length & 3]];

    [Fact]
    public void AnyBytes_AreRefusedOrRead_NeverThrown() =>
        Gen.Select(Gen.OneOf(Gen.Byte.Array[0, 400], Attributes), Gen.UShort).Sample(ReadAsEverything);

    private static void ReadAsEverything(byte[] bytes, ushort type)
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
        PacketLogCodec.TryRead(new NetlinkMessage(new NetlinkHeader { Type = 0x400 }, bytes), out _);
        ExtendedAck.ReadError(message, 0);
        ExtendedAck.ReadDone(message);
    }
}
