using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>Who installed a route (RTPROT_*, /etc/iproute2/rt_protos). Any other number from 4 up may be used as one's own.</summary>
public enum RouteProtocol : byte
{
    Unspecified = RTPROT_UNSPEC,
    Redirect = RTPROT_REDIRECT,
    Kernel = RTPROT_KERNEL,
    Boot = RTPROT_BOOT,
    Static = RTPROT_STATIC,
    RouterAdvertisement = RTPROT_RA,
    Zebra = RTPROT_ZEBRA,
    Bird = RTPROT_BIRD,
    Dhcp = RTPROT_DHCP,
    Bgp = RTPROT_BGP,
}

/// <summary>How far a destination is (RT_SCOPE_*).</summary>
public enum RouteScope : byte
{
    Universe = RT_SCOPE_UNIVERSE,
    Site = RT_SCOPE_SITE,
    Link = RT_SCOPE_LINK,
    Host = RT_SCOPE_HOST,
    Nowhere = RT_SCOPE_NOWHERE,
}

/// <summary>What a route does (RTN_*).</summary>
public enum RouteType : byte
{
    Unspecified = RTN_UNSPEC,
    Unicast = RTN_UNICAST,
    Local = RTN_LOCAL,
    Broadcast = RTN_BROADCAST,
    Anycast = RTN_ANYCAST,
    Multicast = RTN_MULTICAST,

    /// <summary>Drops silently.</summary>
    Blackhole = RTN_BLACKHOLE,

    /// <summary>Drops with ICMP host unreachable.</summary>
    Unreachable = RTN_UNREACHABLE,

    /// <summary>Drops with ICMP communication administratively prohibited.</summary>
    Prohibit = RTN_PROHIBIT,

    /// <summary>Ends the lookup in this table; the next rule goes on.</summary>
    Throw = RTN_THROW,
}

/// <summary>State of a next hop that the kernel reports (RTNH_F_*).</summary>
[Flags]
public enum RouteHopFlags : byte
{
    None = 0,
    Dead = RTNH_F_DEAD,
    OnLink = RTNH_F_ONLINK,
    Offload = RTNH_F_OFFLOAD,
    LinkDown = RTNH_F_LINKDOWN,
}

/// <summary>The tables every namespace has. Any other number from 1 up may be used.</summary>
public static class RouteTable
{
    public const uint Default = RT_TABLE_DEFAULT;
    public const uint Main = RT_TABLE_MAIN;
    public const uint Local = RT_TABLE_LOCAL;
}
