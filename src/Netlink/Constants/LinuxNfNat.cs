namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter/nf_nat.h: address translation flags. Names and values are the kernel's.</summary>
public static class LinuxNfNat
{
    public const int NF_NAT_RANGE_MAP_IPS = 1;
    public const int NF_NAT_RANGE_PROTO_SPECIFIED = 2;
    public const int NF_NAT_RANGE_PROTO_RANDOM = 4;
    public const int NF_NAT_RANGE_PERSISTENT = 8;
    public const int NF_NAT_RANGE_PROTO_RANDOM_FULLY = 16;
    public const int NF_NAT_RANGE_PROTO_OFFSET = 32;
    public const int NF_NAT_RANGE_NETMAP = 64;
    public const int NF_NAT_RANGE_PROTO_RANDOM_ALL = 20;
}
