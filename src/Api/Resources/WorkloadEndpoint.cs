namespace Margay.Api.Resources;

/// <summary>One interface of one workload (Calico <c>WorkloadEndpoint</c>). Written by the agent that attached it.</summary>
public sealed record WorkloadEndpoint : Resource
{
    public WorkloadEndpointSpec Spec { get; init => field = value ?? new(); } = new();
    public WorkloadEndpointStatus? Status { get; init; }
}

public sealed record WorkloadEndpointSpec
{
    public string? Orchestrator { get; init; }
    public string? Workload { get; init; }

    /// <summary>The name of the Node that it runs on.</summary>
    public string? Node { get; init; }

    public string? ContainerID { get; init; }
    public string? Pod { get; init; }

    /// <summary>The interface name inside the workload, such as eth0.</summary>
    public string? Endpoint { get; init; }

    public string? ServiceAccountName { get; init; }

    /// <summary>The virtual network; "default" when not given. An address means nothing without it.</summary>
    public string? Network { get; init; }

    /// <summary>Each a /32 or /128.</summary>
    public IReadOnlyList<string>? IpNetworks { get; init; }

    public string? Ipv4Gateway { get; init; }
    public string? Ipv6Gateway { get; init; }
    public IReadOnlyList<string>? Profiles { get; init; }

    /// <summary>The host-side interface.</summary>
    public string? InterfaceName { get; init; }

    public string? Mac { get; init; }
    public IReadOnlyList<EndpointPort>? Ports { get; init; }

    /// <summary>Sources besides its own addresses that it may send from.</summary>
    public IReadOnlyList<string>? AllowSpoofedSourcePrefixes { get; init; }

    public QosControls? QosControls { get; init; }
}

public sealed record EndpointPort
{
    public string? Name { get; init; }
    public Protocol? Protocol { get; init; }
    public int? Port { get; init; }
    public int? HostPort { get; init; }
    public string? HostIP { get; init; }
}

public sealed record WorkloadEndpointStatus
{
    /// <summary>Up once its policy and routes are in the kernel of its node, else Down or Pending.</summary>
    public string? State { get; init; }
}
