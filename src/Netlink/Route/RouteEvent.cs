namespace Margay.Netlink.Route;

/// <summary>What a <see cref="RouteMonitor"/> reports.</summary>
public abstract record RouteEvent
{
    /// <summary>Port of the socket that asked for the change (<see cref="RouteSocket.PortId"/>), 0 when the kernel made it by itself.</summary>
    public uint Sender { get; init; }
}

/// <summary>A link appeared or changed, or went away.</summary>
public sealed record LinkEvent(Link Link, bool Removed) : RouteEvent;

public sealed record AddressEvent(InterfaceAddress Address, bool Removed) : RouteEvent;

/// <param name="Replaced">It took the place of one with the same destination, table and priority.</param>
public sealed record RouteEntryEvent(RouteEntry Route, bool Removed, bool Replaced) : RouteEvent;

public sealed record NexthopEvent(Nexthop Nexthop, bool Removed) : RouteEvent;

public sealed record NeighbourEvent(Neighbour Neighbour, bool Removed) : RouteEvent;

public sealed record FdbEvent(FdbEntry Entry, bool Removed) : RouteEvent;

/// <summary>
/// A setting of a link changed: forwarding, rp_filter, proxy_arp, proxy_ndp, … (the kernel does not say to what). <paramref name="LinkIndex"/> is −1 for the settings
/// of all links (<c>ip_forward</c>), −2 for those of new ones.
/// </summary>
public sealed record SettingsEvent(int LinkIndex, bool IPv6) : RouteEvent;

public sealed record RuleEvent(Rule Rule, bool Removed) : RouteEvent;

/// <summary>The kernel had more to say than fitted: some changes were not reported. List everything again.</summary>
public sealed record RouteOverrun : RouteEvent;

/// <summary>What to be told of.</summary>
[Flags]
public enum RouteEvents
{
    None = 0,
    Links = 1,
    Addresses = 2,
    Routes = 4,
    Nexthops = 8,

    /// <summary>Neighbours and forwarding databases: one group in the kernel.</summary>
    Neighbours = 16,
    Rules = 32,

    /// <summary>Per-link settings (RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF).</summary>
    Settings = 64,
    All = Links | Addresses | Routes | Nexthops | Neighbours | Rules | Settings,
}
