namespace Margay.Api.Resources;

/// <summary>An interface of a host itself, so that policy protects it (Calico <c>HostEndpoint</c>). Cluster-wide.</summary>
public sealed record HostEndpoint : Resource
{
    /// <summary>The <see cref="HostEndpointSpec.InterfaceName"/> that stands for every interface but those of workloads.</summary>
    public const string AllInterfaces = "*";

    public HostEndpointSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record HostEndpointSpec
{
    /// <summary>The name of its Node.</summary>
    public string? Node { get; init; }

    /// <summary>An interface, or "*" for all. Without one, the interface that has one of <see cref="ExpectedIPs"/>.</summary>
    public string? InterfaceName { get; init; }

    /// <summary>Its addresses: what selectors in rules resolve to. Addresses that the interface merely has do not count.</summary>
    public IReadOnlyList<string>? ExpectedIPs { get; init; }

    public IReadOnlyList<string>? Profiles { get; init; }
    public IReadOnlyList<EndpointPort>? Ports { get; init; }
}
