namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter/nfnetlink_conntrack.h: connection tracking. Names and values are the kernel's.</summary>
public static class LinuxNfnetlinkConntrack
{
    public const int IPCTNL_MSG_CT_NEW = 0;
    public const int IPCTNL_MSG_CT_GET = 1;
    public const int IPCTNL_MSG_CT_DELETE = 2;
    public const int IPCTNL_MSG_CT_GET_STATS = 5;

    public const ushort CTA_STATS_GLOBAL_ENTRIES = 1;

    public const ushort CTA_TUPLE_ORIG = 1;
    public const ushort CTA_TUPLE_REPLY = 2;

    public const ushort CTA_STATUS = 3;

    public const ushort CTA_PROTOINFO = 4;

    public const ushort CTA_TIMEOUT = 7;

    public const ushort CTA_MARK = 8;

    public const ushort CTA_COUNTERS_ORIG = 9;
    public const ushort CTA_COUNTERS_REPLY = 10;

    public const ushort CTA_ID = 12;

    public const ushort CTA_TUPLE_MASTER = 14;

    public const ushort CTA_ZONE = 18;

    public const ushort CTA_MARK_MASK = 21;

    public const ushort CTA_LABELS = 22;
    public const ushort CTA_LABELS_MASK = 23;

    public const ushort CTA_FILTER = 25;

    public const ushort CTA_STATUS_MASK = 26;

    public const ushort CTA_TUPLE_UNSPEC = 0;
    public const ushort CTA_TUPLE_IP = 1;
    public const ushort CTA_TUPLE_PROTO = 2;
    public const ushort CTA_TUPLE_ZONE = 3;

    public const ushort CTA_IP_UNSPEC = 0;
    public const ushort CTA_IP_V4_SRC = 1;
    public const ushort CTA_IP_V4_DST = 2;
    public const ushort CTA_IP_V6_SRC = 3;
    public const ushort CTA_IP_V6_DST = 4;

    public const ushort CTA_PROTO_UNSPEC = 0;
    public const ushort CTA_PROTO_NUM = 1;
    public const ushort CTA_PROTO_SRC_PORT = 2;
    public const ushort CTA_PROTO_DST_PORT = 3;
    public const ushort CTA_PROTO_ICMP_ID = 4;
    public const ushort CTA_PROTO_ICMP_TYPE = 5;
    public const ushort CTA_PROTO_ICMP_CODE = 6;
    public const ushort CTA_PROTO_ICMPV6_ID = 7;
    public const ushort CTA_PROTO_ICMPV6_TYPE = 8;
    public const ushort CTA_PROTO_ICMPV6_CODE = 9;

    public const ushort CTA_PROTOINFO_UNSPEC = 0;
    public const ushort CTA_PROTOINFO_TCP = 1;
    public const ushort CTA_PROTOINFO_DCCP = 2;
    public const ushort CTA_PROTOINFO_SCTP = 3;
    public const ushort CTA_PROTOINFO_TCP_UNSPEC = 0;
    public const ushort CTA_PROTOINFO_TCP_STATE = 1;
    public const ushort CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2;
    public const ushort CTA_PROTOINFO_TCP_WSCALE_REPLY = 3;
    public const ushort CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4;
    public const ushort CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;
    public const ushort CTA_PROTOINFO_DCCP_UNSPEC = 0;
    public const ushort CTA_PROTOINFO_DCCP_STATE = 1;
    public const ushort CTA_PROTOINFO_DCCP_ROLE = 2;
    public const ushort CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ = 3;
    public const ushort CTA_PROTOINFO_DCCP_PAD = 4;
    public const ushort CTA_PROTOINFO_SCTP_UNSPEC = 0;
    public const ushort CTA_PROTOINFO_SCTP_STATE = 1;
    public const ushort CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2;
    public const ushort CTA_PROTOINFO_SCTP_VTAG_REPLY = 3;

    public const ushort CTA_COUNTERS_UNSPEC = 0;
    public const ushort CTA_COUNTERS_PACKETS = 1;
    public const ushort CTA_COUNTERS_BYTES = 2;

    public const ushort CTA_COUNTERS32_PACKETS = 3;
    public const ushort CTA_COUNTERS32_BYTES = 4;

    public const ushort CTA_COUNTERS_PAD = 5;

    public const ushort CTA_PROTONAT_UNSPEC = 0;
    public const ushort CTA_PROTONAT_PORT_MIN = 1;

    public const ushort CTA_FILTER_UNSPEC = 0;
    public const ushort CTA_FILTER_ORIG_FLAGS = 1;
    public const ushort CTA_FILTER_REPLY_FLAGS = 2;
}
