namespace Margay.Netlink.Constants;

/// <summary>linux/rtnetlink.h: message types, route attributes, multicast groups. Names and values are the kernel's.</summary>
public static class LinuxRtnetlink
{
    public const ushort RTM_NEWLINK = 16;
    public const ushort RTM_DELLINK = 17;
    public const ushort RTM_GETLINK = 18;
    public const ushort RTM_SETLINK = 19;
    public const ushort RTM_NEWADDR = 20;
    public const ushort RTM_DELADDR = 21;
    public const ushort RTM_GETADDR = 22;
    public const ushort RTM_NEWROUTE = 24;
    public const ushort RTM_DELROUTE = 25;
    public const ushort RTM_GETROUTE = 26;
    public const ushort RTM_NEWNEIGH = 28;
    public const ushort RTM_DELNEIGH = 29;
    public const ushort RTM_GETNEIGH = 30;
    public const ushort RTM_SETNEIGHTBL = 67;
    public const ushort RTM_NEWRULE = 32;
    public const ushort RTM_DELRULE = 33;
    public const ushort RTM_GETRULE = 34;
    public const ushort RTM_NEWNSID = 88;
    public const ushort RTM_DELNSID = 89;
    public const ushort RTM_GETNSID = 90;
    public const ushort RTM_NEWNEXTHOP = 104;
    public const ushort RTM_DELNEXTHOP = 105;
    public const ushort RTM_NEWNETCONF = 80;
    public const ushort RTM_GETNEXTHOP = 106;

    public const int RTN_UNSPEC = 0;
    public const int RTN_UNICAST = 1;
    public const int RTN_LOCAL = 2;
    public const int RTN_BROADCAST = 3;
    public const int RTN_ANYCAST = 4;
    public const int RTN_MULTICAST = 5;
    public const int RTN_BLACKHOLE = 6;
    public const int RTN_UNREACHABLE = 7;
    public const int RTN_PROHIBIT = 8;
    public const int RTN_THROW = 9;
    public const int RTN_NAT = 10;
    public const int RTN_XRESOLVE = 11;

    public const int RTPROT_UNSPEC = 0;
    public const int RTPROT_REDIRECT = 1;
    public const int RTPROT_KERNEL = 2;
    public const int RTPROT_BOOT = 3;
    public const int RTPROT_STATIC = 4;
    public const int RTPROT_GATED = 8;
    public const int RTPROT_RA = 9;
    public const int RTPROT_MRT = 10;
    public const int RTPROT_ZEBRA = 11;
    public const int RTPROT_BIRD = 12;
    public const int RTPROT_DNROUTED = 13;
    public const int RTPROT_XORP = 14;
    public const int RTPROT_NTK = 15;
    public const int RTPROT_DHCP = 16;
    public const int RTPROT_MROUTED = 17;
    public const int RTPROT_KEEPALIVED = 18;
    public const int RTPROT_BABEL = 42;
    public const int RTPROT_OPENR = 99;
    public const int RTPROT_BGP = 186;
    public const int RTPROT_ISIS = 187;
    public const int RTPROT_OSPF = 188;
    public const int RTPROT_RIP = 189;
    public const int RTPROT_EIGRP = 192;

    public const int RT_SCOPE_UNIVERSE = 0;
    public const int RT_SCOPE_SITE = 200;
    public const int RT_SCOPE_LINK = 253;
    public const int RT_SCOPE_HOST = 254;
    public const int RT_SCOPE_NOWHERE = 255;

    public const int RTM_F_CLONED = 512;
    public const int RTM_F_LOOKUP_TABLE = 0x1000;
    public const int RTM_F_FIB_MATCH = 0x2000;
    public const int RTM_F_OFFLOAD = 0x4000;
    public const int RTM_F_TRAP = 0x8000;
    public const int RTM_F_OFFLOAD_FAILED = 0x20000000;

    public const int RT_TABLE_UNSPEC = 0;
    public const int RT_TABLE_COMPAT = 252;
    public const int RT_TABLE_DEFAULT = 253;
    public const int RT_TABLE_MAIN = 254;
    public const int RT_TABLE_LOCAL = 255;

    public const ushort RTA_DST = 1;
    public const ushort RTA_SRC = 2;
    public const ushort RTA_IIF = 3;
    public const ushort RTA_OIF = 4;
    public const ushort RTA_GATEWAY = 5;
    public const ushort RTA_PRIORITY = 6;
    public const ushort RTA_PREFSRC = 7;
    public const ushort RTA_METRICS = 8;
    public const ushort RTA_MULTIPATH = 9;
    public const ushort RTA_PROTOINFO = 10;
    public const ushort RTA_FLOW = 11;
    public const ushort RTA_CACHEINFO = 12;
    public const ushort RTA_SESSION = 13;
    public const ushort RTA_MP_ALGO = 14;
    public const ushort RTA_TABLE = 15;
    public const ushort RTA_MARK = 16;
    public const ushort RTA_MFC_STATS = 17;
    public const ushort RTA_VIA = 18;
    public const ushort RTA_NEWDST = 19;
    public const ushort RTA_PREF = 20;
    public const ushort RTA_ENCAP_TYPE = 21;
    public const ushort RTA_ENCAP = 22;
    public const ushort RTA_EXPIRES = 23;
    public const ushort RTA_PAD = 24;
    public const ushort RTA_UID = 25;
    public const ushort RTA_TTL_PROPAGATE = 26;
    public const ushort RTA_IP_PROTO = 27;
    public const ushort RTA_SPORT = 28;
    public const ushort RTA_DPORT = 29;
    public const ushort RTA_NH_ID = 30;

    public const int RTNH_F_DEAD = 1;
    public const int RTNH_F_PERVASIVE = 2;
    public const int RTNH_F_ONLINK = 4;
    public const int RTNH_F_OFFLOAD = 8;
    public const int RTNH_F_LINKDOWN = 16;
    public const int RTNH_F_UNRESOLVED = 32;
    public const int RTNH_F_TRAP = 64;

    public const ushort RTAX_LOCK = 1;
    public const ushort RTAX_MTU = 2;
    public const ushort RTAX_WINDOW = 3;
    public const ushort RTAX_ADVMSS = 8;
    public const ushort RTAX_HOPLIMIT = 10;
    public const ushort RTAX_INITCWND = 11;
    public const ushort RTAX_FEATURES = 12;

    public const int RTNLGRP_LINK = 1;
    public const int RTNLGRP_NEIGH = 3;
    public const int RTNLGRP_IPV4_IFADDR = 5;
    public const int RTNLGRP_IPV4_ROUTE = 7;
    public const int RTNLGRP_IPV4_RULE = 8;
    public const int RTNLGRP_IPV6_IFADDR = 9;
    public const int RTNLGRP_IPV6_ROUTE = 11;
    public const int RTNLGRP_IPV6_RULE = 19;
    public const int RTNLGRP_NSID = 28;
    public const int RTNLGRP_IPV4_NETCONF = 24;
    public const int RTNLGRP_IPV6_NETCONF = 25;
    public const int RTNLGRP_NEXTHOP = 32;

    public const int RTEXT_FILTER_VF = 1;
    public const int RTEXT_FILTER_SKIP_STATS = 8;
}
