namespace Margay.Netlink.Constants;

/// <summary>linux/if_tun.h: TUN/TAP character device. Names and values are the kernel's.</summary>
public static class LinuxIfTun
{
    public const int TUNSETIFF = 0x400454ca;

    public const int TUNSETPERSIST = 0x400454cb;

    public const int TUNSETOWNER = 0x400454cc;

    public const int TUNSETGROUP = 0x400454ce;

    public const int IFF_TUN = 1;
    public const int IFF_TAP = 2;
    public const int IFF_NO_PI = 0x1000;
    public const int IFF_VNET_HDR = 0x4000;
    public const int IFF_MULTI_QUEUE = 256;
}
