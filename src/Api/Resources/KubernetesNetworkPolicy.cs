using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>Policy for pods of its own namespace (<c>networking.k8s.io/v1 NetworkPolicy</c>). Stands in the tier "default" at order 1000.</summary>
public sealed record KubernetesNetworkPolicy : Resource
{
    /// <summary>Within <see cref="ObjectKey"/> it has a name of its own: Calico's policies are called NetworkPolicy too.</summary>
    public const string KeyKind = "KubernetesNetworkPolicy";

    /// <summary>Where these policies stand in the tier "default".</summary>
    public const double Order = 1000;

    public KubernetesNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();

    [JsonIgnore] public override ObjectKey Key => new(KeyKind, Metadata.Namespace, Name);
}

public record KubernetesNetworkPolicySpec
{
    /// <summary>Which pods of the namespace; empty means all.</summary>
    public LabelSelector? PodSelector { get; init; }

    /// <summary>Default Ingress, and Egress where there are egress rules.</summary>
    public IReadOnlyList<PolicyType>? PolicyTypes { get; init; }

    public IReadOnlyList<KubernetesIngressRule>? Ingress { get; init; }
    public IReadOnlyList<KubernetesEgressRule>? Egress { get; init; }
}

/// <summary>Allows what comes from one of the peers to one of the ports.</summary>
public sealed record KubernetesIngressRule
{
    /// <summary>None: everyone.</summary>
    public IReadOnlyList<KubernetesPeer>? From { get; init; }

    /// <summary>None: every port of every protocol.</summary>
    public IReadOnlyList<KubernetesPort>? Ports { get; init; }
}

/// <summary>Allows what goes to one of the ports of one of the peers.</summary>
public sealed record KubernetesEgressRule
{
    /// <summary>None: everyone.</summary>
    public IReadOnlyList<KubernetesPeer>? To { get; init; }

    /// <summary>None: every port of every protocol.</summary>
    public IReadOnlyList<KubernetesPort>? Ports { get; init; }
}

/// <summary>Pods by labels of pod and namespace, or a block of addresses.</summary>
public sealed record KubernetesPeer
{
    /// <summary>Pods of the selected namespaces, or of the policy's own when no namespace selector is given.</summary>
    public LabelSelector? PodSelector { get; init; }

    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Excludes both selectors.</summary>
    public IPBlock? IpBlock { get; init; }
}

public sealed record IPBlock
{
    public string? Cidr { get; init; }

    /// <summary>Within <see cref="Cidr"/>.</summary>
    public IReadOnlyList<string>? Except { get; init; }
}

public sealed record KubernetesPort
{
    /// <summary>TCP (default), UDP or SCTP.</summary>
    public Protocol? Protocol { get; init; }

    /// <summary>A number or a name; absent means all ports.</summary>
    public Port? Port { get; init; }

    /// <summary>Last of a range that begins with <see cref="Port"/>, which must be a number.</summary>
    public int? EndPort { get; init; }
}
