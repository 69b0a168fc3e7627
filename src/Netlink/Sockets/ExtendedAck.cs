using System.Runtime.InteropServices;
using static Margay.Netlink.Constants.LinuxNetlink;

namespace Margay.Netlink.Sockets;

/// <summary>Reads NLMSG_ERROR and NLMSG_DONE: the error number and the attributes of the extended acknowledgement.</summary>
internal static class ExtendedAck
{
    internal static NetlinkResult ReadError(NetlinkMessage message, int index)
    {
        int error = ReadCode(message);
        // The echoed header follows the code, and the echoed payload unless the kernel cut it (NETLINK_CAP_ACK).
        int tlvs = 4 + NetlinkHeader.Size;
        bool capped = (message.Flags & NLM_F_CAPPED) != 0;
        if (!capped && error != 0 && MemoryMarshal.TryRead(message.Payload[4..], out NetlinkHeader echoed))
            tlvs += NetlinkHeader.Align((int)echoed.Length) - NetlinkHeader.Size;
        return Read(message, error, tlvs, index);
    }

    internal static NetlinkResult ReadDone(NetlinkMessage message) => Read(message, ReadCode(message), 4, -1);

    private static int ReadCode(NetlinkMessage message) => MemoryMarshal.TryRead(message.Payload, out int code) ? code : 0;

    private static NetlinkResult Read(NetlinkMessage message, int code, int offset, int index)
    {
        if (code >= 0) return default;
        string? text = null;
        int at = -1;
        if ((message.Flags & NLM_F_ACK_TLVS) != 0 && (uint)offset <= (uint)message.Payload.Length)
        {
            AttributeReader reader = new(message.Payload[offset..]);
            while (reader.TryRead(out NetlinkAttribute a))
            {
                if (a.Type == NLMSGERR_ATTR_MSG) text = a.String;
                else if (a.Type == NLMSGERR_ATTR_OFFS) at = a.Int32;
                else if (a.Type == NLMSGERR_ATTR_MISS_TYPE) text ??= $"attribute {a.UInt32} is missing";
            }
        }
        return new NetlinkResult((Errno)(-code), text, index, at);
    }
}
