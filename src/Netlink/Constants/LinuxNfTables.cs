namespace Margay.Netlink.Constants;

/// <summary>linux/netfilter/nf_tables.h: tables, chains, rules, sets, expressions. Names and values are the kernel's.</summary>
public static class LinuxNfTables
{
    public const int NFT_NAME_MAXLEN = 256;

    public const int NFT_CHAIN_MAXNAMELEN = 256;

    public const int NFT_SET_MAXNAMELEN = 256;

    public const int NFT_USERDATA_MAXLEN = 256;

    public const int NFT_REG_VERDICT = 0;
    public const int NFT_REG_1 = 1;
    public const int NFT_REG_2 = 2;
    public const int NFT_REG_3 = 3;
    public const int NFT_REG_4 = 4;

    public const int NFT_REG32_00 = 8;
    public const int NFT_REG32_01 = 9;
    public const int NFT_REG32_02 = 10;
    public const int NFT_REG32_03 = 11;
    public const int NFT_REG32_04 = 12;
    public const int NFT_REG32_05 = 13;
    public const int NFT_REG32_06 = 14;
    public const int NFT_REG32_07 = 15;
    public const int NFT_REG32_08 = 16;
    public const int NFT_REG32_09 = 17;
    public const int NFT_REG32_10 = 18;
    public const int NFT_REG32_11 = 19;
    public const int NFT_REG32_12 = 20;
    public const int NFT_REG32_13 = 21;
    public const int NFT_REG32_14 = 22;
    public const int NFT_REG32_15 = 23;

    public const int NFT_REG_MAX = 4;
    public const int NFT_REG_SIZE = 16;

    public const int NFT_REG32_SIZE = 4;
    public const int NFT_REG32_COUNT = 16;

    public const int NFT_CONTINUE = -1;

    public const int NFT_BREAK = -2;

    public const int NFT_JUMP = -3;

    public const int NFT_GOTO = -4;

    public const int NFT_RETURN = -5;

    public const int NFT_MSG_NEWTABLE = 0;
    public const int NFT_MSG_GETTABLE = 1;
    public const int NFT_MSG_DELTABLE = 2;
    public const int NFT_MSG_NEWCHAIN = 3;
    public const int NFT_MSG_GETCHAIN = 4;
    public const int NFT_MSG_DELCHAIN = 5;
    public const int NFT_MSG_NEWRULE = 6;
    public const int NFT_MSG_GETRULE = 7;
    public const int NFT_MSG_DELRULE = 8;
    public const int NFT_MSG_NEWSET = 9;
    public const int NFT_MSG_GETSET = 10;
    public const int NFT_MSG_DELSET = 11;
    public const int NFT_MSG_NEWSETELEM = 12;
    public const int NFT_MSG_GETSETELEM = 13;
    public const int NFT_MSG_DELSETELEM = 14;
    public const int NFT_MSG_NEWGEN = 15;
    public const int NFT_MSG_GETGEN = 16;
    public const int NFT_MSG_TRACE = 17;
    public const int NFT_MSG_NEWOBJ = 18;
    public const int NFT_MSG_GETOBJ = 19;
    public const int NFT_MSG_DELOBJ = 20;
    public const int NFT_MSG_GETOBJ_RESET = 21;
    public const int NFT_MSG_NEWFLOWTABLE = 22;
    public const int NFT_MSG_GETFLOWTABLE = 23;
    public const int NFT_MSG_DELFLOWTABLE = 24;

    public const ushort NFTA_LIST_UNSPEC = 0;
    public const ushort NFTA_LIST_ELEM = 1;

    public const ushort NFTA_HOOK_UNSPEC = 0;
    public const ushort NFTA_HOOK_HOOKNUM = 1;
    public const ushort NFTA_HOOK_PRIORITY = 2;
    public const ushort NFTA_HOOK_DEV = 3;
    public const ushort NFTA_HOOK_DEVS = 4;

