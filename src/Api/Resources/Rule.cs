namespace Margay.Api.Resources;

/// <summary>What a rule does with a packet that it matches.</summary>
public enum RuleAction
{
    Allow,
    Deny,

    /// <summary>Log the packet and go on with the next rule.</summary>
    Log,

    /// <summary>Leave the tier without a verdict and go on with the next one.</summary>
    Pass,
}

/// <summary>Direction as seen by the endpoint: ingress is traffic to it, egress traffic from it.</summary>
public enum PolicyType
{
    Ingress,
    Egress,
}

/// <summary>One rule of a policy or profile (Calico <c>Rule</c>). All criteria must hold; the members of one list are alternatives.</summary>
public sealed record Rule
{
    public RuleAction? Action { get; init; }

    /// <summary>4 or 6.</summary>
    public int? IpVersion { get; init; }

    public Protocol? Protocol { get; init; }
    public Protocol? NotProtocol { get; init; }
    public IcmpFields? Icmp { get; init; }
    public IcmpFields? NotICMP { get; init; }
    public EntityRule? Source { get; init; }
    public EntityRule? Destination { get; init; }
    public HttpMatch? Http { get; init; }
    public RuleMetadata? Metadata { get; init; }
}

/// <summary>ICMP type 0–254 and, only with a type, code 0–255.</summary>
public sealed record IcmpFields
{
    public int? Type { get; init; }
    public int? Code { get; init; }
}

/// <summary>One side of a rule (Calico <c>EntityRule</c>).</summary>
public sealed record EntityRule
{
    public IReadOnlyList<string>? Nets { get; init; }
    public IReadOnlyList<string>? NotNets { get; init; }
    public IReadOnlyList<Port>? Ports { get; init; }
    public IReadOnlyList<Port>? NotPorts { get; init; }
    public string? Selector { get; init; }
    public string? NotSelector { get; init; }
    public string? NamespaceSelector { get; init; }
    public ServiceAccountMatch? ServiceAccounts { get; init; }
    public ServiceMatch? Services { get; init; }
}

public sealed record ServiceAccountMatch
{
    public IReadOnlyList<string>? Names { get; init; }
    public string? Selector { get; init; }
}

public sealed record ServiceMatch
{
    public string? Name { get; init; }
    public string? Namespace { get; init; }
}

public sealed record HttpMatch
{
    public IReadOnlyList<string>? Methods { get; init; }
    public IReadOnlyList<HttpPath>? Paths { get; init; }
}

public sealed record HttpPath
{
    public string? Exact { get; init; }
    public string? Prefix { get; init; }
}

public sealed record RuleMetadata
{
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
