using Margay.Netlink.PacketLog;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests.PacketLog;

public class PacketLogTests
{
    private static readonly PacketLogOptions Options = new() { Group = 78, CopyLength = 128, Delay = TimeSpan.FromMilliseconds(100) };

    /// <summary>nfgenmsg with the group as resource id, then one attribute.</summary>
    [Fact]
    public void Bind_Bytes() => Assert.Equal("0000004e" + "0500010001000000", Messages.Payload((ref MessageBuffer b) => PacketLogCodec.WriteBind(ref b, 78)));

    /// <summary>Copy 128 bytes of the packet; hand over after 10 units of 10 ms.</summary>
    [Fact]
    public void Mode_Bytes() => Assert.Equal("0000004e" + "0a000200000000800200" + "0000" + "080004000000000a", Messages.Payload((ref MessageBuffer b) => PacketLogCodec.WriteMode(ref b, Options)));

    /// <summary>As the kernel sends it: attributes in its order, the payload last.</summary>
    [Fact]
    public void Packet_IsRead()
    {
        byte[] bytes = Convert.FromHexString(
            "0200004e" + "0800010008000200" // IPv4, hook forward
            + "0900" + "0a00" + "64656e7900" + "000000" // prefix "deny"
            + "0800040000000007" + "0800050000000009" // links
            + "0800020000000012" // mark
            + "0700" + "0900" + "450001" + "00"); // payload
        Assert.True(PacketLogCodec.TryRead(new NetlinkMessage(new NetlinkHeader { Type = 0x400 }, bytes), out PacketLogEvent? read));
        Assert.Equal(new LoggedPacket { Prefix = "deny", Protocol = 0x800, Hook = 2, InputLink = 7, OutputLink = 9, Mark = 0x12, Payload = [0x45, 0, 1] }, read);
    }

    [Fact]
    public void OtherMessages_ArePassedOver() => Assert.False(PacketLogCodec.TryRead(new NetlinkMessage(new NetlinkHeader { Type = 0x401 }, new byte[4]), out _));
}