    public const int NFT_TABLE_F_DORMANT = 1;
    public const int NFT_TABLE_F_OWNER = 2;
    public const int NFT_TABLE_F_MASK = 3;

    public const ushort NFTA_TABLE_UNSPEC = 0;
    public const ushort NFTA_TABLE_NAME = 1;
    public const ushort NFTA_TABLE_FLAGS = 2;
    public const ushort NFTA_TABLE_USE = 3;
    public const ushort NFTA_TABLE_HANDLE = 4;
    public const ushort NFTA_TABLE_PAD = 5;
    public const ushort NFTA_TABLE_USERDATA = 6;
    public const ushort NFTA_TABLE_OWNER = 7;

    public const int NFT_CHAIN_BASE = 1;
    public const int NFT_CHAIN_HW_OFFLOAD = 2;
    public const int NFT_CHAIN_BINDING = 4;
    public const int NFT_CHAIN_FLAGS = 7;

    public const ushort NFTA_CHAIN_UNSPEC = 0;
    public const ushort NFTA_CHAIN_TABLE = 1;
    public const ushort NFTA_CHAIN_HANDLE = 2;
    public const ushort NFTA_CHAIN_NAME = 3;
    public const ushort NFTA_CHAIN_HOOK = 4;
    public const ushort NFTA_CHAIN_POLICY = 5;
    public const ushort NFTA_CHAIN_USE = 6;
    public const ushort NFTA_CHAIN_TYPE = 7;
    public const ushort NFTA_CHAIN_COUNTERS = 8;
    public const ushort NFTA_CHAIN_PAD = 9;
    public const ushort NFTA_CHAIN_FLAGS = 10;
    public const ushort NFTA_CHAIN_ID = 11;
    public const ushort NFTA_CHAIN_USERDATA = 12;

    public const ushort NFTA_RULE_UNSPEC = 0;
    public const ushort NFTA_RULE_TABLE = 1;
    public const ushort NFTA_RULE_CHAIN = 2;
    public const ushort NFTA_RULE_HANDLE = 3;
    public const ushort NFTA_RULE_EXPRESSIONS = 4;
    public const ushort NFTA_RULE_POSITION = 6;
    public const ushort NFTA_RULE_USERDATA = 7;
    public const ushort NFTA_RULE_PAD = 8;
    public const ushort NFTA_RULE_ID = 9;
    public const ushort NFTA_RULE_POSITION_ID = 10;
    public const ushort NFTA_RULE_CHAIN_ID = 11;

    public const int NFT_SET_ANONYMOUS = 1;
    public const int NFT_SET_CONSTANT = 2;
    public const int NFT_SET_INTERVAL = 4;
    public const int NFT_SET_MAP = 8;
    public const int NFT_SET_TIMEOUT = 16;
    public const int NFT_SET_EVAL = 32;
    public const int NFT_SET_OBJECT = 64;
    public const int NFT_SET_CONCAT = 128;
    public const int NFT_SET_EXPR = 256;
    public const int NFT_SET_POL_PERFORMANCE = 0;
    public const int NFT_SET_POL_MEMORY = 1;

    public const ushort NFTA_SET_DESC_UNSPEC = 0;
    public const ushort NFTA_SET_DESC_SIZE = 1;
    public const ushort NFTA_SET_DESC_CONCAT = 2;
    public const ushort NFTA_SET_FIELD_UNSPEC = 0;
    public const ushort NFTA_SET_FIELD_LEN = 1;
    public const ushort NFTA_SET_UNSPEC = 0;
    public const ushort NFTA_SET_TABLE = 1;
    public const ushort NFTA_SET_NAME = 2;
    public const ushort NFTA_SET_FLAGS = 3;
    public const ushort NFTA_SET_KEY_TYPE = 4;
    public const ushort NFTA_SET_KEY_LEN = 5;
    public const ushort NFTA_SET_DATA_TYPE = 6;
    public const ushort NFTA_SET_DATA_LEN = 7;
    public const ushort NFTA_SET_POLICY = 8;
    public const ushort NFTA_SET_DESC = 9;
    public const ushort NFTA_SET_ID = 10;
    public const ushort NFTA_SET_TIMEOUT = 11;
    public const ushort NFTA_SET_GC_INTERVAL = 12;
    public const ushort NFTA_SET_USERDATA = 13;
    public const ushort NFTA_SET_PAD = 14;
    public const ushort NFTA_SET_OBJ_TYPE = 15;
    public const ushort NFTA_SET_HANDLE = 16;
    public const ushort NFTA_SET_EXPR = 17;
    public const ushort NFTA_SET_EXPRESSIONS = 18;

