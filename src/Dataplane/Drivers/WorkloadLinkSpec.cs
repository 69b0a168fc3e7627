using Margay.Core.Net;

namespace Margay.Dataplane.Drivers;

/// <summary>A workload's link to be made.</summary>
public sealed record WorkloadLinkSpec
{
    /// <summary>Written into the host side's alias: <c>margay:ID</c> marks the link as ours and says whose it is.</summary>
    public required string EndpointId { get; init; }

    /// <summary>Name of the host side.</summary>
    public required string HostInterface { get; init; }

    /// <summary>Path of the workload's network namespace.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Name inside.</summary>
    public required string Interface { get; init; }

    /// <summary>Of the workload's side.</summary>
    public required MacAddress Mac { get; init; }

    public required IReadOnlyList<InetAddress> Addresses { get; init; }

    /// <summary>Bytes; null for the kernel's default of 1500.</summary>
    public int? Mtu { get; init; }
}

/// <summary>Why a link was not made.</summary>
public enum WorkloadLinkFailure
{
    None,

    /// <summary>The host side's name belongs to a link that is not this endpoint's.</summary>
    HostNameTaken,

    /// <summary>There is an interface of that name in the workload already.</summary>
    InterfaceTaken,

    /// <summary>The namespace is not there, or is none.</summary>
    NoNamespace,

    /// <summary>The kernel refused.</summary>
    Kernel,
}

/// <summary>What became of a request. Nothing is left behind by one that failed.</summary>
/// <param name="HostIndex">Index of the host side, when it was made.</param>
/// <param name="Message">What happened and what to do about it, when it was not.</param>
public sealed record WorkloadLinkResult(WorkloadLinkFailure Failure, int HostIndex, string? Message)
{
    public bool Ok => Failure == WorkloadLinkFailure.None;
}
