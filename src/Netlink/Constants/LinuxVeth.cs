namespace Margay.Netlink.Constants;

/// <summary>linux/veth.h: virtual Ethernet pair. Names and values are the kernel's.</summary>
public static class LinuxVeth
{
    public const ushort VETH_INFO_PEER = 1;
}
