namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter.h: protocol families, verdicts and hooks. Names and values are the kernel's.</summary>
public static class LinuxNetfilter
{
    public const int NF_DROP = 0;
    public const int NF_ACCEPT = 1;
    public const int NF_STOLEN = 2;
    public const int NF_QUEUE = 3;
    public const int NF_REPEAT = 4;
    public const int NF_STOP = 5;
    public const int NF_INET_PRE_ROUTING = 0;
    public const int NF_INET_LOCAL_IN = 1;
    public const int NF_INET_FORWARD = 2;
    public const int NF_INET_LOCAL_OUT = 3;
    public const int NF_INET_POST_ROUTING = 4;
    public const int NF_INET_INGRESS = 5;
    public const int NF_NETDEV_INGRESS = 0;
    public const int NF_NETDEV_EGRESS = 1;

    public const int NFPROTO_UNSPEC = 0;
    public const int NFPROTO_INET = 1;
    public const int NFPROTO_IPV4 = 2;
    public const int NFPROTO_ARP = 3;
    public const int NFPROTO_NETDEV = 5;
    public const int NFPROTO_BRIDGE = 7;
    public const int NFPROTO_IPV6 = 10;
}
