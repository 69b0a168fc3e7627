using Margay.Core.Net;

namespace Margay.Dataplane;

/// <summary>
/// A workload's link on this host as the agent made it, or found it in its journal. Its policy comes with the view, under the same id; until both are
/// there its packets are dropped.
/// </summary>
public sealed record LocalEndpoint
{
    /// <summary><c>NETWORK/NAMESPACE/NAME</c>, the id of its <see cref="Api.NodeSync.EndpointView"/>.</summary>
    public required string Id { get; init; }

    public NetworkName Network { get; init; }

    /// <summary>The host-side interface. It identifies the endpoint to the kernel: a link made anew under this name takes its place.</summary>
    public required string Interface { get; init; }

    /// <summary>What it may send from, and is routed to.</summary>
    public required IReadOnlyList<InetAddress> Addresses { get; init; }

    /// <summary>MAC address of the workload's side.</summary>
    public required MacAddress Mac { get; init; }
}
