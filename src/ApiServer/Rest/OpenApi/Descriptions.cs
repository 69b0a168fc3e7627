using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>What <c>kubectl explain KIND</c> says first.</summary>
internal static class Descriptions
{
    public static string Of(ResourceKind kind) => kind.Kind switch
    {
        "Namespace" => "Namespace is the scope of policies, sets and workload endpoints.",
        "Node" => "Node is a host that runs an agent. Labels place it, for example in a rack.",
        "IPPool" => "IPPool is a range from which workloads get addresses. Pools never overlap.",
        "IPAMBlock" => "IPAMBlock is a block of a pool and the node that owns it.",
        "BGPConfiguration" => "BGPConfiguration holds the BGP settings of the cluster (name default) or of one node (name node.NAME).",
        "BGPPeer" => "BGPPeer describes peerings of one, some or all nodes.",
        "WorkloadEndpoint" => "WorkloadEndpoint is one interface of one workload, written by the agent that attached it.",
        "Profile" => "Profile holds rules that apply after all tiers, and labels that endpoints inherit.",
        "NetworkPolicy" => "NetworkPolicy applies to the endpoints of its own namespace.",
        "GlobalNetworkPolicy" => "GlobalNetworkPolicy applies to endpoints of all namespaces and to hosts.",
        "NetworkSet" => "NetworkSet is a named, labelled list of prefixes in one namespace.",
        "GlobalNetworkSet" => "GlobalNetworkSet is a named, labelled list of prefixes for the whole cluster.",
        _ => $"{kind.Kind} of {kind.ApiVersion}.",
    };
}
