using Margay.Core.Net;

namespace Margay.Dataplane.Kernel;

/// <summary>Something that happened in the kernel by another hand than ours. It says where to look, not what to believe: the driver reads back.</summary>
public abstract record KernelNotification;

/// <summary>A link came, went or changed, or one of its sysctls did. <paramref name="Name"/> is null when only the index is known.</summary>
/// <param name="Carries">It is there, up and has a carrier. When not, the kernel has taken routes and nexthop objects over it along, without a word.</param>
public sealed record LinkNotification(int Index, string? Name, bool Removed, bool Carries = true) : KernelNotification;

/// <summary>An address of this host, other than an IPv6 link-local one, came or went: next hops may be reached differently now.</summary>
public sealed record AddressNotification(int Index) : KernelNotification;

/// <summary>A route came or went. <paramref name="Ours"/> when it bears our protocol number.</summary>
public sealed record RouteNotification(IpPrefix Prefix, bool Ours, bool Removed) : KernelNotification;

/// <summary>A nexthop object of ours came or went.</summary>
public sealed record NexthopNotification(uint Id, bool Removed) : KernelNotification;

/// <summary>A neighbour entry came, went or changed.</summary>
public sealed record NeighbourNotification(int Index, InetAddress Address, bool Removed) : KernelNotification;

/// <summary>Another process changed a table of ours, or flushed everything.</summary>
public sealed record TableNotification : KernelNotification;

/// <summary>Notifications were lost: anything may have changed.</summary>
public sealed record OverrunNotification : KernelNotification;
