namespace Margay.Netlink.Constants;

/// <summary>linux/nexthop.h: nexthop objects. Names and values are the kernel's.</summary>
public static class LinuxNexthop
{
    public const int NEXTHOP_GRP_TYPE_MPATH = 0;
    public const int NEXTHOP_GRP_TYPE_RES = 1;

    public const ushort NHA_ID = 1;
    public const ushort NHA_GROUP = 2;
    public const ushort NHA_GROUP_TYPE = 3;
    public const ushort NHA_BLACKHOLE = 4;
    public const ushort NHA_OIF = 5;
    public const ushort NHA_GATEWAY = 6;
    public const ushort NHA_ENCAP_TYPE = 7;
    public const ushort NHA_ENCAP = 8;
    public const ushort NHA_GROUPS = 9;
    public const ushort NHA_MASTER = 10;
    public const ushort NHA_FDB = 11;
    public const ushort NHA_RES_GROUP = 12;
    public const ushort NHA_RES_BUCKET = 13;
    public const ushort NHA_RES_GROUP_UNSPEC = 0;
    public const ushort NHA_RES_GROUP_PAD = 0;
    public const ushort NHA_RES_GROUP_BUCKETS = 1;
    public const ushort NHA_RES_GROUP_IDLE_TIMER = 2;
    public const ushort NHA_RES_GROUP_UNBALANCED_TIMER = 3;
    public const ushort NHA_RES_GROUP_UNBALANCED_TIME = 4;
    public const ushort NHA_RES_BUCKET_UNSPEC = 0;
    public const ushort NHA_RES_BUCKET_PAD = 0;
    public const ushort NHA_RES_BUCKET_INDEX = 1;
    public const ushort NHA_RES_BUCKET_IDLE_TIME = 2;
    public const ushort NHA_RES_BUCKET_NH_ID = 3;
}
