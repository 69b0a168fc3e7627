namespace Margay.Api.Resources;

/// <summary>Policy for the endpoints of its own namespace (Calico <c>NetworkPolicy</c>).</summary>
public sealed record NetworkPolicy : Resource
{
    public NetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
    public PolicyStatus? Status { get; init; }
}

/// <summary>What namespaced and global policies share.</summary>
public record NetworkPolicySpec
{
    /// <summary>The tier; "default" when not given.</summary>
    public string? Tier { get; init; }

    /// <summary>Position within the tier, lowest first; without one, last.</summary>
    public double? Order { get; init; }

    /// <summary>Which endpoints it applies to; empty means all in its scope.</summary>
    public string? Selector { get; init; }

    public string? ServiceAccountSelector { get; init; }

    /// <summary>Directions it takes part in; defaulted from the rules that are there.</summary>
    public IReadOnlyList<PolicyType>? Types { get; init; }

    public IReadOnlyList<Rule>? Ingress { get; init; }
    public IReadOnlyList<Rule>? Egress { get; init; }
    public IReadOnlyList<string>? PerformanceHints { get; init; }

    /// <summary>Whether a change of this policy also cuts connections that it no longer allows (ours). Default true.</summary>
    public bool? ApplyToEstablished { get; init; }
}

/// <summary>What of a policy is in force. Derived from its spec with every write; whatever a client sends is replaced.</summary>
public sealed record PolicyStatus
{
    /// <summary>"Enforced": True, or False with what is not enforced, field by field.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>Policy for endpoints of all namespaces and for hosts (Calico <c>GlobalNetworkPolicy</c>).</summary>
public sealed record GlobalNetworkPolicy : Resource
{
    public GlobalNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
    public PolicyStatus? Status { get; init; }
}

public record GlobalNetworkPolicySpec : NetworkPolicySpec
{
    /// <summary>Which namespaces; <c>global()</c> means what is in none, such as host endpoints. Absent: everything.</summary>
    public string? NamespaceSelector { get; init; }

    /// <summary>Host endpoints only: acts before conntrack, and what it allows is not tracked. Needs <see cref="ApplyOnForward"/>.</summary>
    public bool? DoNotTrack { get; init; }

    /// <summary>Host endpoints only: acts before destination NAT, on all that arrives. Needs <see cref="ApplyOnForward"/>.</summary>
    public bool? PreDNAT { get; init; }

    /// <summary>At host endpoints, also acts on what is forwarded, not only on what the host itself sends and receives.</summary>
    public bool? ApplyOnForward { get; init; }
}

/// <summary>Rules that apply after all tiers, and labels that endpoints inherit (Calico <c>Profile</c>).</summary>
public sealed record Profile : Resource
{
    public ProfileSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record ProfileSpec
{
    public IReadOnlyList<Rule>? Ingress { get; init; }
    public IReadOnlyList<Rule>? Egress { get; init; }

    /// <summary>Given to every endpoint with this profile; a label of the endpoint's own wins.</summary>
    public IReadOnlyDictionary<string, string>? LabelsToApply { get; init; }
}

/// <summary>A named, labelled list of prefixes in one namespace (Calico <c>NetworkSet</c>).</summary>
public sealed record NetworkSet : Resource
{
    public NetworkSetSpec Spec { get; init => field = value ?? new(); } = new();
}

/// <summary>A named, labelled list of prefixes for the whole cluster (Calico <c>GlobalNetworkSet</c>).</summary>
public sealed record GlobalNetworkSet : Resource
{
    public NetworkSetSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record NetworkSetSpec
{
    public IReadOnlyList<string>? Nets { get; init; }
}
