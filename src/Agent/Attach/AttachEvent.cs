using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Agent.Attach;

/// <summary>What an <see cref="AttachMachine"/> takes in. Results carry the attempt they belong to, so that those of an earlier life of a key are told apart.</summary>
internal abstract record AttachEvent;

internal sealed record AttachAsked(AttachRequest Request, Ticket Ticket) : AttachEvent;

internal sealed record DetachAsked(DetachRequest Request, Ticket Ticket) : AttachEvent;

internal sealed record CheckAsked(CheckRequest Request, Ticket Ticket) : AttachEvent;

/// <param name="Error">Null when the link is there.</param>
internal sealed record LinkMade(AttachmentKey Key, long Attempt, ulong NamespaceInode, AgentError? Error, double Milliseconds) : AttachEvent;

/// <param name="Error">Null when the link is gone.</param>
internal sealed record LinkRemoved(AttachmentKey Key, long Attempt, string? Error) : AttachEvent;

internal sealed record EndpointWritten(AttachmentKey Key, long Attempt, WriteOutcome Outcome, double Milliseconds) : AttachEvent;

/// <param name="Error">Null when it is gone.</param>
internal sealed record EndpointDeleted(AttachmentKey Key, long Attempt, string? Error) : AttachEvent;

/// <summary>Policy and routes of the endpoint are in the kernel, as of a revision of its record.</summary>
internal sealed record EndpointInKernel(string Id, long Revision) : AttachEvent;

internal sealed record EndpointRefusedByKernel(string Id, string Reason) : AttachEvent;

/// <summary>Policy and routes of the endpoint are out of the kernel: its packets are dropped.</summary>
internal sealed record EndpointCut(string Id) : AttachEvent;

/// <param name="Block">Null with <paramref name="Error"/>.</param>
internal sealed record BlockClaimed(BlockClaim Claim, BlockView? Block, AgentError? Error) : AttachEvent;

/// <summary>What the node may use has changed.</summary>
internal sealed record AddressingChanged(IReadOnlyList<PoolView> Pools, IReadOnlyList<BlockView> Blocks, IReadOnlyList<NetworkView>? Networks = null) : AttachEvent;

/// <summary>The endpoints that the server has on this node, after a snapshot from it.</summary>
internal sealed record ServerEndpointsKnown(IReadOnlyList<EndpointView> Endpoints) : AttachEvent;

/// <summary>An endpoint at the server of which the journal knows nothing; null when it is gone or cannot be read.</summary>
internal sealed record StrayEndpointRead(string Id, WorkloadEndpoint? Endpoint, string? Error) : AttachEvent;

internal sealed record ServerReachability(bool Reachable, string Reason) : AttachEvent;

/// <summary>A workload's link went away without our doing.</summary>
internal sealed record LinkLost(string HostInterface) : AttachEvent;

/// <summary>The time to look at deadlines and to try again what failed.</summary>
internal sealed record Ticked : AttachEvent;

internal sealed record AttachInspected(TaskCompletionSource<AttachSnapshot> Answer) : AttachEvent;

/// <summary>A block that is asked of the server.</summary>
/// <param name="Pools">Names, joined by commas; empty for any.</param>
/// <param name="Address">The one address that it shall be; null for any block.</param>
internal readonly record struct BlockClaim(NetworkName Network, bool IsIPv6, string Pools, InetAddress? Address = null);
