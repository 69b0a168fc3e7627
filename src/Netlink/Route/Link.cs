using Margay.Core.Net;
using static Margay.Netlink.Constants.LinuxIf;

namespace Margay.Netlink.Route;

/// <summary>A network interface as the kernel reports it.</summary>
public sealed record Link
{
    public required int Index { get; init; }
    public required string Name { get; init; }

    /// <summary><c>veth</c>, <c>vxlan</c>, <c>bridge</c>, <c>tun</c> …; null for loopback and hardware.</summary>
    public string? Kind { get; init; }

    public LinkFlags Flags { get; init; }
    public OperationalState OperationalState { get; init; }

    /// <summary>Set by the administrator; running is another matter.</summary>
    public bool IsUp => (Flags & LinkFlags.Up) != 0;

    public bool HasCarrier { get; init; }
    public MacAddress? Mac { get; init; }
    public int Mtu { get; init; }

    /// <summary>Index of the bridge (or other master) it is a port of, 0 for none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>Index of the other end (veth) or of the link below, in the namespace <see cref="ParentNamespaceId"/> or here. 0 for none.</summary>
    public int ParentIndex { get; init; }

    /// <summary>Id of the namespace of <see cref="ParentIndex"/>, null when it is this one.</summary>
    public int? ParentNamespaceId { get; init; }

    public string? Alias { get; init; }
    public int TxQueueLength { get; init; }
    public uint Group { get; init; }

    /// <summary>For a vxlan link.</summary>
    public VxlanState? Vxlan { get; init; }

    /// <summary>Some of its sysctls; null where the kernel does not tell them.</summary>
    public LinkSettings? Settings { get; init; }

    public LinkStatistics Statistics { get; init; }
}

/// <summary>What is below net/ipv4/conf/LINK and net/ipv6/conf/LINK.</summary>
/// <param name="ReversePathFilter">0 off, 1 strict, 2 loose (RFC 3704); the stricter of this and that of all links holds.</param>
/// <param name="AcceptRouterAdvertisements">0 never, 1 unless it forwards, 2 always; null on a link without IPv6.</param>
public readonly record struct LinkSettings(bool Forwarding, bool ProxyArp, int ReversePathFilter, int? AcceptRouterAdvertisements);

/// <summary>What the kernel reports of a vxlan link.</summary>
public sealed record VxlanState
{
    public uint Vni { get; init; }
    public InetAddress? Local { get; init; }
    public InetAddress? Remote { get; init; }
    public ushort Port { get; init; }
    public bool Learning { get; init; }

    /// <summary>VNI and destination come with each packet (collect metadata).</summary>
    public bool External { get; init; }

    /// <summary>Index of the underlay link, 0 for none.</summary>
    public int UnderlayIndex { get; init; }

    public byte Ttl { get; init; }
}

/// <summary>Counters since the link was made.</summary>
public readonly record struct LinkStatistics(
    ulong RxPackets, ulong TxPackets, ulong RxBytes, ulong TxBytes, ulong RxErrors, ulong TxErrors, ulong RxDropped, ulong TxDropped);

/// <summary>IFF_*.</summary>
[Flags]
public enum LinkFlags : uint
{
    None = 0,
    Up = IFF_UP,
    Broadcast = IFF_BROADCAST,
    Loopback = IFF_LOOPBACK,
    PointToPoint = IFF_POINTOPOINT,
    Running = IFF_RUNNING,
    NoArp = IFF_NOARP,
    Promiscuous = IFF_PROMISC,
    Multicast = IFF_MULTICAST,
    LowerUp = IFF_LOWER_UP,
}

/// <summary>IF_OPER_* (RFC 2863).</summary>
public enum OperationalState : byte
{
    Unknown = IF_OPER_UNKNOWN,
    NotPresent = IF_OPER_NOTPRESENT,
    Down = IF_OPER_DOWN,
    LowerLayerDown = IF_OPER_LOWERLAYERDOWN,
    Testing = IF_OPER_TESTING,
    Dormant = IF_OPER_DORMANT,
    Up = IF_OPER_UP,
}
