namespace Margay.Api.Resources;

/// <summary>
/// Some of the addresses and ports behind a service (<c>discovery.k8s.io/v1 EndpointSlice</c>), written by whoever runs the service. Rules that match <c>services</c>
/// mean what the slices with the service's label say.
/// </summary>
public sealed record EndpointSlice : Resource
{
    /// <summary>The label that names the service, which is of the slice's namespace.</summary>
    public const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>IPv4 or IPv6; FQDN slices are kept and mean nothing here.</summary>
    public string? AddressType { get; init; }

    public IReadOnlyList<SliceEndpoint>? Endpoints { get; init; }
    public IReadOnlyList<SlicePort>? Ports { get; init; }
}

public sealed record SliceEndpoint
{
    public IReadOnlyList<string>? Addresses { get; init; }
    public SliceConditions? Conditions { get; init; }
    public string? Hostname { get; init; }
    public string? NodeName { get; init; }
    public string? Zone { get; init; }
}

public sealed record SliceConditions
{
    public bool? Ready { get; init; }
    public bool? Serving { get; init; }
    public bool? Terminating { get; init; }
}

public sealed record SlicePort
{
    public string? Name { get; init; }

    /// <summary>Default TCP.</summary>
    public Protocol? Protocol { get; init; }

    public int? Port { get; init; }
    public string? AppProtocol { get; init; }
}
