using static Margay.Netlink.Constants.LinuxNetfilter;

namespace Margay.Netlink.NfTables;

/// <summary>Which packets a table sees (NFPROTO_*).</summary>
public enum NftFamily : byte
{
    Unspecified = NFPROTO_UNSPEC,

    /// <summary>IPv4 and IPv6.</summary>
    Inet = NFPROTO_INET,
    Ip = NFPROTO_IPV4,
    Arp = NFPROTO_ARP,

    /// <summary>One device, at its ingress or egress.</summary>
    Netdev = NFPROTO_NETDEV,
    Bridge = NFPROTO_BRIDGE,
    Ip6 = NFPROTO_IPV6,
}
