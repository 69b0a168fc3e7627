namespace Margay.Dataplane;

/// <summary>The dataplane's state for people and scripts, taken at one moment.</summary>
public sealed record DataplaneSnapshot
{
    public required IReadOnlyList<EndpointRow> Endpoints { get; init; }
    public IReadOnlyList<HostEndpointRow> HostEndpoints { get; init; } = [];
    public required IReadOnlyList<RouteRow> Routes { get; init; }
    public required DataplaneCounters Counters { get; init; }

    /// <summary>The first whole view has come and the agent's endpoints are known.</summary>
    public required bool InSync { get; init; }

    /// <summary>What is wanted and not in the kernel yet, in words.</summary>
    public required IReadOnlyList<string> Pending { get; init; }
}

/// <param name="Reason">Why it is not programmed; null when it is.</param>
public sealed record EndpointRow(string Id, string Interface, string Addresses, long ProgrammedRevision, string? Reason);

/// <param name="Interfaces">Those that it is for; "*" for all that no other is for.</param>
/// <param name="Reason">Why it is for none; null when it is for some.</param>
public sealed record HostEndpointRow(string Name, string Interfaces, long Revision, string? Reason);

/// <param name="Origin">local, bgp or block.</param>
/// <param name="Reason">Why it is not in the kernel; null when it is.</param>
public sealed record RouteRow(string Prefix, string Origin, string Via, string? Reason);

/// <summary>Counted since start.</summary>
public sealed record DataplaneCounters
{
    public long Passes { get; init; }
    public long NftCommits { get; init; }
    public long NftMessages { get; init; }
    public long RouteMessages { get; init; }

    /// <summary>Connections cut because policy denies them now, or their endpoint is gone.</summary>
    public long FlowsCut { get; init; }
    public long Failures { get; init; }

    /// <summary>Times that something of ours was found changed by someone else and put right.</summary>
    public long Repairs { get; init; }

    /// <summary>Chains, sets and elements that the kernel refuses now, and that something closed stands in for.</summary>
    public int Refused { get; init; }

    public TimeSpan LastPass { get; init; }
    public TimeSpan LongestPass { get; init; }
}
