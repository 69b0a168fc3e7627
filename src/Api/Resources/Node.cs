namespace Margay.Api.Resources;

/// <summary>A host that runs an agent (Calico <c>Node</c>). Labels place it, for example in a rack.</summary>
public sealed record Node : Resource
{
    public NodeSpec Spec { get; init => field = value ?? new(); } = new();
    public NodeStatus? Status { get; init; }
}

public sealed record NodeSpec
{
    public NodeBgpSpec? Bgp { get; init; }
    public IReadOnlyList<NodeAddress>? Addresses { get; init; }
}

public sealed record NodeBgpSpec
{
    /// <summary>Its own AS; the cluster's (BGPConfiguration) when not given.</summary>
    public AsNumber? AsNumber { get; init; }

    /// <summary>Address with the length of its subnet, such as 192.0.2.10/24.</summary>
    public string? Ipv4Address { get; init; }

    public string? Ipv6Address { get; init; }

    /// <summary>Makes the node a route reflector of this cluster id (an IPv4 address, RFC 4456).</summary>
    public string? RouteReflectorClusterID { get; init; }
}

public sealed record NodeAddress
{
    public string? Address { get; init; }

    /// <summary>CalicoNodeIP, InternalIP or ExternalIP.</summary>
    public string? Type { get; init; }
}

public sealed record NodeStatus
{
    public string? AgentVersion { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A namespace: the scope of policies, sets and endpoints (Kubernetes core <c>Namespace</c>).</summary>
public sealed record Namespace : Resource
{
    public NamespaceSpec? Spec { get; init; }
    public NamespaceStatus? Status { get; init; }
}

public sealed record NamespaceSpec
{
    public IReadOnlyList<string>? Finalizers { get; init; }
}

public sealed record NamespaceStatus
{
    public string? Phase { get; init; }
}
