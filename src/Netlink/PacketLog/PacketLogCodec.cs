using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetfilter;
using static Margay.Netlink.Constants.LinuxNfnetlink;
using static Margay.Netlink.Constants.LinuxNfnetlinkLog;

namespace Margay.Netlink.PacketLog;

/// <summary>NFULNL_MSG_*. Numbers are big-endian; the group stands in nfgenmsg's resource id.</summary>
internal static class PacketLogCodec
{
    internal static void WriteBind(ref MessageBuffer buffer, ushort group)
    {
        MessageWriter m = buffer.Begin(Type(NFULNL_MSG_CONFIG), 0);
        m.Header(NfGenMsg.For((byte)NFPROTO_UNSPEC, group));
        m.Byte(NFULA_CFG_CMD, NFULNL_CFG_CMD_BIND);
        m.End();
    }

    internal static void WriteMode(ref MessageBuffer buffer, PacketLogOptions options)
    {
        MessageWriter m = buffer.Begin(Type(NFULNL_MSG_CONFIG), 0);
        m.Header(NfGenMsg.For((byte)NFPROTO_UNSPEC, options.Group));
        Span<byte> mode = m.Reserve(NFULA_CFG_MODE, 6);
        BinaryPrimitives.WriteUInt32BigEndian(mode, (uint)options.CopyLength);
        (mode[4], mode[5]) = (NFULNL_COPY_PACKET, 0);
        // In units of 10 ms.
        m.UInt32BigEndian(NFULA_CFG_TIMEOUT, (uint)Math.Max(1, options.Delay.TotalMilliseconds / 10));
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, [NotNullWhen(true)] out PacketLogEvent? read)
    {
        read = null;
        if (message.Type != Type(NFULNL_MSG_PACKET) || !message.TryRead(out NfGenMsg _, out AttributeReader attributes)) return false;
        string prefix = "";
        ushort protocol = 0;
        byte hook = 0;
        uint input = 0, output = 0, mark = 0;
        ImmutableArray<byte> payload = [];
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFULA_PACKET_HDR:
                    protocol = a.UInt16BigEndian;
                    hook = a.Value.Length > 2 ? a.Value[2] : (byte)0;
                    break;
                case NFULA_MARK: mark = a.UInt32BigEndian; break;
                case NFULA_IFINDEX_INDEV: input = a.UInt32BigEndian; break;
                case NFULA_IFINDEX_OUTDEV: output = a.UInt32BigEndian; break;
                case NFULA_PREFIX: prefix = a.String; break;
                case NFULA_PAYLOAD: payload = ImmutableArray.Create(a.Value); break;
            }
        }
        if (attributes.Failed) return false;
        read = new LoggedPacket { Prefix = prefix, Protocol = protocol, Hook = hook, InputLink = (int)input, OutputLink = (int)output, Mark = mark, Payload = payload };
        return true;
    }

    private static ushort Type(int message) => (ushort)(NFNL_SUBSYS_ULOG << 8 | message);
}
