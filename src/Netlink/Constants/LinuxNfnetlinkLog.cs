namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter/nfnetlink_log.h: packets that rules log to a group. Names and values are the kernel's.</summary>
public static class LinuxNfnetlinkLog
{
    public const int NFULNL_MSG_PACKET = 0;
    public const int NFULNL_MSG_CONFIG = 1;

    public const ushort NFULA_PACKET_HDR = 1;
    public const ushort NFULA_MARK = 2;
    public const ushort NFULA_TIMESTAMP = 3;
    public const ushort NFULA_IFINDEX_INDEV = 4;
    public const ushort NFULA_IFINDEX_OUTDEV = 5;
    public const ushort NFULA_PAYLOAD = 9;
    public const ushort NFULA_PREFIX = 10;

    public const int NFULNL_CFG_CMD_BIND = 1;
    public const int NFULNL_CFG_CMD_UNBIND = 2;

    public const ushort NFULA_CFG_CMD = 1;
    public const ushort NFULA_CFG_MODE = 2;
    public const ushort NFULA_CFG_NLBUFSIZ = 3;
    public const ushort NFULA_CFG_TIMEOUT = 4;
    public const ushort NFULA_CFG_QTHRESH = 5;
    public const ushort NFULA_CFG_FLAGS = 6;

    public const byte NFULNL_COPY_NONE = 0;
    public const byte NFULNL_COPY_META = 1;
    public const byte NFULNL_COPY_PACKET = 2;
}
