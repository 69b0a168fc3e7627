namespace Margay.Netlink.Constants;

/// <summary>linux/neighbour.h: neighbour and forwarding database entries. Names and values are the kernel's.</summary>
public static class LinuxNeighbour
{
    public const ushort NDA_DST = 1;
    public const ushort NDA_LLADDR = 2;
    public const ushort NDA_CACHEINFO = 3;
    public const ushort NDA_PROBES = 4;
    public const ushort NDA_VLAN = 5;
    public const ushort NDA_PORT = 6;
    public const ushort NDA_VNI = 7;
    public const ushort NDA_IFINDEX = 8;
    public const ushort NDA_MASTER = 9;
    public const ushort NDA_LINK_NETNSID = 10;
    public const ushort NDA_SRC_VNI = 11;
    public const ushort NDA_PROTOCOL = 12;
    public const ushort NDA_NH_ID = 13;
    public const ushort NDA_FLAGS_EXT = 15;

    public const int NTF_USE = 1;
    public const int NTF_SELF = 2;
    public const int NTF_MASTER = 4;
    public const int NTF_PROXY = 8;
    public const int NTF_EXT_LEARNED = 16;
    public const int NTF_OFFLOADED = 32;
    public const int NTF_STICKY = 64;
    public const int NTF_ROUTER = 128;
    public const int NTF_EXT_MANAGED = 1;

    public const int NUD_INCOMPLETE = 1;
    public const int NUD_REACHABLE = 2;
    public const int NUD_STALE = 4;
    public const int NUD_DELAY = 8;
    public const int NUD_PROBE = 16;
    public const int NUD_FAILED = 32;
    public const int NUD_NOARP = 64;
    public const int NUD_PERMANENT = 128;
    public const int NUD_NONE = 0;

    public const ushort NDTA_NAME = 1;
    public const ushort NDTA_PARMS = 6;
    public const ushort NDTPA_IFINDEX = 1;
    public const ushort NDTPA_PROXY_DELAY = 13;
}
