namespace Margay.Netlink.Constants;

/// <summary>linux/if_addr.h: interface address attributes. Names and values are the kernel's.</summary>
public static class LinuxIfAddr
{
    public const ushort IFA_ADDRESS = 1;
    public const ushort IFA_LOCAL = 2;
    public const ushort IFA_LABEL = 3;
    public const ushort IFA_BROADCAST = 4;
    public const ushort IFA_ANYCAST = 5;
    public const ushort IFA_CACHEINFO = 6;
    public const ushort IFA_MULTICAST = 7;
    public const ushort IFA_FLAGS = 8;
    public const ushort IFA_RT_PRIORITY = 9;
    public const ushort IFA_TARGET_NETNSID = 10;
    public const ushort IFA_PROTO = 11;
    public const ushort IFA_F_SECONDARY = 1;
    public const ushort IFA_F_TEMPORARY = 1;
    public const ushort IFA_F_NODAD = 2;
    public const ushort IFA_F_OPTIMISTIC = 4;
    public const ushort IFA_F_DADFAILED = 8;
    public const ushort IFA_F_HOMEADDRESS = 16;
    public const ushort IFA_F_DEPRECATED = 32;
    public const ushort IFA_F_TENTATIVE = 64;
    public const ushort IFA_F_PERMANENT = 128;
    public const ushort IFA_F_MANAGETEMPADDR = 256;
    public const ushort IFA_F_NOPREFIXROUTE = 512;
    public const ushort IFA_F_MCAUTOJOIN = 1024;
    public const ushort IFA_F_STABLE_PRIVACY = 2048;
}
