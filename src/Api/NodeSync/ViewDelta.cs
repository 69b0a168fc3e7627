using Margay.Api.Resources;

namespace Margay.Api.NodeSync;

// What one node needs to know, and how it changes.
//
//   server: resources ─► calculation graph ─► view of node N ─► ViewDelta ─► stream ─► agent: held view ─► dataplane, speaker
//
// The stream (GET /nodesync/v1/nodes/NODE/view?epoch=E&revision=R, one JSON object per line) starts with a whole view
// (Snapshot) unless the server can continue from what the agent names. The agent compares a snapshot with what it
// holds, so a reconnect disturbs nothing. A view says only what this node needs: endpoints on it, policies and profiles that
// apply to them, the sets these policies name, and the node's own BGP and address pools.
//
// A member that is absent or null reads as its declaration says: the generated JSON reader passes over initialisers, so the accessors see to it.

/// <summary>
/// A view, or a change of it, complete in itself: applied as a whole, it leaves no reference without its referent. Absent lists mean no change.
/// Upserts come before removals where both are of one kind; within a delta an id is in one list only.
/// </summary>
public sealed record ViewDelta
{
    /// <summary>Identifies one life of the server's graph; a revision means something only within it.</summary>
    public required string Epoch { get; init; }

    /// <summary>The store revision that this delta brings the view to. Never goes back within an epoch.</summary>
    public required long Revision { get; init; }

    /// <summary>True when the lists are the whole view: what is not in them is gone.</summary>
    public bool Snapshot { get; init; }

    /// <summary>True on an otherwise empty line sent when nothing changed for a while.</summary>
    public bool KeepAlive { get; init; }

    public NodeSettings? Settings { get; init; }
    public IReadOnlyList<PoolView>? Pools { get; init; }
    public IReadOnlyList<BlockView>? Blocks { get; init; }
    public IReadOnlyList<PeerView>? Peers { get; init; }
    public IReadOnlyList<BgpFilterView>? BgpFilters { get; init; }
    public IReadOnlyList<NetworkView>? Networks { get; init; }
    public IReadOnlyList<IpSetView>? IpSets { get; init; }
    public IReadOnlyList<IpSetChange>? IpSetChanges { get; init; }
    public IReadOnlyList<PolicyView>? Policies { get; init; }
    public IReadOnlyList<ProfileView>? Profiles { get; init; }
    public IReadOnlyList<EndpointView>? Endpoints { get; init; }
    public IReadOnlyList<HostEndpointView>? HostEndpoints { get; init; }

    public IReadOnlyList<string>? RemovedPools { get; init; }
    public IReadOnlyList<string>? RemovedBlocks { get; init; }
    public IReadOnlyList<string>? RemovedPeers { get; init; }
    public IReadOnlyList<string>? RemovedBgpFilters { get; init; }
    public IReadOnlyList<string>? RemovedNetworks { get; init; }
    public IReadOnlyList<string>? RemovedIpSets { get; init; }
    public IReadOnlyList<string>? RemovedPolicies { get; init; }
    public IReadOnlyList<string>? RemovedProfiles { get; init; }
    public IReadOnlyList<string>? RemovedEndpoints { get; init; }
    public IReadOnlyList<string>? RemovedHostEndpoints { get; init; }
}

/// <summary>The node itself, resolved from its Node object and the BGP configuration. Addresses are without a length.</summary>
public sealed record NodeSettings
{
    public required string Node { get; init; }
    public string? Ipv4Address { get; init; }
    public string? Ipv6Address { get; init; }
    public uint AsNumber { get; init; }
    public int BgpPort { get; init => field = value == 0 ? 179 : value; } = 179;

    /// <summary>Not null: the node reflects routes. Empty: in a cluster of its own, whose id is the router id.</summary>
    public string? RouteReflectorClusterId { get; init; }

    /// <summary>BGP listens on the node's own addresses only.</summary>
    public bool BindToNodeAddresses { get; init; }

    /// <summary>Priority of the routes that the node originates; null is the normal one.</summary>
    public int? RoutePriorityIPv4 { get; init; }

    public int? RoutePriorityIPv6 { get; init; }
    public IReadOnlyList<PrefixCommunities>? PrefixCommunities { get; init; }

