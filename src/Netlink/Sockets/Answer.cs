using static Margay.Netlink.Constants.LinuxNetlink;

namespace Margay.Netlink.Sockets;

/// <summary>
/// Follows the answers to one request of <paramref name="count"/> messages numbered from <paramref name="first"/>: which failed, and when all
/// have come. Answers to earlier requests (an aborted dump) are passed over.
/// </summary>
internal struct Answer(uint first, int count, bool endsWhenEmpty, List<NetlinkResult>? failures)
{
    private bool _interrupted;
    private NetlinkResult _failure;

    internal bool Complete { get; private set; }

    /// <summary>At least one answer has come.</summary>
    internal bool Any { get; private set; }

    /// <summary>An nf_tables batch that is refused as a whole answers its first message only: no more answers come when none is waiting.</summary>
    internal readonly bool EndsWhenEmpty => endsWhenEmpty;

    internal readonly NetlinkResult Result => !_failure.Ok || !_interrupted
        ? _failure
        : new NetlinkResult(Errno.EINTR, "the dump was changed underneath; repeat it");

    /// <summary>True when the message is for the protocol and not for the reader of the data.</summary>
    internal bool Note(NetlinkMessage message, bool dump)
    {
        uint index = message.Header.Sequence - first;
        if (index >= (uint)count) return true;
        Any = true;
        _interrupted |= (message.Flags & NLM_F_DUMP_INTR) != 0;
        switch (message.Type)
        {
            case NLMSG_ERROR:
                Fail(ExtendedAck.ReadError(message, count == 1 ? -1 : (int)index));
                Complete = index == (uint)count - 1 || dump;
                return true;
            case NLMSG_DONE:
                Fail(ExtendedAck.ReadDone(message));
                Complete = true;
                return true;
            case NLMSG_NOOP:
                return true;
            default:
                return false;
        }
    }

    private void Fail(NetlinkResult result)
    {
        if (result.Ok) return;
        if (_failure.Ok) _failure = result;
        failures?.Add(result);
    }
}
