using Margay.Core.Net;
using static Margay.Netlink.Constants.LinuxIfAddr;

namespace Margay.Netlink.Route;

/// <summary>An address of a link, as asked for and as read back. Identified by (link, local address, prefix length).</summary>
public sealed record InterfaceAddress
{
    public required int LinkIndex { get; init; }
    public required InetAddress Local { get; init; }
    public required int PrefixLength { get; init; }

    /// <summary>The other end of a point-to-point link, if it differs.</summary>
    public InetAddress? Peer { get; init; }

    /// <summary>IPv4 only. The kernel sets none by itself.</summary>
    public InetAddress? Broadcast { get; init; }

    public RouteScope Scope { get; init; } = RouteScope.Universe;

    /// <summary>Asked for: <see cref="AddressFlags.NoDad"/>, <see cref="AddressFlags.NoPrefixRoute"/>. Read back: also permanent, tentative, …</summary>
    public AddressFlags Flags { get; init; }

    /// <summary>IPv4 only; begins with the link's name, which is the default.</summary>
    public string? Label { get; init; }

    /// <summary>Metric of the prefix route; 0 for the default.</summary>
    public uint RoutePriority { get; init; }

    /// <summary>The address and its network.</summary>
    public IpPrefix Prefix => new(Local, PrefixLength);

    /// <summary>10.0.0.1/24 on link 7.</summary>
    public static InterfaceAddress On(int linkIndex, InetAddress local, int? prefixLength = null) =>
        new() { LinkIndex = linkIndex, Local = local, PrefixLength = prefixLength ?? local.BitLength };
}

/// <summary>IFA_F_*.</summary>
[Flags]
public enum AddressFlags : uint
{
    None = 0,
    Secondary = IFA_F_SECONDARY,

    /// <summary>IPv6: usable at once, without duplicate address detection.</summary>
    NoDad = IFA_F_NODAD,
    Optimistic = IFA_F_OPTIMISTIC,
    DadFailed = IFA_F_DADFAILED,
    Deprecated = IFA_F_DEPRECATED,

    /// <summary>IPv6: duplicate address detection is running; not usable yet.</summary>
    Tentative = IFA_F_TENTATIVE,
    Permanent = IFA_F_PERMANENT,

    /// <summary>Do not add a route to the address's network.</summary>
    NoPrefixRoute = IFA_F_NOPREFIXROUTE,
}
