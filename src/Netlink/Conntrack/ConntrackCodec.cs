using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetfilter;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfnetlink;
using static Margay.Netlink.Constants.LinuxNfnetlinkConntrack;

namespace Margay.Netlink.Conntrack;

/// <summary>IPCTNL_MSG_CT_*. Numbers are big-endian.</summary>
internal static class ConntrackCodec
{
    /// <summary>The kernel filters by family, mark and status; the rest is for <see cref="ConntrackFilter.Matches"/>.</summary>
    internal static void WriteDump(ref MessageBuffer buffer, ConntrackFilter filter)
    {
        byte family = filter.IPv6 is { } v6 ? Family(v6) : (byte)NFPROTO_UNSPEC;
        MessageWriter m = buffer.Begin(Type(IPCTNL_MSG_CT_GET), NLM_F_DUMP);
        m.Header(NfGenMsg.For(family));
        if (filter.Mark is { } mark)
        {
            m.UInt32BigEndian(CTA_MARK, mark & filter.MarkMask);
            m.UInt32BigEndian(CTA_MARK_MASK, filter.MarkMask);
        }
        if (filter.Answered is { } answered)
        {
            m.UInt32BigEndian(CTA_STATUS, answered ? (uint)ConntrackStatus.SeenReply : 0);
            m.UInt32BigEndian(CTA_STATUS_MASK, (uint)ConntrackStatus.SeenReply);
        }
        m.End();
    }

    internal static void WriteCount(ref MessageBuffer buffer)
    {
        MessageWriter m = buffer.Begin(Type(IPCTNL_MSG_CT_GET_STATS), 0);
        m.Header(NfGenMsg.For((byte)NFPROTO_UNSPEC));
        m.End();
    }

    internal static bool TryReadCount(NetlinkMessage message, out int count)
    {
        count = 0;
        if (!message.TryRead(out NfGenMsg _, out AttributeReader attributes)) return false;
        bool found = false;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type != CTA_STATS_GLOBAL_ENTRIES) continue;
            count = (int)a.UInt32BigEndian;
            found = true;
        }
        return found && !attributes.Failed;
    }

    internal static void WriteDelete(ref MessageBuffer buffer, ConntrackFlow flow)
    {
        MessageWriter m = buffer.Begin(Type(IPCTNL_MSG_CT_DELETE), 0);
        m.Header(NfGenMsg.For(Family(flow.Original.Source.IsIPv6)));
        WriteTuple(ref m, CTA_TUPLE_ORIG, flow.Original);
        if (flow.Zone != 0) m.UInt16BigEndian(CTA_ZONE, flow.Zone);
        if (flow.Id != 0) m.UInt32BigEndian(CTA_ID, flow.Id);
        m.End();
    }

    private static void WriteTuple(ref MessageWriter m, int attribute, ConntrackTuple tuple)
    {
        bool v6 = tuple.Source.IsIPv6;
        int nest = m.BeginNested(attribute);
        int ip = m.BeginNested(CTA_TUPLE_IP);
        m.Address(v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, tuple.Source);
        m.Address(v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, tuple.Destination);
        m.EndNested(ip);
        int proto = m.BeginNested(CTA_TUPLE_PROTO);
        m.Byte(CTA_PROTO_NUM, tuple.Protocol);
        if (tuple.Protocol is IpProtocolIcmp or IpProtocolIcmpv6)
        {
            m.UInt16BigEndian(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, tuple.SourcePort);
            m.Byte(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, (byte)(tuple.DestinationPort >> 8));
            m.Byte(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, (byte)tuple.DestinationPort);
        }
        else
        {
            m.UInt16BigEndian(CTA_PROTO_SRC_PORT, tuple.SourcePort);
            m.UInt16BigEndian(CTA_PROTO_DST_PORT, tuple.DestinationPort);
        }
        m.EndNested(proto);
        m.EndNested(nest);
    }

    internal static bool TryRead(NetlinkMessage message, out ConntrackFlow flow)
    {
        flow = null!;
        if (message.Type >> 8 != NFNL_SUBSYS_CTNETLINK || !message.TryRead(out NfGenMsg _, out AttributeReader attributes)) return false;
        ConntrackFlow read = new() { Original = default };
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            read = a.Type switch
            {
                CTA_TUPLE_ORIG => read with { Original = ReadTuple(a.Nested) },
                CTA_TUPLE_REPLY => read with { Reply = ReadTuple(a.Nested) },
                CTA_ZONE => read with { Zone = a.UInt16BigEndian },
                CTA_MARK => read with { Mark = a.UInt32BigEndian },
                CTA_STATUS => read with { Status = (ConntrackStatus)a.UInt32BigEndian },
                CTA_TIMEOUT => read with { Timeout = TimeSpan.FromSeconds(a.UInt32BigEndian) },
                CTA_ID => read with { Id = a.UInt32BigEndian },
                _ => read,
            };
        }
        flow = read;
        return !attributes.Failed;
    }

    private static ConntrackTuple ReadTuple(AttributeReader attributes)
    {
        ConntrackTuple tuple = default;
        while (attributes.TryRead(out NetlinkAttribute part))
        {
            AttributeReader inner = part.Nested;
            while (part.Type == CTA_TUPLE_IP && inner.TryRead(out NetlinkAttribute a))
            {
                if (a.Type is CTA_IP_V4_SRC or CTA_IP_V6_SRC) tuple = tuple with { Source = a.Address ?? default };
                else if (a.Type is CTA_IP_V4_DST or CTA_IP_V6_DST) tuple = tuple with { Destination = a.Address ?? default };
            }
            while (part.Type == CTA_TUPLE_PROTO && inner.TryRead(out NetlinkAttribute a)) tuple = ReadProtocol(tuple, a);
        }
        return tuple;
    }

    private static ConntrackTuple ReadProtocol(ConntrackTuple tuple, NetlinkAttribute a) => a.Type switch
    {
        CTA_PROTO_NUM => tuple with { Protocol = a.Byte },
        CTA_PROTO_SRC_PORT or CTA_PROTO_ICMP_ID or CTA_PROTO_ICMPV6_ID => tuple with { SourcePort = a.UInt16BigEndian },
        CTA_PROTO_DST_PORT => tuple with { DestinationPort = a.UInt16BigEndian },
        CTA_PROTO_ICMP_TYPE or CTA_PROTO_ICMPV6_TYPE => tuple with { DestinationPort = (ushort)(a.Byte << 8 | (tuple.DestinationPort & 0xff)) },
        CTA_PROTO_ICMP_CODE or CTA_PROTO_ICMPV6_CODE => tuple with { DestinationPort = (ushort)((tuple.DestinationPort & 0xff00) | a.Byte) },
        _ => tuple,
    };

    private const byte IpProtocolIcmp = 1;
    private const byte IpProtocolIcmpv6 = 58;

    private static byte Family(bool ipv6) => ipv6 ? (byte)NFPROTO_IPV6 : (byte)NFPROTO_IPV4;

    private static ushort Type(int message) => (ushort)(NFNL_SUBSYS_CTNETLINK << 8 | message);
}