    public const int NFT_SET_ELEM_INTERVAL_END = 1;
    public const int NFT_SET_ELEM_CATCHALL = 2;

    public const ushort NFTA_SET_ELEM_UNSPEC = 0;
    public const ushort NFTA_SET_ELEM_KEY = 1;
    public const ushort NFTA_SET_ELEM_DATA = 2;
    public const ushort NFTA_SET_ELEM_FLAGS = 3;
    public const ushort NFTA_SET_ELEM_TIMEOUT = 4;
    public const ushort NFTA_SET_ELEM_EXPIRATION = 5;
    public const ushort NFTA_SET_ELEM_USERDATA = 6;
    public const ushort NFTA_SET_ELEM_EXPR = 7;
    public const ushort NFTA_SET_ELEM_PAD = 8;
    public const ushort NFTA_SET_ELEM_OBJREF = 9;
    public const ushort NFTA_SET_ELEM_KEY_END = 10;
    public const ushort NFTA_SET_ELEM_EXPRESSIONS = 11;
    public const ushort NFTA_SET_ELEM_LIST_UNSPEC = 0;
    public const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    public const ushort NFTA_SET_ELEM_LIST_SET = 2;
    public const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    public const ushort NFTA_SET_ELEM_LIST_SET_ID = 4;

    public const int NFT_DATA_VALUE = 0;
    public const uint NFT_DATA_VERDICT = 0xffffff00;
    public const uint NFT_DATA_RESERVED_MASK = 0xffffff00;

    public const ushort NFTA_DATA_UNSPEC = 0;
    public const ushort NFTA_DATA_VALUE = 1;
    public const ushort NFTA_DATA_VERDICT = 2;

    public const int NFT_DATA_VALUE_MAXLEN = 64;

    public const ushort NFTA_VERDICT_UNSPEC = 0;
    public const ushort NFTA_VERDICT_CODE = 1;
    public const ushort NFTA_VERDICT_CHAIN = 2;
    public const ushort NFTA_VERDICT_CHAIN_ID = 3;

    public const ushort NFTA_EXPR_UNSPEC = 0;
    public const ushort NFTA_EXPR_NAME = 1;
    public const ushort NFTA_EXPR_DATA = 2;

    public const ushort NFTA_IMMEDIATE_UNSPEC = 0;
    public const ushort NFTA_IMMEDIATE_DREG = 1;
    public const ushort NFTA_IMMEDIATE_DATA = 2;

    public const int NFT_BITWISE_MASK_XOR = 0;
    public const int NFT_BITWISE_LSHIFT = 1;
    public const int NFT_BITWISE_RSHIFT = 2;
    public const int NFT_BITWISE_BOOL = 0;

    public const ushort NFTA_BITWISE_UNSPEC = 0;
    public const ushort NFTA_BITWISE_SREG = 1;
    public const ushort NFTA_BITWISE_DREG = 2;
    public const ushort NFTA_BITWISE_LEN = 3;
    public const ushort NFTA_BITWISE_MASK = 4;
    public const ushort NFTA_BITWISE_XOR = 5;
    public const ushort NFTA_BITWISE_OP = 6;
    public const ushort NFTA_BITWISE_DATA = 7;

    public const int NFT_BYTEORDER_NTOH = 0;
    public const int NFT_BYTEORDER_HTON = 1;

