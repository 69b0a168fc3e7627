namespace Margay.Api.NodeSync;

/// <summary>
/// One of this node's own interfaces and what applies there, in order, for each place in the packet's way (Calico, felix/rules/endpoints.go). Keyed by name.
/// </summary>
public sealed record HostEndpointView
{
    public required string Name { get; init; }

    /// <summary>Revision of the HostEndpoint that this was made from.</summary>
    public required long Revision { get; init; }

    /// <summary>An interface, or "*" for every one that no other host endpoint names and that is no workload's. Null: the one with an address of <see cref="Addresses"/>.</summary>
    public string? Interface { get; init; }

    /// <summary>Expected addresses, without a length.</summary>
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    /// <summary>Before conntrack (doNotTrack): all that arrives or is sent by the host itself. Nothing matches: go on, whatever the tier's default. Allow: untracked, and no later place is asked.</summary>
    public IReadOnlyList<EndpointTier> UntrackedTiers { get; init => field = value ?? []; } = [];

    /// <summary>Before destination NAT, ingress only: all that arrives. Nothing matches: go on, whatever the tier's default. Allow: no later place is asked.</summary>
    public IReadOnlyList<EndpointTier> PreDnatTiers { get; init => field = value ?? []; } = [];

    /// <summary>To and from the host's own processes. Nothing matches: profiles, then deny.</summary>
    public IReadOnlyList<EndpointTier> Tiers { get; init => field = value ?? []; } = [];

    /// <summary>Forwarded in or out (applyOnForward). Nothing applies, or all pass: go on.</summary>
    public IReadOnlyList<EndpointTier> ForwardTiers { get; init => field = value ?? []; } = [];

    /// <summary>Profile names, in order; for <see cref="Tiers"/> only.</summary>
    public IReadOnlyList<string> Profiles { get; init => field = value ?? []; } = [];

    /// <summary>Mark packets that leave through it with this code point.</summary>
    public byte? Dscp { get; init; }
}
