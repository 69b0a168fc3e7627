using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Agent.Attach;

/// <summary>How far an attachment is; what the journal holds, so that a restarted agent finishes or puts back.</summary>
internal enum AttachmentPhase
{
    /// <summary>Being made: nobody was told of it yet. A restart puts it back.</summary>
    Preparing,

    /// <summary>The runtime has its answer. A restart adopts it.</summary>
    Up,

    /// <summary>Being taken away. A restart goes on with it.</summary>
    Leaving,
}

/// <summary>Everything that is needed to make, describe and take away one attachment. Immutable; a line of the journal.</summary>
internal sealed record AttachmentRecord
{
    public required AttachmentPhase Phase { get; init; }
    public required string ContainerId { get; init; }
    public required string Interface { get; init; }

    /// <summary>Path of the workload's network namespace; empty when it is not known (adopted from the server's record).</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Its inode: tells it from a later one at the same path. 0 when not known.</summary>
    public ulong NamespaceInode { get; init; }

    public string Network { get; init; } = "default";
    public required string Namespace { get; init; }

    /// <summary>Name of the WorkloadEndpoint.</summary>
    public required string Name { get; init; }

    /// <summary>Of the WorkloadEndpoint, once the server has taken it: another object of that name is none of ours.</summary>
    public string? Uid { get; init; }

    public required string HostInterface { get; init; }
    public required string Mac { get; init; }

    /// <summary>Without a length, IPv4 first.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    public int? Mtu { get; init; }
    public string? Orchestrator { get; init; }
    public string? Workload { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyList<string>? Profiles { get; init; }
    public IReadOnlyList<EndpointPort>? Ports { get; init; }

    [System.Text.Json.Serialization.JsonIgnore] public AttachmentKey Key => new(ContainerId, Interface);

    /// <summary>NETWORK/NAMESPACE/NAME, as in the node's view.</summary>
    [System.Text.Json.Serialization.JsonIgnore] public string EndpointId => $"{Network}/{Namespace}/{Name}";

    [System.Text.Json.Serialization.JsonIgnore] public IEnumerable<InetAddress> InetAddresses => Addresses.Select(InetAddress.Parse);
}
