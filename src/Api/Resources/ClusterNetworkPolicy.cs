namespace Margay.Api.Resources;

/// <summary>
/// Policy of the cluster's administrator (<c>policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy</c>). Stands in the tier "kube-admin" or "kube-baseline" at
/// its priority.
/// </summary>
public sealed record ClusterNetworkPolicy : Resource
{
    public ClusterNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
    public PolicyStatus? Status { get; init; }
}

public sealed record ClusterNetworkPolicySpec
{
    /// <summary>Admin (before all namespaced policy) or Baseline (after it).</summary>
    public string? Tier { get; init; }

    /// <summary>0 to 1000, lowest first.</summary>
    public int? Priority { get; init; }

    public ClusterSubject? Subject { get; init; }
    public IReadOnlyList<ClusterIngressRule>? Ingress { get; init; }
    public IReadOnlyList<ClusterEgressRule>? Egress { get; init; }
}

/// <summary>Pods, either all of some namespaces or some of some: exactly one is given.</summary>
public record ClusterSubject
{
    public LabelSelector? Namespaces { get; init; }
    public NamespacedPods? Pods { get; init; }
}

public sealed record NamespacedPods
{
    public LabelSelector? NamespaceSelector { get; init; }
    public LabelSelector? PodSelector { get; init; }
}

public enum ClusterRuleAction
{
    Accept,
    Deny,

    /// <summary>Leave the tier without a verdict.</summary>
    Pass,
}

public abstract record ClusterRule
{
    /// <summary>For people, at most 100 characters.</summary>
    public string? Name { get; init; }

    public ClusterRuleAction? Action { get; init; }

    /// <summary>Alternatives; none means every packet.</summary>
    public IReadOnlyList<ClusterProtocol>? Protocols { get; init; }
}

public sealed record ClusterIngressRule : ClusterRule
{
    public IReadOnlyList<ClusterSubject>? From { get; init; }
}

public sealed record ClusterEgressRule : ClusterRule
{
    public IReadOnlyList<ClusterEgressPeer>? To { get; init; }
}

/// <summary>Exactly one is given.</summary>
public sealed record ClusterEgressPeer : ClusterSubject
{
    /// <summary>Hosts by the labels of their Node.</summary>
    public LabelSelector? Nodes { get; init; }

    /// <summary>Prefixes.</summary>
    public IReadOnlyList<string>? Networks { get; init; }

    public IReadOnlyList<string>? DomainNames { get; init; }
}

/// <summary>Exactly one is given.</summary>
public sealed record ClusterProtocol
{
    public ClusterTransport? Tcp { get; init; }
    public ClusterTransport? Udp { get; init; }
    public ClusterTransport? Sctp { get; init; }

    /// <summary>A port by name, whatever its protocol.</summary>
    public string? DestinationNamedPort { get; init; }
}

public sealed record ClusterTransport
{
    /// <summary>Absent: every port.</summary>
    public ClusterPort? DestinationPort { get; init; }
}

/// <summary>Either a number or a range.</summary>
public sealed record ClusterPort
{
    public int? Number { get; init; }
    public ClusterPortRange? Range { get; init; }
}

public sealed record ClusterPortRange
{
    public int? Start { get; init; }
    public int? End { get; init; }
}