    public const ushort NFTA_BYTEORDER_UNSPEC = 0;
    public const ushort NFTA_BYTEORDER_SREG = 1;
    public const ushort NFTA_BYTEORDER_DREG = 2;
    public const ushort NFTA_BYTEORDER_OP = 3;
    public const ushort NFTA_BYTEORDER_LEN = 4;
    public const ushort NFTA_BYTEORDER_SIZE = 5;

    public const int NFT_CMP_EQ = 0;
    public const int NFT_CMP_NEQ = 1;
    public const int NFT_CMP_LT = 2;
    public const int NFT_CMP_LTE = 3;
    public const int NFT_CMP_GT = 4;
    public const int NFT_CMP_GTE = 5;

    public const ushort NFTA_CMP_UNSPEC = 0;
    public const ushort NFTA_CMP_SREG = 1;
    public const ushort NFTA_CMP_OP = 2;
    public const ushort NFTA_CMP_DATA = 3;

    public const int NFT_RANGE_EQ = 0;
    public const int NFT_RANGE_NEQ = 1;

    public const ushort NFTA_RANGE_UNSPEC = 0;
    public const ushort NFTA_RANGE_SREG = 1;
    public const ushort NFTA_RANGE_OP = 2;
    public const ushort NFTA_RANGE_FROM_DATA = 3;
    public const ushort NFTA_RANGE_TO_DATA = 4;

    public const int NFT_LOOKUP_F_INV = 1;

    public const ushort NFTA_LOOKUP_UNSPEC = 0;
    public const ushort NFTA_LOOKUP_SET = 1;
    public const ushort NFTA_LOOKUP_SREG = 2;
    public const ushort NFTA_LOOKUP_DREG = 3;
    public const ushort NFTA_LOOKUP_SET_ID = 4;
    public const ushort NFTA_LOOKUP_FLAGS = 5;

    public const int NFT_DYNSET_OP_ADD = 0;
    public const int NFT_DYNSET_OP_UPDATE = 1;
    public const int NFT_DYNSET_OP_DELETE = 2;
    public const int NFT_DYNSET_F_INV = 1;
    public const int NFT_DYNSET_F_EXPR = 2;

    public const ushort NFTA_DYNSET_UNSPEC = 0;
    public const ushort NFTA_DYNSET_SET_NAME = 1;
    public const ushort NFTA_DYNSET_SET_ID = 2;
    public const ushort NFTA_DYNSET_OP = 3;
    public const ushort NFTA_DYNSET_SREG_KEY = 4;
    public const ushort NFTA_DYNSET_SREG_DATA = 5;
    public const ushort NFTA_DYNSET_TIMEOUT = 6;
    public const ushort NFTA_DYNSET_EXPR = 7;
    public const ushort NFTA_DYNSET_PAD = 8;
    public const ushort NFTA_DYNSET_FLAGS = 9;
    public const ushort NFTA_DYNSET_EXPRESSIONS = 10;

    public const int NFT_PAYLOAD_LL_HEADER = 0;
    public const int NFT_PAYLOAD_NETWORK_HEADER = 1;
    public const int NFT_PAYLOAD_TRANSPORT_HEADER = 2;
    public const int NFT_PAYLOAD_INNER_HEADER = 3;
    public const int NFT_PAYLOAD_CSUM_NONE = 0;
    public const int NFT_PAYLOAD_CSUM_INET = 1;
    public const int NFT_PAYLOAD_CSUM_SCTP = 2;
    public const int NFT_PAYLOAD_L4CSUM_PSEUDOHDR = 1;

