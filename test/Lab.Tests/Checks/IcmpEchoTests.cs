using Margay.Lab.Checks;

namespace Margay.Lab.Tests.Checks;

public class IcmpEchoTests
{
    [Fact]
    public void Request_HasAChecksumThatSumsToZero()
    {
        byte[] request = IcmpEcho.Request(v6: false, 0x1234, 7);
        Assert.Equal(8, request[0]);
        Assert.Equal(0, IcmpEcho.Checksum(request));
    }

    [Fact]
    public void Request6_LeavesTheChecksumToTheKernel()
    {
        byte[] request = IcmpEcho.Request(v6: true, 1, 2);
        Assert.Equal(128, request[0]);
        Assert.Equal(0, request[2] | request[3]);
    }

    [Fact]
    public void Reply_IsKnownByIdentifierAndSequence()
    {
        byte[] reply = IcmpEcho.Request(v6: true, 0x1234, 7);
        reply[0] = 129;
        Assert.True(IcmpEcho.IsReply(reply, v6: true, 0x1234, 7));
        Assert.False(IcmpEcho.IsReply(reply, v6: true, 0x1234, 8));
        Assert.False(IcmpEcho.IsReply(reply, v6: true, 0x1235, 7));
    }

    [Fact]
    public void Reply4_StandsAfterAnIpHeaderOfAnyLength()
    {
        byte[] reply = IcmpEcho.Request(v6: false, 0x1234, 7);
        reply[0] = 0;
        byte[] packet = [0x46, .. new byte[23], .. reply];
        Assert.True(IcmpEcho.IsReply(packet, v6: false, 0x1234, 7));
        for (int length = 0; length < 32; length++) Assert.False(IcmpEcho.IsReply(packet.AsSpan(0, length), v6: false, 0x1234, 7));
    }
}
