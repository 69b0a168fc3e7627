namespace Margay.Policy;

/// <summary>Where a packet is made or meant for, as one node sees it.</summary>
public abstract record Place
{
    private Place()
    {
    }

    /// <summary>A workload of the node, by the id of its endpoint.</summary>
    public sealed record Workload(string EndpointId) : Place;

    /// <summary>The processes of the node itself.</summary>
    public sealed record Host : Place;

    /// <summary>Beyond one of the node's own interfaces.</summary>
    public sealed record Outside(string Interface) : Place
    {
        /// <summary>What the interface has, as far as it matters for host endpoints that name no interface.</summary>
        public IReadOnlyCollection<Core.Net.InetAddress> Addresses { get; init; } = [];
    }
}

/// <summary>A packet on its way through one node. It is the first of its connection, after any address translation.</summary>
public sealed record Journey(Packet Packet, Place From, Place To);

/// <summary>One policy set that was asked on the way.</summary>
/// <param name="Endpoint">Id of the workload's endpoint, name of the host endpoint, or null where no endpoint but the node's settings decided.</param>
/// <param name="Kind">Where in the packet's way.</param>
/// <param name="Direction">Ingress is towards the endpoint.</param>
/// <param name="Verdict">What it said.</param>
public sealed record Checkpoint(string? Endpoint, PolicySetKind Kind, Api.Resources.PolicyType Direction, Verdict Verdict);

/// <summary>What becomes of a packet on one node: it gets through unless a checkpoint denies it. The last checkpoint is the one that denied, or the last that had to agree.</summary>
public sealed record JourneyVerdict(bool Allowed, IReadOnlyList<Checkpoint> Checkpoints)
{
    /// <summary>What decided, in words; "no policy" when nothing had to be asked.</summary>
    public string DecidedBy => Checkpoints.Count == 0 ? "no policy" : Checkpoints[^1].Verdict.DecidedBy.ToString();
}