    public const ushort NFTA_PAYLOAD_UNSPEC = 0;
    public const ushort NFTA_PAYLOAD_DREG = 1;
    public const ushort NFTA_PAYLOAD_BASE = 2;
    public const ushort NFTA_PAYLOAD_OFFSET = 3;
    public const ushort NFTA_PAYLOAD_LEN = 4;
    public const ushort NFTA_PAYLOAD_SREG = 5;
    public const ushort NFTA_PAYLOAD_CSUM_TYPE = 6;
    public const ushort NFTA_PAYLOAD_CSUM_OFFSET = 7;
    public const ushort NFTA_PAYLOAD_CSUM_FLAGS = 8;

    public const int NFT_EXTHDR_F_PRESENT = 1;
    public const int NFT_EXTHDR_OP_IPV6 = 0;
    public const int NFT_EXTHDR_OP_TCPOPT = 1;
    public const int NFT_EXTHDR_OP_IPV4 = 2;
    public const int NFT_EXTHDR_OP_SCTP = 3;
    public const int NFT_EXTHDR_OP_DCCP = 4;

    public const ushort NFTA_EXTHDR_UNSPEC = 0;
    public const ushort NFTA_EXTHDR_DREG = 1;
    public const ushort NFTA_EXTHDR_TYPE = 2;
    public const ushort NFTA_EXTHDR_OFFSET = 3;
    public const ushort NFTA_EXTHDR_LEN = 4;
    public const ushort NFTA_EXTHDR_FLAGS = 5;
    public const ushort NFTA_EXTHDR_OP = 6;
    public const ushort NFTA_EXTHDR_SREG = 7;

    public const int NFT_META_LEN = 0;
    public const int NFT_META_PROTOCOL = 1;
    public const int NFT_META_PRIORITY = 2;
    public const int NFT_META_MARK = 3;
    public const int NFT_META_IIF = 4;
    public const int NFT_META_OIF = 5;
    public const int NFT_META_IIFNAME = 6;
    public const int NFT_META_OIFNAME = 7;
    public const int NFT_META_IFTYPE = 8;
    public const int NFT_META_IIFTYPE = 8;
    public const int NFT_META_OIFTYPE = 9;
    public const int NFT_META_SKUID = 10;
    public const int NFT_META_SKGID = 11;
    public const int NFT_META_NFTRACE = 12;
    public const int NFT_META_RTCLASSID = 13;
    public const int NFT_META_SECMARK = 14;
    public const int NFT_META_NFPROTO = 15;
    public const int NFT_META_L4PROTO = 16;
    public const int NFT_META_BRI_IIFNAME = 17;
    public const int NFT_META_BRI_OIFNAME = 18;
    public const int NFT_META_PKTTYPE = 19;
    public const int NFT_META_CPU = 20;
    public const int NFT_META_IIFGROUP = 21;
    public const int NFT_META_OIFGROUP = 22;
    public const int NFT_META_CGROUP = 23;
    public const int NFT_META_PRANDOM = 24;
    public const int NFT_META_SECPATH = 25;
    public const int NFT_META_IIFKIND = 26;
    public const int NFT_META_OIFKIND = 27;
    public const int NFT_META_BRI_IIFPVID = 28;
    public const int NFT_META_BRI_IIFVPROTO = 29;
    public const int NFT_META_TIME_NS = 30;
    public const int NFT_META_TIME_DAY = 31;
    public const int NFT_META_TIME_HOUR = 32;
    public const int NFT_META_SDIF = 33;
    public const int NFT_META_SDIFNAME = 34;

    public const int NFT_RT_CLASSID = 0;
    public const int NFT_RT_NEXTHOP4 = 1;
    public const int NFT_RT_NEXTHOP6 = 2;
    public const int NFT_RT_TCPMSS = 3;
    public const int NFT_RT_XFRM = 4;

    public const int NFT_HASH_JENKINS = 0;
    public const int NFT_HASH_SYM = 1;

    public const ushort NFTA_HASH_UNSPEC = 0;
    public const ushort NFTA_HASH_SREG = 1;
    public const ushort NFTA_HASH_DREG = 2;
    public const ushort NFTA_HASH_LEN = 3;
    public const ushort NFTA_HASH_MODULUS = 4;
    public const ushort NFTA_HASH_SEED = 5;
    public const ushort NFTA_HASH_OFFSET = 6;
    public const ushort NFTA_HASH_TYPE = 7;
    public const ushort NFTA_HASH_SET_NAME = 8;
    public const ushort NFTA_HASH_SET_ID = 9;

