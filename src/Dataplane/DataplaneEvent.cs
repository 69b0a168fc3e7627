using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;

namespace Margay.Dataplane;

/// <summary>What a <see cref="DataplaneLoop"/> takes in. Events are data: the same events in the same order give the same kernel.</summary>
public abstract record DataplaneEvent;

/// <summary>The node's view, whole or changed.</summary>
public sealed record ViewChanged(ViewDelta Delta) : DataplaneEvent;

/// <summary>A local link is there, new or remembered. Posting it again replaces it.</summary>
public sealed record EndpointAttached(LocalEndpoint Endpoint) : DataplaneEvent;

/// <summary>The workload is gone: its routes and filter entries are taken away. The link is not touched.</summary>
public sealed record EndpointDetached(string Id) : DataplaneEvent;

/// <summary>
/// Every endpoint that the agent remembers from before it started has been posted. Until then (and until the first whole view) nothing that was
/// found in the kernel is taken away.
/// </summary>
public sealed record EndpointsRestored : DataplaneEvent;

/// <summary>
/// Best paths that changed. Later batches win. <paramref name="InSync"/> says that with this batch everything is known that was to be learnt (End-of-RIB from
/// every peer): routes found in the kernel that nobody announced are removed from then on, or after <see cref="DataplaneOptions.RouteHoldTime"/>.
/// </summary>
public sealed record RoutesChanged(IReadOnlyList<RouteUpdate> Routes, bool InSync = false) : DataplaneEvent;

/// <summary>The blocks that this node owns beyond those in its view (claimed a moment ago), all of them: each gets a blackhole route under its workloads' routes.</summary>
public sealed record BlocksChanged(IReadOnlyList<NetworkPrefix> Blocks) : DataplaneEvent;

/// <summary>Something in the kernel changed that we did not do.</summary>
public sealed record KernelChanged(KernelNotification Notification, NetworkName Network = default) : DataplaneEvent;

/// <summary>The time set for trying again, or for giving up waiting, has come.</summary>
public sealed record TimerElapsed : DataplaneEvent;

/// <summary>Asks for the state as rows; answered on the loop.</summary>
public sealed record InspectionAsked(TaskCompletionSource<DataplaneSnapshot> Answer) : DataplaneEvent;

/// <summary>The next hops of a prefix; none withdraws it.</summary>
public readonly record struct RouteUpdate(NetworkPrefix Prefix, IReadOnlyList<RouteNextHop> NextHops);

/// <param name="Gateway">Where to send it. It need not be a neighbour: the kernel's own routes say how to reach it.</param>
/// <param name="Weight">1 to 256: its share of flows among several.</param>
/// <param name="Interface">Of a link-local gateway, which is a neighbour on this link and on no other; null for others.</param>
public readonly record struct RouteNextHop(InetAddress Gateway, int Weight = 1, string? Interface = null);
