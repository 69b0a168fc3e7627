using static Margay.Netlink.Constants.LinuxNetlink;

namespace Margay.Netlink.Sockets;

/// <summary>The protocol of a netlink socket (linux/netlink.h).</summary>
public enum NetlinkProtocol
{
    /// <summary>Links, addresses, routes, neighbours, rules.</summary>
    Route = NETLINK_ROUTE,

    /// <summary>nf_tables and conntrack.</summary>
    Netfilter = NETLINK_NETFILTER,
}