    public const ushort NFTA_META_UNSPEC = 0;
    public const ushort NFTA_META_DREG = 1;
    public const ushort NFTA_META_KEY = 2;
    public const ushort NFTA_META_SREG = 3;

    public const ushort NFTA_RT_UNSPEC = 0;
    public const ushort NFTA_RT_DREG = 1;
    public const ushort NFTA_RT_KEY = 2;

    public const int NFT_CT_STATE = 0;
    public const int NFT_CT_DIRECTION = 1;
    public const int NFT_CT_STATUS = 2;
    public const int NFT_CT_MARK = 3;
    public const int NFT_CT_SECMARK = 4;
    public const int NFT_CT_EXPIRATION = 5;
    public const int NFT_CT_HELPER = 6;
    public const int NFT_CT_L3PROTOCOL = 7;
    public const int NFT_CT_SRC = 8;
    public const int NFT_CT_DST = 9;
    public const int NFT_CT_PROTOCOL = 10;
    public const int NFT_CT_PROTO_SRC = 11;
    public const int NFT_CT_PROTO_DST = 12;
    public const int NFT_CT_LABELS = 13;
    public const int NFT_CT_PKTS = 14;
    public const int NFT_CT_BYTES = 15;
    public const int NFT_CT_AVGPKT = 16;
    public const int NFT_CT_ZONE = 17;
    public const int NFT_CT_EVENTMASK = 18;
    public const int NFT_CT_SRC_IP = 19;
    public const int NFT_CT_DST_IP = 20;
    public const int NFT_CT_SRC_IP6 = 21;
    public const int NFT_CT_DST_IP6 = 22;
    public const int NFT_CT_ID = 23;

    public const ushort NFTA_CT_UNSPEC = 0;
    public const ushort NFTA_CT_DREG = 1;
    public const ushort NFTA_CT_KEY = 2;
    public const ushort NFTA_CT_DIRECTION = 3;
    public const ushort NFTA_CT_SREG = 4;

    public const int NFT_LIMIT_PKTS = 0;
    public const int NFT_LIMIT_PKT_BYTES = 1;
    public const int NFT_LIMIT_F_INV = 1;

    public const uint NFT_CONNLIMIT_F_INV = 1;

    public const ushort NFTA_CONNLIMIT_UNSPEC = 0;
    public const ushort NFTA_CONNLIMIT_COUNT = 1;
    public const ushort NFTA_CONNLIMIT_FLAGS = 2;

    public const ushort NFTA_LIMIT_UNSPEC = 0;
    public const ushort NFTA_LIMIT_RATE = 1;
    public const ushort NFTA_LIMIT_UNIT = 2;
    public const ushort NFTA_LIMIT_BURST = 3;
    public const ushort NFTA_LIMIT_TYPE = 4;
    public const ushort NFTA_LIMIT_FLAGS = 5;
    public const ushort NFTA_LIMIT_PAD = 6;

    public const ushort NFTA_COUNTER_UNSPEC = 0;
    public const ushort NFTA_COUNTER_BYTES = 1;
    public const ushort NFTA_COUNTER_PACKETS = 2;
    public const ushort NFTA_COUNTER_PAD = 3;

    public const ushort NFTA_LOG_UNSPEC = 0;
    public const ushort NFTA_LOG_GROUP = 1;
    public const ushort NFTA_LOG_PREFIX = 2;
    public const ushort NFTA_LOG_SNAPLEN = 3;
    public const ushort NFTA_LOG_QTHRESHOLD = 4;
    public const ushort NFTA_LOG_LEVEL = 5;
    public const ushort NFTA_LOG_FLAGS = 6;

