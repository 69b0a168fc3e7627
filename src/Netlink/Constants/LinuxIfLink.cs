namespace Margay.Netlink.Constants;

/// <summary>linux/if_link.h: link attributes. Names and values are the kernel's.</summary>
public static class LinuxIfLink
{
    public const ushort IFLA_ADDRESS = 1;

    public const ushort IFLA_BROADCAST = 2;

    public const ushort IFLA_IFNAME = 3;

    public const ushort IFLA_MTU = 4;

    public const ushort IFLA_LINK = 5;

    public const ushort IFLA_MASTER = 10;

    public const ushort IFLA_TXQLEN = 13;

    public const ushort IFLA_OPERSTATE = 16;

    public const ushort IFLA_LINKINFO = 18;

    public const ushort IFLA_NET_NS_PID = 19;

    public const ushort IFLA_IFALIAS = 20;

    public const ushort IFLA_STATS64 = 23;

    public const ushort IFLA_AF_SPEC = 26;

    public const ushort IFLA_GROUP = 27;

    public const ushort IFLA_NET_NS_FD = 28;

    public const ushort IFLA_PROMISCUITY = 30;

    public const ushort IFLA_NUM_TX_QUEUES = 31;
    public const ushort IFLA_NUM_RX_QUEUES = 32;

    public const ushort IFLA_CARRIER = 33;

    public const ushort IFLA_LINK_NETNSID = 37;

    public const ushort IFLA_NEW_NETNSID = 45;

    public const ushort IFLA_TARGET_NETNSID = 46;

    public const ushort IFLA_NEW_IFINDEX = 49;

    public const ushort IFLA_ALT_IFNAME = 53;

    public const ushort IFLA_INET_CONF = 1;

    public const ushort IFLA_INET6_CONF = 2;
    public const ushort IFLA_INET6_ADDR_GEN_MODE = 8;

    /// <summary>linux/ipv6.h, place in IFLA_INET6_CONF.</summary>
    public const int DEVCONF_ACCEPT_RA = 3;

    public const int IN6_ADDR_GEN_MODE_EUI64 = 0;
    public const int IN6_ADDR_GEN_MODE_NONE = 1;
    public const int IN6_ADDR_GEN_MODE_STABLE_PRIVACY = 2;
    public const int IN6_ADDR_GEN_MODE_RANDOM = 3;

    public const ushort IFLA_BR_FORWARD_DELAY = 1;
    public const ushort IFLA_BR_HELLO_TIME = 2;
    public const ushort IFLA_BR_MAX_AGE = 3;
    public const ushort IFLA_BR_AGEING_TIME = 4;
    public const ushort IFLA_BR_STP_STATE = 5;
    public const ushort IFLA_BR_PRIORITY = 6;
    public const ushort IFLA_BR_VLAN_FILTERING = 7;
    public const ushort IFLA_BR_MCAST_SNOOPING = 23;

    public const ushort IFLA_BRPORT_MODE = 4;
    public const ushort IFLA_BRPORT_LEARNING = 8;
    public const ushort IFLA_BRPORT_UNICAST_FLOOD = 9;
    public const ushort IFLA_BRPORT_ISOLATED = 33;

    public const ushort IFLA_INFO_KIND = 1;
    public const ushort IFLA_INFO_DATA = 2;
    public const ushort IFLA_INFO_SLAVE_KIND = 4;

    public const ushort IFLA_MACVLAN_MODE = 1;

    public const ushort IFLA_VXLAN_ID = 1;
    public const ushort IFLA_VXLAN_GROUP = 2;
    public const ushort IFLA_VXLAN_LINK = 3;
    public const ushort IFLA_VXLAN_LOCAL = 4;
    public const ushort IFLA_VXLAN_TTL = 5;
    public const ushort IFLA_VXLAN_TOS = 6;
    public const ushort IFLA_VXLAN_LEARNING = 7;
    public const ushort IFLA_VXLAN_AGEING = 8;
    public const ushort IFLA_VXLAN_LIMIT = 9;
    public const ushort IFLA_VXLAN_PORT_RANGE = 10;
    public const ushort IFLA_VXLAN_PROXY = 11;
    public const ushort IFLA_VXLAN_RSC = 12;
    public const ushort IFLA_VXLAN_L2MISS = 13;
    public const ushort IFLA_VXLAN_L3MISS = 14;
    public const ushort IFLA_VXLAN_PORT = 15;
    public const ushort IFLA_VXLAN_GROUP6 = 16;
    public const ushort IFLA_VXLAN_LOCAL6 = 17;
    public const ushort IFLA_VXLAN_UDP_CSUM = 18;
    public const ushort IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19;
    public const ushort IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20;
    public const ushort IFLA_VXLAN_REMCSUM_TX = 21;
    public const ushort IFLA_VXLAN_REMCSUM_RX = 22;
    public const ushort IFLA_VXLAN_GBP = 23;
    public const ushort IFLA_VXLAN_REMCSUM_NOPARTIAL = 24;
    public const ushort IFLA_VXLAN_COLLECT_METADATA = 25;
    public const ushort IFLA_VXLAN_LABEL = 26;
    public const ushort IFLA_VXLAN_GPE = 27;
    public const ushort IFLA_VXLAN_TTL_INHERIT = 28;
    public const ushort IFLA_VXLAN_DF = 29;
    public const ushort IFLA_VXLAN_VNIFILTER = 30;
}
