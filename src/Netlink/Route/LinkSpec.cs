using Margay.Core.Net;
using Margay.Netlink.Namespaces;

namespace Margay.Netlink.Route;

/// <summary>
/// A link to be created. Use the record of its kind, or <see cref="OtherLinkSpec"/> for a kind without options (<c>dummy</c>, <c>ifb</c>).
/// What is not given is the kernel's choice. The kernel takes an alias and the address generation mode only by a change afterwards.
/// </summary>
public abstract record LinkSpec
{
    /// <summary>1 to 15 bytes, no slash or space.</summary>
    public required string Name { get; init; }

    public abstract string Kind { get; }

    public MacAddress? Mac { get; init; }
    public int? Mtu { get; init; }
    public bool Up { get; init; }
    public int? MasterIndex { get; init; }

    /// <summary>Created straight in this namespace. A vxlan link keeps its UDP socket in the namespace of the request.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>The index to give it; the kernel chooses by default.</summary>
    public int? Index { get; init; }

    public int? TxQueueLength { get; init; }
    public int? TxQueues { get; init; }
    public int? RxQueues { get; init; }
    public uint? Group { get; init; }
}

/// <summary>A pair of Ethernet links: what enters one leaves the other.</summary>
public sealed record VethSpec : LinkSpec
{
    public override string Kind => "veth";
    public required string PeerName { get; init; }
    public MacAddress? PeerMac { get; init; }
    public int? PeerMtu { get; init; }

    /// <summary>Where the peer is created; the namespace of the request by default. A peer cannot be set up at creation (ENOTCONN): do it after.</summary>
    public NetworkNamespace? PeerNamespace { get; init; }

    public int? PeerIndex { get; init; }
    public int? PeerTxQueueLength { get; init; }

    /// <summary>
    /// Queues of each direction at both ends. Without it the kernel makes one for each processor and takes back all but one, for which it waits for its readers, twice for a pair.
    /// </summary>
    public int? Queues { get; init; }
}

/// <summary>A VXLAN tunnel endpoint (RFC 7348).</summary>
public sealed record VxlanSpec : LinkSpec
{
    /// <summary>The port IANA gave; the kernel's own default is another.</summary>
    public const ushort IanaPort = 4789;

    public override string Kind => "vxlan";

    /// <summary>VNI, 24 bits; 0 with <see cref="External"/>.</summary>
    public uint Vni { get; init; }

    public InetAddress? Local { get; init; }

    /// <summary>Default destination, unicast or multicast.</summary>
    public InetAddress? Remote { get; init; }

    public ushort Port { get; init; } = IanaPort;

    /// <summary>Index of the underlay link.</summary>
    public int? UnderlayIndex { get; init; }

    /// <summary>Learn MACs from what arrives. Off: a control plane knows better.</summary>
    public bool Learning { get; init; }

    /// <summary>VNI and destination come with each packet, from a route or a program.</summary>
    public bool External { get; init; }

    /// <summary>With <see cref="External"/>: only VNIs that were added are received.</summary>
    public bool VniFilter { get; init; }

    /// <summary>Reply to ARP and NDP out of the neighbour table.</summary>
    public bool Proxy { get; init; }

    /// <summary>1–255; null: the kernel's default.</summary>
    public byte? Ttl { get; init; }

    /// <summary>Source port range of the outer header, for entropy.</summary>
    public PortRange? SourcePorts { get; init; }

    public bool? UdpChecksum { get; init; }
    public bool? UdpZeroChecksum6Receive { get; init; }
    public bool? UdpZeroChecksum6Transmit { get; init; }
}

/// <summary>An Ethernet bridge (IEEE 802.1D).</summary>
public sealed record BridgeSpec : LinkSpec
{
    public override string Kind => "bridge";
    public bool? SpanningTree { get; init; }
    public bool? MulticastSnooping { get; init; }

    /// <summary>Seconds × 100 (USER_HZ).</summary>
    public uint? AgeingTime { get; init; }

    /// <summary>Seconds × 100 (USER_HZ).</summary>
    public uint? ForwardDelay { get; init; }
}

/// <summary>A MAC-based sub-interface.</summary>
public sealed record MacvlanSpec : LinkSpec
{
    public override string Kind => "macvlan";
    public required int ParentIndex { get; init; }
    public MacvlanMode Mode { get; init; } = MacvlanMode.Bridge;
}

/// <summary>MACVLAN_MODE_* (linux/if_link.h).</summary>
public enum MacvlanMode : uint
{
    Private = 1,
    Vepa = 2,
    Bridge = 4,
    PassThrough = 8,
}

/// <summary>A link of a kind that needs no options.</summary>
public sealed record OtherLinkSpec(string KindName) : LinkSpec
{
    public override string Kind => KindName;
}

/// <summary>IN6_ADDR_GEN_MODE_*.</summary>
public enum AddressGeneration : byte
{
    Eui64 = 0,

    /// <summary>No link-local address by itself.</summary>
    None = 1,
    StablePrivacy = 2,
    Random = 3,
}

/// <summary>What to change of a link; null leaves it.</summary>
public sealed record LinkChange
{
    public string? Name { get; init; }
    public bool? Up { get; init; }

    /// <summary>IFF_NOARP: neighbours are not asked for. A frame to any of them bears the link's own MAC as its destination, so two ends of one MAC need no neighbour entries.</summary>
    public bool? NoArp { get; init; }

    public int? Mtu { get; init; }
    public MacAddress? Mac { get; init; }

    /// <summary>0 to detach.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>Empty to remove.</summary>
    public string? Alias { get; init; }

    /// <summary>Move it there. It arrives down, without addresses and routes.</summary>
    public NetworkNamespace? Namespace { get; init; }

    public int? TxQueueLength { get; init; }
    public uint? Group { get; init; }

    /// <summary>How IPv6 makes its link-local address. Takes effect the next time the link comes up: set it before <see cref="Up"/>, by a change of its own.</summary>
    public AddressGeneration? AddressGeneration { get; init; }

    /// <summary>Some of what is below net/ipv4/conf/LINK, without a file to write in the link's namespace. The kernel notifies nobody of it.</summary>
    public IReadOnlyDictionary<Ipv4Setting, int> Ipv4Settings { get; init; } = new Dictionary<Ipv4Setting, int>();
}

/// <summary>Settings of a link that netlink can write (linux/ip.h, IPV4_DEVCONF_*).</summary>
public enum Ipv4Setting : ushort
{
    Forwarding = 1,
    ProxyArp = 3,

    /// <summary>0 off, 1 strict, 2 loose (RFC 3704).</summary>
    ReversePathFilter = 8,
}