    public const int NFT_LOGLEVEL_EMERG = 0;
    public const int NFT_LOGLEVEL_ALERT = 1;
    public const int NFT_LOGLEVEL_CRIT = 2;
    public const int NFT_LOGLEVEL_ERR = 3;
    public const int NFT_LOGLEVEL_WARNING = 4;
    public const int NFT_LOGLEVEL_NOTICE = 5;
    public const int NFT_LOGLEVEL_INFO = 6;
    public const int NFT_LOGLEVEL_DEBUG = 7;
    public const int NFT_LOGLEVEL_AUDIT = 8;

    public const int NFT_QUOTA_F_INV = 1;
    public const int NFT_QUOTA_F_DEPLETED = 2;

    public const ushort NFTA_QUOTA_UNSPEC = 0;
    public const ushort NFTA_QUOTA_BYTES = 1;
    public const ushort NFTA_QUOTA_FLAGS = 2;
    public const ushort NFTA_QUOTA_PAD = 3;
    public const ushort NFTA_QUOTA_CONSUMED = 4;

    public const int NFT_REJECT_ICMP_UNREACH = 0;
    public const int NFT_REJECT_TCP_RST = 1;
    public const int NFT_REJECT_ICMPX_UNREACH = 2;
    public const int NFT_REJECT_ICMPX_NO_ROUTE = 0;
    public const int NFT_REJECT_ICMPX_PORT_UNREACH = 1;
    public const int NFT_REJECT_ICMPX_HOST_UNREACH = 2;
    public const int NFT_REJECT_ICMPX_ADMIN_PROHIBITED = 3;

    public const ushort NFTA_REJECT_UNSPEC = 0;
    public const ushort NFTA_REJECT_TYPE = 1;
    public const ushort NFTA_REJECT_ICMP_CODE = 2;

    public const int NFT_NAT_SNAT = 0;
    public const int NFT_NAT_DNAT = 1;

    public const ushort NFTA_NAT_UNSPEC = 0;
    public const ushort NFTA_NAT_TYPE = 1;
    public const ushort NFTA_NAT_FAMILY = 2;
    public const ushort NFTA_NAT_REG_ADDR_MIN = 3;
    public const ushort NFTA_NAT_REG_ADDR_MAX = 4;
    public const ushort NFTA_NAT_REG_PROTO_MIN = 5;
    public const ushort NFTA_NAT_REG_PROTO_MAX = 6;
    public const ushort NFTA_NAT_FLAGS = 7;

    public const ushort NFTA_TPROXY_UNSPEC = 0;
    public const ushort NFTA_TPROXY_FAMILY = 1;
    public const ushort NFTA_TPROXY_REG_ADDR = 2;
    public const ushort NFTA_TPROXY_REG_PORT = 3;

    public const ushort NFTA_MASQ_UNSPEC = 0;
    public const ushort NFTA_MASQ_FLAGS = 1;
    public const ushort NFTA_MASQ_REG_PROTO_MIN = 2;
    public const ushort NFTA_MASQ_REG_PROTO_MAX = 3;

    public const ushort NFTA_REDIR_UNSPEC = 0;
    public const ushort NFTA_REDIR_REG_PROTO_MIN = 1;
    public const ushort NFTA_REDIR_REG_PROTO_MAX = 2;
    public const ushort NFTA_REDIR_FLAGS = 3;

    public const ushort NFTA_DUP_UNSPEC = 0;
    public const ushort NFTA_DUP_SREG_ADDR = 1;
    public const ushort NFTA_DUP_SREG_DEV = 2;

    public const ushort NFTA_FWD_UNSPEC = 0;
    public const ushort NFTA_FWD_SREG_DEV = 1;
    public const ushort NFTA_FWD_SREG_ADDR = 2;
    public const ushort NFTA_FWD_NFPROTO = 3;

