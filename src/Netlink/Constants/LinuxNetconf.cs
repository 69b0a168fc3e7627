namespace Margay.Netlink.Constants;

/// <summary>linux/netconf.h: changes of the per-link settings below net/ipv4/conf and net/ipv6/conf.</summary>
internal static class LinuxNetconf
{
    public const ushort NETCONFA_IFINDEX = 1;

    /// <summary>In place of a link: the settings for all, and those new links begin with.</summary>
    public const int NETCONFA_IFINDEX_ALL = -1;
    public const int NETCONFA_IFINDEX_DEFAULT = -2;
}