    /// <summary>What host endpoints let in before any policy; null: <see cref="FailsafePort.DefaultInbound"/>.</summary>
    public IReadOnlyList<FailsafePort>? FailsafeInbound { get; init; }

    /// <summary>What host endpoints let out before any policy; null: <see cref="FailsafePort.DefaultOutbound"/>.</summary>
    public IReadOnlyList<FailsafePort>? FailsafeOutbound { get; init; }

    /// <summary>What happens to packets of a workload to its host that its egress policy allows: Drop (also when null), Return or Accept.</summary>
    public string? EndpointToHostAction { get; init; }
}

/// <summary>Communities ("aa:nn" or "aa:nn:mm") that advertised prefixes within <see cref="Cidr"/> carry.</summary>
public sealed record PrefixCommunities
{
    public required string Cidr { get; init; }
    public required IReadOnlyList<string> Communities { get; init; }
}

/// <summary>An address pool of one network. Keyed by name.</summary>
public sealed record PoolView
{
    public required string Name { get; init; }
    public string Network { get; init => field = value ?? "default"; } = "default";
    public required string Cidr { get; init; }
    public int BlockSize { get; init; }
    public bool NatOutgoing { get; init; }
    public bool Disabled { get; init; }
    public bool DisableBgpExport { get; init; }

    /// <summary>Whether this node may claim blocks from it (node selector, allowed uses, assignment mode).</summary>
    public bool Usable { get; init; }

    /// <summary>Ranges within it that no workload gets unless it asks for an address by name, as in <see cref="NetworkSubnet.Reserved"/>.</summary>
    public IReadOnlyList<string>? Reserved { get; init; }

    public bool Equals(PoolView? other) => other is not null && Name == other.Name && Network == other.Network && Cidr == other.Cidr && BlockSize == other.BlockSize && NatOutgoing == other.NatOutgoing
        && Disabled == other.Disabled && DisableBgpExport == other.DisableBgpExport && Usable == other.Usable && (Reserved ?? []).SequenceEqual(other.Reserved ?? []);

    public override int GetHashCode() => HashCode.Combine(Name, Network, Cidr, BlockSize);
}

/// <summary>A block that this node owns. Keyed by CIDR within its network: <c>NETWORK/CIDR</c>.</summary>
public sealed record BlockView
{
    public string Network { get; init => field = value ?? "default"; } = "default";
    public required string Cidr { get; init; }
    public required string Pool { get; init; }

    /// <summary>Of a block of one address: how often it has changed hands, so that the last host's routes outrank those before (RFC 7432 §7.7).</summary>
    public long Sequence { get; init; }

    public string Id => $"{Network}/{Cidr}";
}

/// <summary>A virtual network that has an endpoint or a block on this node, or is reached from one that has. Keyed by name (NAMESPACE.NAME). The default network has none.</summary>
public sealed record NetworkView
{
    public required string Name { get; init; }
    public required int Vni { get; init; }

    /// <summary>MTU of workload links, or null for the underlay's less the overhead.</summary>
    public int? Mtu { get; init; }

    /// <summary>Route targets as in <see cref="Resources.NetworkRouteTargets"/>, the automatic ones filled in.</summary>
    public IReadOnlyList<string> Import { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Export { get; init => field = value ?? []; } = [];
    public IReadOnlyList<string> ExportAggregates { get; init => field = value ?? []; } = [];

    /// <summary>The network's own ranges.</summary>
    public IReadOnlyList<string> Subnets { get; init => field = value ?? []; } = [];

    /// <summary>This node lets the network's packets out of it, under its own address.</summary>
    public bool LetsOut { get; init; }

    /// <summary>It does so for other nodes too: it tells them of a default route.</summary>
    public bool IsGateway { get; init; }

    /// <summary>The network's floating addresses, on whatever node their targets are.</summary>
    public IReadOnlyList<FloatingAddress> Floating { get; init => field = value ?? []; } = [];

    /// <summary>The networks that are reached from this one, as far as they are in the view.</summary>
    public IReadOnlyList<LeakView> Leaks { get; init => field = value ?? []; } = [];

    /// <summary>It is needed here, whether or not it has an endpoint here: for one that reaches it, or as its gateway.</summary>
    public bool Needed { get; init; }

    /// <summary>Those that each host keeps; how many endpoints there are is the server's to count.</summary>
    public NetworkLimits? Limits { get; init; }

    public bool Equals(NetworkView? other) => other is not null && Limits == other.Limits && Name == other.Name && Vni == other.Vni && Mtu == other.Mtu && LetsOut == other.LetsOut && Needed == other.Needed && IsGateway == other.IsGateway
        && Import.SequenceEqual(other.Import) && Export.SequenceEqual(other.Export) && ExportAggregates.SequenceEqual(other.ExportAggregates) && Subnets.SequenceEqual(other.Subnets) && Floating.SequenceEqual(other.Floating)
        && Leaks.SequenceEqual(other.Leaks);

    public override int GetHashCode() => HashCode.Combine(Name, Vni, Mtu);
}

/// <summary>Another network that is reached, and by which ranges.</summary>
public sealed record LeakView
{
    public required string Network { get; init; }
    public IReadOnlyList<string> Subnets { get; init => field = value ?? []; } = [];

