using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Ctl.Networks;

/// <summary>The virtual networks of the cluster, and what is wrong with them.</summary>
internal sealed record NetworkReport(IReadOnlyList<NetworkUsage> Networks, IReadOnlyList<NetworkProblem> Problems);

/// <summary>One network: what it is, where its workloads are, and how far it has come, in words.</summary>
/// <param name="Name">NAMESPACE/NAME.</param>
/// <param name="Mtu">Bytes; null when each host takes its underlay's less the overhead.</param>
internal sealed record NetworkUsage(
    string Name, int? Vni, IReadOnlyList<string> Subnets, int? Mtu, IReadOnlyList<string> Import, IReadOnlyList<string> Export, IReadOnlyList<string> ExportAggregates,
    int Workloads, IReadOnlyList<NetworkOnNode> Nodes, string State)
{
    /// <summary>How it reaches what is outside: None or Snat.</summary>
    public string Egress { get; init; } = NetworkEgress.None;

    public IReadOnlyList<NetworkReach> Imports { get; init; } = [];

    /// <summary>Networks that may import it, and * for all.</summary>
    public IReadOnlyList<string> Exports { get; init; } = [];

    public IReadOnlyList<FloatingAddress> Floating { get; init; } = [];
}

/// <summary>Another network that it is to reach.</summary>
/// <param name="Network">NAMESPACE/NAME.</param>
/// <param name="State">"reached", or why not, with the remedy.</param>
internal sealed record NetworkReach(string Network, string State);

/// <param name="Up">How many of its workloads are programmed, with their policy, as the node has reported.</param>
internal sealed record NetworkOnNode(string Node, int Workloads, int Up);

/// <summary>What kind of trouble.</summary>
internal enum NetworkProblemKind
{
    /// <summary>Two networks have one VNI.</summary>
    VniCollision,

    /// <summary>A network imports what another exports.</summary>
    RouteLeak,

    /// <summary>A network exports a target that ends in another's VNI: routers that import *:VNI take its routes into the other.</summary>
    WildcardLeak,

    /// <summary>A network is to reach another, and does not.</summary>
    ImportRefused,

    /// <summary>Two nodes have one underlay address, and so one Router's MAC and the same route distinguishers.</summary>
    SharedTunnelEnd,

    /// <summary>Too small for what travels in it.</summary>
    MtuTooSmall,

    /// <summary>A workload is in a network that does not exist.</summary>
    NoSuchNetwork,

    /// <summary>A node's agent has not programmed a workload, or has not said so.</summary>
    NotProgrammed,
}

/// <summary>What is wrong, where, and what to do.</summary>
internal sealed record NetworkProblem(NetworkProblemKind Kind, string Subject, string Message);

/// <summary>What a lint found: in the cluster's objects, and by the agent on this host.</summary>
internal sealed record NetworkFinding(string Problem, string Where, string What);
