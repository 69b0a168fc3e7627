using Margay.Core.Net;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests.Sockets;

public class MessageWriterTests
{
    [Fact]
    public void Attributes_ArePaddedAndNested_GoldenBytes()
    {
        byte[] bytes = Messages.Bytes(static (ref MessageBuffer b) =>
        {
            MessageWriter m = b.Begin(16, 0x400);
            m.Byte(1, 0xab);
            int nest = m.BeginNested(18);
            m.String(1, "veth");
            m.UInt16BigEndian(2, 0x1234);
            m.EndNested(nest);
            m.Flag(3);
            m.Address(4, InetAddress.Parse("192.0.2.1"));
            m.Mac(5, MacAddress.Parse("02:00:00:00:00:01"));
            m.End();
        });
        Assert.Equal(
            "48000000" + "10000104" + "00000000" + "00000000"
            + "05000100ab000000"
            + "18001280" + "090001007665746800000000" + "0600020012340000"
            + "04000300"
            + "08000400c0000201"
            + "0a000500020000000001" + "0000",
            Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void Buffer_GrowsAndKeepsWhatWasWritten()
    {
        byte[] bytes = Messages.Bytes(static (ref MessageBuffer b) =>
        {
            for (int i = 0; i < 2000; i++)
            {
                MessageWriter m = b.Begin(1, 0);
                m.UInt32(1, (uint)i);
                m.End();
            }
            Assert.Equal(2000, b.Count);
        });
        ReadOnlySpan<byte> rest = bytes;
        uint expected = 0;
        while (NetlinkMessage.TryTake(ref rest, out NetlinkMessage message))
        {
            AttributeReader reader = new(message.Payload);
            Assert.True(reader.TryRead(out NetlinkAttribute a));
            Assert.Equal(expected++, a.UInt32);
        }
        Assert.Equal(2000u, expected);
    }

    [Fact]
    public void Attribute_LongerThanItsLengthField_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Messages.Bytes(static (ref MessageBuffer b) => b.Begin(1, 0).Bytes(1, new byte[65532])));

    [Fact]
    public void Nest_LongerThanItsLengthField_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Messages.Bytes(static (ref MessageBuffer b) =>
        {
            MessageWriter m = b.Begin(1, 0);
            int nest = m.BeginNested(1);
            m.Bytes(1, new byte[40_000]);
            m.Bytes(1, new byte[40_000]);
            m.EndNested(nest);
        }));
}
