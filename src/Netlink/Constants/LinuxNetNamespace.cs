namespace Margay.Netlink.Constants;

/// <summary>linux/net_namespace.h: namespace identifiers. Names and values are the kernel's.</summary>
public static class LinuxNetNamespace
{
    public const ushort NETNSA_NONE = 0;
    public const int NETNSA_NSID_NOT_ASSIGNED = -1;
    public const ushort NETNSA_NSID = 1;
    public const ushort NETNSA_PID = 2;
    public const ushort NETNSA_FD = 3;
    public const ushort NETNSA_TARGET_NSID = 4;
    public const ushort NETNSA_CURRENT_NSID = 5;
}
