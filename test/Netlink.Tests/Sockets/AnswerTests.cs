using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;

namespace Margay.Netlink.Tests.Sockets;

public class AnswerTests
{
    private static NetlinkMessage Ack(uint sequence, int error, string tlvs = "", int flags = NLM_F_CAPPED | NLM_F_ACK_TLVS)
    {
        byte[] payload = new byte[20 + tlvs.Length / 2];
        BitConverter.TryWriteBytes(payload, error);
        Convert.FromHexString(tlvs).CopyTo(payload, 20);
        return new NetlinkMessage(new NetlinkHeader { Type = NLMSG_ERROR, Sequence = sequence, Flags = (ushort)flags }, payload);
    }

    [Fact]
    public void LastAcknowledgement_Completes()
    {
        Answer answer = new(10, 2, false, null);
        Assert.True(answer.Note(Ack(11, 0), false));
        Assert.True(answer.Complete);
        Assert.True(answer.Result.Ok);
    }

    [Fact]
    public void Failures_KeepTheirIndex_AndTheFirstIsTheResult()
    {
        List<NetlinkResult> failures = [];
        Answer answer = new(10, 4, false, failures);
        answer.Note(Ack(11, -17), false);
        answer.Note(Ack(12, -2), false);
        Assert.False(answer.Complete);
        answer.Note(Ack(13, 0), false);
        Assert.Equal((Errno.EEXIST, 1), (answer.Result.Error, answer.Result.Index));
        Assert.Equal([1, 2], failures.Select(f => f.Index));
    }

    [Fact]
    public void AnswersToEarlierRequests_ArePassedOver()
    {
        Answer answer = new(10, 1, false, null);
        Assert.True(answer.Note(Ack(9, -17), false));
        Assert.False(answer.Complete);
        Assert.False(answer.Any);
        Assert.True(answer.Result.Ok);
    }

    [Fact]
    public void ExtendedAck_TextAndOffset_AreRead()
    {
        // NLMSGERR_ATTR_MSG "bad", NLMSGERR_ATTR_OFFS 44
        NetlinkResult result = ExtendedAck.ReadError(Ack(1, -22, "0800010062616400" + "080002002c000000"), 3);
        Assert.Equal(new NetlinkResult(Errno.EINVAL, "bad", 3, 44), result);
        Assert.Equal("EINVAL: bad (message 3)", result.ToString());
    }

    [Fact]
    public void ExtendedAck_AfterAnEchoedRequest_IsRead()
    {
        // Not capped: the header echoed says 24 bytes, of which 8 follow before the attributes.
        byte[] payload = Convert.FromHexString("eaffffff" + "18000000" + "0000000000000000" + "00000000" + "aaaaaaaabbbbbbbb" + "0800010062616400");
        NetlinkMessage message = new(new NetlinkHeader { Type = NLMSG_ERROR, Flags = NLM_F_ACK_TLVS }, payload);
        Assert.Equal("bad", ExtendedAck.ReadError(message, -1).Message);
    }

    [Fact]
    public void InterruptedDump_IsEintr_UnlessItFailed()
    {
        Answer answer = new(10, 1, false, null);
        Assert.False(answer.Note(new NetlinkMessage(new NetlinkHeader { Type = 24, Sequence = 10, Flags = NLM_F_DUMP_INTR }, []), true));
        Assert.True(answer.Note(new NetlinkMessage(new NetlinkHeader { Type = NLMSG_DONE, Sequence = 10 }, new byte[4]), true));
        Assert.True(answer.Complete);
        Assert.True(answer.Result.IsInterrupted);
    }

    [Theory]
    [InlineData(Errno.ENOENT, true)]
    [InlineData(Errno.ESRCH, true)]
    [InlineData(Errno.ENODEV, true)]
    [InlineData(Errno.EADDRNOTAVAIL, true)]
    [InlineData(Errno.EINVAL, false)]
    public void NotFound_InTheKernelsFourWays(Errno error, bool notFound)
    {
        NetlinkResult result = new(error);
        Assert.Equal(notFound, result.IsNotFound);
        Assert.Equal(notFound, result.IgnoreNotFound().Ok);
    }

    [Fact]
    public void ResultWithValue_ThrowsOnlyWhenAskedForTheValue()
    {
        NetlinkResult<int> failed = new NetlinkResult(Errno.EPERM);
        Assert.False(failed.TryGet(out _));
        Assert.Equal(Errno.EPERM, Assert.Throws<NetlinkException>(() => failed.Value).Error);
        NetlinkResult<int> good = 5;
        Assert.Equal(5, good.Value);
    }
}