    public bool Equals(LeakView? other) => other is not null && Network == other.Network && Subnets.SequenceEqual(other.Subnets);

    public override int GetHashCode() => Network.GetHashCode(StringComparison.Ordinal);
}

/// <param name="Address">Of the world.</param>
/// <param name="Target">Of the network.</param>
public sealed record FloatingAddress(string Address, string Target);

/// <summary>A BGP session that this node shall hold, resolved from the mesh, reflectors and BGPPeer objects. Keyed by name.</summary>
public sealed record PeerView
{
    /// <summary>Unique on the node and stable: mesh/NODE, node/BGPPEER, global/BGPPEER, with the address where one object makes several.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for an unnumbered peer, which is known by <see cref="Interface"/> alone.</summary>
    public required string Address { get; init; }

    /// <summary>The interface that the peer is on, or null: wherever the routes lead.</summary>
    public string? Interface { get; init; }

    public int Port { get; init => field = value == 0 ? 179 : value; } = 179;

    /// <summary>0: any but ours, or with <see cref="IsInternal"/> ours.</summary>
    public required uint AsNumber { get; init; }

    public bool IsInternal { get; init; }

    /// <summary>This node's AS towards this peer, when it is not its own.</summary>
    public uint? LocalAsNumber { get; init; }

    /// <summary>The address to speak from, or null to let the kernel choose.</summary>
    public string? SourceAddress { get; init; }

    /// <summary>This side only waits for the connection.</summary>
    public bool Passive { get; init; }

    public bool RouteReflectorClient { get; init; }

    /// <summary>Auto, Self or Keep.</summary>
    public string NextHopMode { get; init => field = value ?? "Auto"; } = "Auto";

    public string? Password { get; init; }
    public double? KeepaliveSeconds { get; init; }
    public double? RestartSeconds { get; init; }
    public int AllowedLocalAsNumbers { get; init; }
    public int? TtlSecurityHops { get; init; }

    /// <summary>Names of BGP filters, in order. One that is not in the view does not exist: the peer is then told nothing, and not believed.</summary>
    public IReadOnlyList<string>? Filters { get; init; }

    /// <summary>Null: no BFD.</summary>
    public BfdView? Bfd { get; init; }

    /// <summary>As in <see cref="BGPPeerSpec.AddressFamilies"/>; null: those of its address, and routes of virtual networks unless <see cref="WithoutNetworks"/>.</summary>
    public IReadOnlyList<string>? AddressFamilies { get; init; }

    public bool WithoutNetworks { get; init; }

    /// <summary>The virtual networks that it may speak for, NAMESPACE/NAME, for people; null: not said by name.</summary>
    public IReadOnlyList<string>? Networks { get; init; }

    /// <summary>The route targets of the routes that it is told of; null: all.</summary>
    public IReadOnlyList<string>? RouteTargets { get; init; }

    /// <summary>The route targets that are believed in its routes; null: all.</summary>
    public IReadOnlyList<string>? ImportTargets { get; init; }