    public const ushort NFTA_OBJREF_UNSPEC = 0;
    public const ushort NFTA_OBJREF_IMM_TYPE = 1;
    public const ushort NFTA_OBJREF_IMM_NAME = 2;
    public const ushort NFTA_OBJREF_SET_SREG = 3;
    public const ushort NFTA_OBJREF_SET_NAME = 4;
    public const ushort NFTA_OBJREF_SET_ID = 5;

    public const ushort NFTA_GEN_UNSPEC = 0;
    public const ushort NFTA_GEN_ID = 1;
    public const ushort NFTA_GEN_PROC_PID = 2;
    public const ushort NFTA_GEN_PROC_NAME = 3;

    public const ushort NFTA_FIB_UNSPEC = 0;
    public const ushort NFTA_FIB_DREG = 1;
    public const ushort NFTA_FIB_RESULT = 2;
    public const ushort NFTA_FIB_FLAGS = 3;

    public const int NFT_FIB_RESULT_UNSPEC = 0;
    public const int NFT_FIB_RESULT_OIF = 1;
    public const int NFT_FIB_RESULT_OIFNAME = 2;
    public const int NFT_FIB_RESULT_ADDRTYPE = 3;

    public const ushort NFTA_FIB_F_SADDR = 1;
    public const ushort NFTA_FIB_F_DADDR = 2;
    public const ushort NFTA_FIB_F_MARK = 4;
    public const ushort NFTA_FIB_F_IIF = 8;
    public const ushort NFTA_FIB_F_OIF = 16;
    public const ushort NFTA_FIB_F_PRESENT = 32;

    public const int NFT_OBJECT_UNSPEC = 0;
    public const int NFT_OBJECT_COUNTER = 1;
    public const int NFT_OBJECT_QUOTA = 2;
    public const int NFT_OBJECT_CT_HELPER = 3;
    public const int NFT_OBJECT_LIMIT = 4;
    public const int NFT_OBJECT_CONNLIMIT = 5;
    public const int NFT_OBJECT_TUNNEL = 6;
    public const int NFT_OBJECT_CT_TIMEOUT = 7;
    public const int NFT_OBJECT_SECMARK = 8;
    public const int NFT_OBJECT_CT_EXPECT = 9;
    public const int NFT_OBJECT_SYNPROXY = 10;

    public const ushort NFTA_OBJ_UNSPEC = 0;
    public const ushort NFTA_OBJ_TABLE = 1;
    public const ushort NFTA_OBJ_NAME = 2;
    public const ushort NFTA_OBJ_TYPE = 3;
    public const ushort NFTA_OBJ_DATA = 4;
    public const ushort NFTA_OBJ_USE = 5;
    public const ushort NFTA_OBJ_HANDLE = 6;
    public const ushort NFTA_OBJ_PAD = 7;
    public const ushort NFTA_OBJ_USERDATA = 8;

    public const ushort NFTA_DEVICE_UNSPEC = 0;
    public const ushort NFTA_DEVICE_NAME = 1;

    public const ushort NFTA_NG_UNSPEC = 0;
    public const ushort NFTA_NG_DREG = 1;
    public const ushort NFTA_NG_MODULUS = 2;
    public const ushort NFTA_NG_TYPE = 3;
    public const ushort NFTA_NG_OFFSET = 4;
    public const ushort NFTA_NG_SET_NAME = 5;
    public const ushort NFTA_NG_SET_ID = 6;

    public const int NFT_NG_INCREMENTAL = 0;
    public const int NFT_NG_RANDOM = 1;

    public const int NFT_MSG_GETRULE_RESET = 25;
    public const int NFT_MSG_DESTROYTABLE = 26;
    public const int NFT_MSG_DESTROYCHAIN = 27;
    public const int NFT_MSG_DESTROYRULE = 28;
    public const int NFT_MSG_DESTROYSET = 29;
    public const int NFT_MSG_DESTROYSETELEM = 30;
    public const int NFT_MSG_DESTROYOBJ = 31;

    public const int NFT_TABLE_F_PERSIST = 4;
}
