namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter/nfnetlink.h: netfilter netlink subsystems, batches and groups. Names and values are the kernel's.</summary>
public static class LinuxNfnetlink
{
    public const int NFNLGRP_CONNTRACK_NEW = 1;
    public const int NFNLGRP_CONNTRACK_UPDATE = 2;
    public const int NFNLGRP_CONNTRACK_DESTROY = 3;
    public const int NFNLGRP_NFTABLES = 7;
    public const int NFNLGRP_NFTRACE = 9;

    public const int NFNETLINK_V0 = 0;

    public const int NFNL_SUBSYS_CTNETLINK = 1;
    public const int NFNL_SUBSYS_ULOG = 4;
    public const int NFNL_SUBSYS_NFTABLES = 10;
    public const int NFNL_MSG_BATCH_BEGIN = 16;
    public const int NFNL_MSG_BATCH_END = 17;
    public const int NFNL_BATCH_GENID = 1;
}