    /// <summary>The object that asked for it, for people: "node-to-node mesh", "BGPPeer rack-1-tor".</summary>
    public required string Origin { get; init; }
}

/// <summary>A BGP filter that a peer of this node names. Keyed by name.</summary>
public sealed record BgpFilterView
{
    public required string Name { get; init; }
    public required BGPFilterSpec Spec { get; init; }
}

/// <summary>BFD of one peer, defaults filled in.</summary>
/// <param name="Multihop">Null: by whether the peer is in a subnet of the node.</param>
public sealed record BfdView(int MinTxMilliseconds, int MinRxMilliseconds, int Multiplier, bool? Multihop = null);

public enum IpSetType
{
    /// <summary>Members are prefixes: "10.0.0.0/8", "fd00::1/128".</summary>
    Nets,

    /// <summary>Members are address, protocol number and port: "10.0.0.1,6,80", "fd00::1,17,53".</summary>
    IpPorts,
}

/// <summary>A set of addresses that rules refer to, of one network and both families. Keyed by id, which is derived from what selects the members.</summary>
public sealed record IpSetView
{
    public required string Id { get; init; }
    public string Network { get; init => field = value ?? "default"; } = "default";
    public IpSetType Type { get; init; }

    /// <summary>What it stands for, for people: the canonical selector.</summary>
    public string? Origin { get; init; }

    public required IReadOnlyList<string> Members { get; init; }
}

public sealed record IpSetChange
{
    public required string Id { get; init; }
    public IReadOnlyList<string>? Added { get; init; }
    public IReadOnlyList<string>? Removed { get; init; }
}

/// <summary>
/// A policy with its selectors resolved to sets of one network. Keyed by id: <c>KIND/NAMESPACE/NAME</c> or <c>KIND/NAME</c>, followed by
/// <c>@NETWORK</c> for networks other than default.
/// </summary>
public sealed record PolicyView
{
    public required string Id { get; init; }
    public string Network { get; init => field = value ?? "default"; } = "default";
    public required string Tier { get; init; }

    /// <summary>True: connections that it allowed once and now does not are left alone. (The opposite of the resource's <c>applyToEstablished</c>, so that absent means no.)</summary>
    public bool KeepEstablished { get; init; }

    public IReadOnlyList<RuleView> Ingress { get; init => field = value ?? []; } = [];
    public IReadOnlyList<RuleView> Egress { get; init => field = value ?? []; } = [];
}

/// <summary>A profile with its selectors resolved to sets of one network. Keyed by name, followed by <c>@NETWORK</c> for networks other than default. A missing one denies.</summary>
public sealed record ProfileView
{
    public required string Name { get; init; }
    public string Network { get; init => field = value ?? "default"; } = "default";
    public IReadOnlyList<RuleView> Ingress { get; init => field = value ?? []; } = [];
    public IReadOnlyList<RuleView> Egress { get; init => field = value ?? []; } = [];
}

/// <summary>One endpoint on this node and what applies to it, in order. Keyed by id: <c>NETWORK/NAMESPACE/NAME</c>.</summary>
public sealed record EndpointView
{
    public required string Id { get; init; }
    public string Network { get; init => field = value ?? "default"; } = "default";

    /// <summary>Revision of the WorkloadEndpoint that this was made from.</summary>
    public required long Revision { get; init; }

    /// <summary>The host-side interface.</summary>
    public required string Interface { get; init; }

    public string? Mac { get; init; }

    /// <summary>Its addresses, each a /32 or /128.</summary>
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> AllowedSourcePrefixes { get; init => field = value ?? []; } = [];

    public QosView? Qos { get; init; }

    /// <summary>Tiers that have a policy for it, in order.</summary>
    public IReadOnlyList<EndpointTier> Tiers { get; init => field = value ?? []; } = [];

    /// <summary>Profile names, in order.</summary>
    public IReadOnlyList<string> Profiles { get; init => field = value ?? []; } = [];
}

/// <summary>
/// The policies of one tier that select the endpoint, by direction and in order, staged ones (<see cref="PolicyIds.IsStaged"/>) among them. A direction without an
/// enforced policy is not touched by the tier's default action.
/// </summary>
public sealed record EndpointTier
{
    public required string Name { get; init; }

    /// <summary>What happens when none of the tier's policies decides: Deny, or Pass to the next tier.</summary>
    public string DefaultAction { get; init => field = value ?? "Deny"; } = "Deny";

    public IReadOnlyList<string> IngressPolicies { get; init => field = value ?? []; } = [];
    public IReadOnlyList<string> EgressPolicies { get; init => field = value ?? []; } = [];
}
