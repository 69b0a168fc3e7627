namespace Margay.Netlink.Constants;

/// <summary>linux/fib_rules.h: policy routing rules. Names and values are the kernel's.</summary>
public static class LinuxFibRules
{
    public const int FIB_RULE_PERMANENT = 1;
    public const int FIB_RULE_INVERT = 2;

    public const ushort FRA_DST = 1;
    public const ushort FRA_SRC = 2;
    public const ushort FRA_IIFNAME = 3;
    public const ushort FRA_IFNAME = 3;
    public const ushort FRA_GOTO = 4;
    public const ushort FRA_PRIORITY = 6;
    public const ushort FRA_FWMARK = 10;
    public const ushort FRA_FLOW = 11;
    public const ushort FRA_TUN_ID = 12;
    public const ushort FRA_SUPPRESS_IFGROUP = 13;
    public const ushort FRA_SUPPRESS_PREFIXLEN = 14;
    public const ushort FRA_TABLE = 15;
    public const ushort FRA_FWMASK = 16;
    public const ushort FRA_OIFNAME = 17;
    public const ushort FRA_PAD = 18;
    public const ushort FRA_L3MDEV = 19;
    public const ushort FRA_UID_RANGE = 20;
    public const ushort FRA_PROTOCOL = 21;
    public const ushort FRA_IP_PROTO = 22;
    public const ushort FRA_SPORT_RANGE = 23;
    public const ushort FRA_DPORT_RANGE = 24;

    public const int FR_ACT_UNSPEC = 0;
    public const int FR_ACT_TO_TBL = 1;
    public const int FR_ACT_GOTO = 2;
    public const int FR_ACT_NOP = 3;
    public const int FR_ACT_BLACKHOLE = 6;
    public const int FR_ACT_UNREACHABLE = 7;
    public const int FR_ACT_PROHIBIT = 8;
}
