namespace Margay.Dataplane.Kernel.Filter;

/// <summary>What a packet is matched by; each is one register load of known width (linux/netfilter/nf_tables.h: meta, ct, payload).</summary>
public enum FilterField
{
    /// <summary>Name of the interface it came in by, 16 bytes.</summary>
    InputInterface,
    OutputInterface,

    /// <summary>NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10).</summary>
    NetworkProtocol,
    TransportProtocol,
    ConntrackState,

    /// <summary>IPS_* bits of the connection (linux/netfilter/nf_conntrack_common.h).</summary>
    ConntrackStatus,

    /// <summary>RTN_* of the source address as the host routes it, a 32-bit number in host order.</summary>
    SourceAddressType,
    SourceV4,
    DestinationV4,
    SourceV6,
    DestinationV6,
    HopLimit,
    SourcePort,
    DestinationPort,

    /// <summary>The first byte of ICMP and of ICMPv6.</summary>
    IcmpType,
    IcmpCode,

    /// <summary>Both at once, type first.</summary>
    IcmpTypeAndCode,

    /// <summary>Target address of neighbour solicitation and advertisement (RFC 4861).</summary>
    NdTarget,
    ArpOperation,
    ArpSenderAddress,
    ArpSenderMac,

    /// <summary>Of a VXLAN header (RFC 7348 §5): after 8 octets of UDP and 4 of flags.</summary>
    VxlanVni,

    /// <summary>
    /// The same with the reserved octet after it, which the kernel's tunnel wants to be zero too: four bytes, as nft 1.0.6 aborts when it lists a concatenation with a field that
    /// it has no type for. It prints these as an IPv4 address, the VNI being the first three numbers.
    /// </summary>
    VxlanVniWord,

    /// <summary>skb priority, a 32-bit number in host order.</summary>
    Priority,

    /// <summary>skb mark, a 32-bit number in host order.</summary>
    Mark,

    /// <summary>User id of the socket that sends it, a 32-bit number in host order. What no process's socket sends has none, and matches nothing.</summary>
    SocketUser,
}

/// <summary>Widths and names, as <c>nft</c> knows them.</summary>
public static class FilterFields
{
    /// <summary>Bytes of the value.</summary>
    public static int Width(this FilterField field) => field switch
    {
        FilterField.InputInterface or FilterField.OutputInterface or FilterField.SourceV6 or FilterField.DestinationV6 or FilterField.NdTarget => 16,
        FilterField.ArpSenderMac => 6,
        FilterField.VxlanVni => 3,
        FilterField.ConntrackState or FilterField.ConntrackStatus or FilterField.SourceAddressType or FilterField.SourceV4 or FilterField.DestinationV4 or FilterField.ArpSenderAddress or FilterField.VxlanVniWord or FilterField.Priority or FilterField.Mark or FilterField.SocketUser => 4,
        FilterField.SourcePort or FilterField.DestinationPort or FilterField.ArpOperation or FilterField.IcmpTypeAndCode => 2,
        _ => 1,
    };

    public static bool IsAddress(this FilterField field) =>
        field is FilterField.SourceV4 or FilterField.DestinationV4 or FilterField.SourceV6 or FilterField.DestinationV6;

    /// <summary>Bytes it takes in a concatenation: registers are 4 bytes.</summary>
    public static int PaddedWidth(this FilterField field) => (field.Width() + 3) & ~3;

    /// <summary>Some field of this width: for sets that were read back, of which the kernel knows no more.</summary>
    public static FilterField OfWidth(int width) => width switch
    {
        16 => FilterField.SourceV6,
        6 => FilterField.ArpSenderMac,
        4 => FilterField.SourceV4,
        3 => FilterField.VxlanVni,
        2 => FilterField.DestinationPort,
        _ => FilterField.TransportProtocol,
    };

    public static string Text(this FilterField field) => field switch
    {
        FilterField.InputInterface => "iifname",
        FilterField.OutputInterface => "oifname",
        FilterField.NetworkProtocol => "meta nfproto",
        FilterField.TransportProtocol => "meta l4proto",
        FilterField.ConntrackState => "ct state",
        FilterField.ConntrackStatus => "ct status",
        FilterField.SourceAddressType => "fib saddr type",
        FilterField.SourceV4 => "ip saddr",
        FilterField.DestinationV4 => "ip daddr",
        FilterField.SourceV6 => "ip6 saddr",
        FilterField.DestinationV6 => "ip6 daddr",
        FilterField.HopLimit => "ip6 hoplimit",
        FilterField.SourcePort => "th sport",
        FilterField.DestinationPort => "th dport",
        FilterField.IcmpType => "icmp type",
        FilterField.IcmpCode => "icmp code",
        FilterField.IcmpTypeAndCode => "icmp type and code",
        FilterField.NdTarget => "icmpv6 taddr",
        FilterField.ArpOperation => "arp operation",
        FilterField.ArpSenderAddress => "arp saddr ip",
        FilterField.ArpSenderMac => "arp saddr ether",
        FilterField.VxlanVni => "@th,96,24",
        FilterField.VxlanVniWord => "@th,96,32",
        FilterField.Mark => "meta mark",
        FilterField.SocketUser => "meta skuid",
        _ => "meta priority",
    };
}
