namespace Margay.Dataplane.Kernel.Nft;

/// <summary>What a packet is matched by; each is one register load of known width (linux/netfilter/nf_tables.h: meta, ct, payload).</summary>
public enum NftField
{
    /// <summary>Name of the interface it came in by, 16 bytes.</summary>
    InputInterface,
    OutputInterface,

    /// <summary>NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10).</summary>
    NetworkProtocol,
    TransportProtocol,
    ConntrackState,
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

    /// <summary>Target address of neighbour solicitation and advertisement (RFC 4861).</summary>
    NdTarget,
    ArpOperation,
    ArpSenderAddress,
    ArpSenderMac,

    /// <summary>A 32-bit value of a map: the id of a policy set.</summary>
    Id,
}

/// <summary>Widths and names, as <c>nft</c> knows them.</summary>
public static class NftFields
{
    /// <summary>Bytes of the value.</summary>
    public static int Width(this NftField field) => field switch
    {
        NftField.InputInterface or NftField.OutputInterface or NftField.SourceV6 or NftField.DestinationV6 or NftField.NdTarget => 16,
        NftField.ArpSenderMac => 6,
        NftField.ConntrackState or NftField.SourceV4 or NftField.DestinationV4 or NftField.ArpSenderAddress or NftField.Id => 4,
        NftField.SourcePort or NftField.DestinationPort or NftField.ArpOperation => 2,
        _ => 1,
    };

    /// <summary>Bytes it takes in a concatenation: registers are 4 bytes.</summary>
    public static int PaddedWidth(this NftField field) => (field.Width() + 3) & ~3;

    public static string Text(this NftField field) => field switch
    {
        NftField.InputInterface => "iifname",
        NftField.OutputInterface => "oifname",
        NftField.NetworkProtocol => "meta nfproto",
        NftField.TransportProtocol => "meta l4proto",
        NftField.ConntrackState => "ct state",
        NftField.SourceV4 => "ip saddr",
        NftField.DestinationV4 => "ip daddr",
        NftField.SourceV6 => "ip6 saddr",
        NftField.DestinationV6 => "ip6 daddr",
        NftField.HopLimit => "ip6 hoplimit",
        NftField.SourcePort => "th sport",
        NftField.DestinationPort => "th dport",
        NftField.IcmpType => "icmp type",
        NftField.IcmpCode => "icmp code",
        NftField.NdTarget => "icmpv6 taddr",
        NftField.ArpOperation => "arp operation",
        NftField.ArpSenderAddress => "arp saddr ip",
        NftField.ArpSenderMac => "arp saddr ether",
        _ => "id",
    };
}
