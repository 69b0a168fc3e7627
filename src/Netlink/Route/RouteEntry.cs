using Margay.Core.Net;

namespace Margay.Netlink.Route;

/// <summary>
/// A route, as asked for and as read back: what was added compares equal to what a dump gives. The default scope and the default IPv6
/// metric are filled in as the kernel does, and <see cref="HopFlags"/>, being state, takes no part in the comparison.
/// <para>The kernel identifies an IPv4 route by (destination, table, priority); IPv6 may hold several per identity (they form one multipath route).</para>
/// </summary>
public sealed record RouteEntry
{
    /// <summary>IP6_RT_PRIO_USER: the kernel gives this metric to an IPv6 route that asks for none.</summary>
    public const uint DefaultIPv6Priority = 1024;

    private readonly RouteScope? _scope;
    private readonly uint _priority;

    public required IpPrefix Destination { get; init; }

    public uint Table { get; init; } = RouteTable.Main;

    public RouteProtocol Protocol { get; init; } = RouteProtocol.Static;

    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>By default: link for an IPv4 route without gateway, host for a local one, otherwise universe; universe for IPv6.</summary>
    public RouteScope Scope
    {
        get => _scope ?? DefaultScope;
        init => _scope = value;
    }

    /// <summary>The metric: the lowest wins. An IPv6 route without one gets 1024.</summary>
    public uint Priority
    {
        get => _priority == 0 && Destination.IsIPv6 ? DefaultIPv6Priority : _priority;
        init => _priority = value;
    }

    /// <summary>Index of the outgoing link, 0 for none.</summary>
    public int LinkIndex { get; init; }

    /// <summary>May be IPv6 for an IPv4 destination (RFC 8950; RTA_VIA).</summary>
    public InetAddress? Gateway { get; init; }

    /// <summary>The gateway is on the link, whatever the addresses of the link say.</summary>
    public bool OnLink { get; init; }

    /// <summary>A nexthop object to use in place of gateway, link and hops; 0 for none.</summary>
    public uint NexthopId { get; init; }

    /// <summary>The next hops of a multipath route, in place of gateway and link.</summary>
    public IReadOnlyList<RouteHop> Hops { get; init; } = [];

    /// <summary>The source address of what this host itself sends.</summary>
    public InetAddress? PreferredSource { get; init; }

    /// <summary>IPv6 source-specific routing.</summary>
    public IpPrefix? Source { get; init; }

    /// <summary>Path MTU in bytes, 0 for the link's (RTAX_MTU).</summary>
    public uint Mtu { get; init; }

    /// <summary>Read back only.</summary>
    public RouteHopFlags HopFlags { get; init; }

    private RouteScope DefaultScope => Type switch
    {
        _ when Destination.IsIPv6 => RouteScope.Universe,
        RouteType.Local => RouteScope.Host,
        RouteType.Unicast when Gateway is null && NexthopId == 0 && Hops.Count == 0 => RouteScope.Link,
        RouteType.Broadcast or RouteType.Multicast or RouteType.Anycast => RouteScope.Link,
        _ => RouteScope.Universe,
    };

    public bool Equals(RouteEntry? other) => other is not null
        && Destination == other.Destination && Table == other.Table && Protocol == other.Protocol && Type == other.Type
        && Scope == other.Scope && Priority == other.Priority && LinkIndex == other.LinkIndex && Gateway == other.Gateway
        && OnLink == other.OnLink && NexthopId == other.NexthopId && PreferredSource == other.PreferredSource
        && Source == other.Source && Mtu == other.Mtu && Hops.SequenceEqual(other.Hops);

    public override int GetHashCode() => HashCode.Combine(Destination, Table, Priority, Gateway, LinkIndex, NexthopId);
}

/// <summary>One next hop of a multipath route.</summary>
/// <param name="Weight">1 to 256: its share of flows.</param>
public readonly record struct RouteHop(InetAddress? Gateway, int LinkIndex = 0, int Weight = 1, bool OnLink = false);

/// <summary>What to list. The kernel does the filtering, so that foreign routes are not even read.</summary>
public sealed record RouteFilter
{
    public static RouteFilter All { get; } = new();

    /// <summary>Null for both families.</summary>
    public bool? IPv6 { get; init; }

    public uint? Table { get; init; }
    public RouteProtocol? Protocol { get; init; }
    public RouteType? Type { get; init; }

    /// <summary>Routes with a next hop on this link.</summary>
    public int? LinkIndex { get; init; }
}
