using Margay.Netlink.Route;

namespace Margay.Dataplane.Drivers;

/// <summary>Where a route of ours leads. All that two of them may differ in: everything else is the same for all.</summary>
/// <param name="LinkIndex">The link that the address is on; 0 for none.</param>
/// <param name="NexthopId">The nexthop object that it leads over; 0 for none.</param>
public readonly record struct RouteTarget(RouteType Type, int LinkIndex = 0, uint NexthopId = 0);
