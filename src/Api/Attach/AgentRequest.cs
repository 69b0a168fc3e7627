namespace Margay.Api.Attach;

// The agent's Unix socket (default /run/margay/agent.sock). A client connects, writes one request and reads one reply; each is a
// JSON object preceded by its length as 4 bytes, big-endian, 1 MiB at most. CNI, the Docker driver, VM tools and the CLI all use it.

/// <summary>One request: exactly one of the members is given.</summary>
public sealed record AgentRequest
{
    public AttachRequest? Attach { get; init; }
    public DetachRequest? Detach { get; init; }
    public CheckRequest? Check { get; init; }
    public QueryRequest? Query { get; init; }
}

/// <summary>One reply: an error, or the member that answers the request.</summary>
public sealed record AgentReply
{
    public AgentError? Error { get; init; }
    public AttachReply? Attach { get; init; }

    /// <summary>Answers <see cref="QueryRequest"/>: a table for people and the same as JSON for scripts.</summary>
    public QueryReply? Query { get; init; }
}

/// <summary>Why a request was refused; nothing was changed, or all was put back.</summary>
public sealed record AgentError
{
    /// <summary>InvalidRequest, NoAddress, ServerUnreachable, NameCollision, NotFound, CheckFailed, Timeout, Kernel or Internal.</summary>
    public required string Code { get; init; }

    /// <summary>What happened, naming field or object, and the remedy.</summary>
    public required string Message { get; init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool Retry { get; init; }
}

/// <summary>
/// Gives a workload an interface: address, link, routes, policy. Answered only when policy and routes are in the kernel.
/// Asking again for the same container and interface gives the same answer and changes nothing.
/// </summary>
public sealed record AttachRequest
{
    /// <summary>Identifies the workload together with <see cref="Interface"/>.</summary>
    public required string ContainerId { get; init; }

    /// <summary>Path of its network namespace, such as /run/netns/web or /proc/1234/ns/net.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Name of the interface inside, at most 15 characters.</summary>
    public required string Interface { get; init; }

    /// <summary>The virtual network; "default" when not given.</summary>
    public string? Network { get; init; }

    /// <summary>The namespace that policies see; "default" when not given.</summary>
    public string? Namespace { get; init; }

    /// <summary>What orchestrates it: cni, k8s, docker, …</summary>
    public string? Orchestrator { get; init; }

    /// <summary>Name of the workload (pod, container); the container id when not given.</summary>
    public string? Workload { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyList<string>? Profiles { get; init; }
    public IReadOnlyList<Resources.EndpointPort>? Ports { get; init; }

    /// <summary>Addresses that it must have; absent means one of each family that a pool offers.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>Pools (names or CIDRs) to take addresses from.</summary>
    public IReadOnlyList<string>? Ipv4Pools { get; init; }

    public IReadOnlyList<string>? Ipv6Pools { get; init; }

    /// <summary>MTU of the link; that of the host's uplink when not given.</summary>
    public int? Mtu { get; init; }

    public string? Mac { get; init; }
}

public sealed record AttachReply
{
    /// <summary>Each a /32 or /128.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    public required string HostInterface { get; init; }
    public required string Mac { get; init; }
    public required string HostMac { get; init; }
    public string? Ipv4Gateway { get; init; }
    public string? Ipv6Gateway { get; init; }
    public int Mtu { get; init; }

    /// <summary>The WorkloadEndpoint that stands for it: NAMESPACE/NAME.</summary>
    public required string Endpoint { get; init; }

    /// <summary>What each step took, in milliseconds.</summary>
    public IReadOnlyDictionary<string, double>? Timings { get; init; }
}

/// <summary>Takes the interface away and frees its addresses. Succeeds when there is nothing (any more).</summary>
public sealed record DetachRequest
{
    public required string ContainerId { get; init; }
    public required string Interface { get; init; }

    /// <summary>Absent when the namespace is gone already.</summary>
    public string? NetworkNamespace { get; init; }
}

/// <summary>Is everything as attach left it? The error says what is not.</summary>
public sealed record CheckRequest
{
    public required string ContainerId { get; init; }
    public required string Interface { get; init; }
    public string? NetworkNamespace { get; init; }

    /// <summary>Addresses that the runtime believes it has.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }
}

/// <summary>Asks the agent about itself.</summary>
public sealed record QueryRequest
{
    /// <summary>status, endpoints, bgp-peers, bgp-routes, bgp-explain, bgp-stations, bgp-dump, drops, ipam, networks, network-routes, network-lint, view or metrics.</summary>
    public required string Topic { get; init; }

    /// <summary>A prefix, a peer, an endpoint, a file of the agent's host, words NAME=VALUE: what the topic takes.</summary>
    public string? Argument { get; init; }
}

public sealed record QueryReply
{
    public IReadOnlyList<string>? Columns { get; init; }
    public IReadOnlyList<IReadOnlyList<string>>? Rows { get; init; }
    public System.Text.Json.JsonElement? Json { get; init; }
    public string? Text { get; init; }
}
