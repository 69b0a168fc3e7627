using Margay.Core.Net;
using static Margay.Netlink.Constants.LinuxNeighbour;

namespace Margay.Netlink.Route;

/// <summary>A neighbour (ARP, NDP): an address on a link and its MAC, or a proxy entry, for which this host answers.</summary>
public sealed record Neighbour
{
    public required int LinkIndex { get; init; }
    public required InetAddress Address { get; init; }

    /// <summary>Null for a proxy entry, and for one that is not resolved.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Permanent unless asked otherwise.</summary>
    public NeighbourState State { get; init; } = NeighbourState.Permanent;

    public NeighbourFlags Flags { get; init; }

    /// <summary>Who added it; unspecified unless said.</summary>
    public RouteProtocol Protocol { get; init; }

    /// <summary>This host answers ARP or NDP for the address on this link.</summary>
    public static Neighbour Proxy(int linkIndex, InetAddress address) =>
        new() { LinkIndex = linkIndex, Address = address, Flags = NeighbourFlags.Proxy, State = NeighbourState.None };
}

/// <summary>An entry of a forwarding database: where frames for a MAC go. For a vxlan link, to the VTEP <see cref="Destination"/>.</summary>
public sealed record FdbEntry
{
    /// <summary>The vxlan link, or the bridge port.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>00:00:00:00:00:00 is a vxlan link's default: floods go there.</summary>
    public required MacAddress Mac { get; init; }

    public InetAddress? Destination { get; init; }

    /// <summary>UDP port of the VTEP, 0 for the link's.</summary>
    public ushort Port { get; init; }

    /// <summary>VNI to send with, if it is not the link's.</summary>
    public uint? Vni { get; init; }

    /// <summary>For a link with external=true: the VNI the entry belongs to.</summary>
    public uint? SourceVni { get; init; }

    /// <summary>A nexthop object (fdb) in place of a destination; 0 for none.</summary>
    public uint NexthopId { get; init; }

    public NeighbourState State { get; init; } = NeighbourState.Permanent;

    /// <summary>Self: the link's own database (vxlan). Master: the bridge's.</summary>
    public NeighbourFlags Flags { get; init; } = NeighbourFlags.Self;
}

/// <summary>NUD_*.</summary>
[Flags]
public enum NeighbourState : ushort
{
    None = NUD_NONE,
    Incomplete = NUD_INCOMPLETE,
    Reachable = NUD_REACHABLE,
    Stale = NUD_STALE,
    Delay = NUD_DELAY,
    Probe = NUD_PROBE,
    Failed = NUD_FAILED,
    NoArp = NUD_NOARP,
    Permanent = NUD_PERMANENT,
}

/// <summary>NTF_*.</summary>
[Flags]
public enum NeighbourFlags : byte
{
    None = 0,
    Use = NTF_USE,
    Self = NTF_SELF,
    Master = NTF_MASTER,
    Proxy = NTF_PROXY,
    ExternallyLearned = NTF_EXT_LEARNED,
    Offloaded = NTF_OFFLOADED,
    Sticky = NTF_STICKY,
    Router = NTF_ROUTER,
}
