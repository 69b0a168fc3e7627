using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>What <c>kubectl explain KIND</c> says first.</summary>
internal static class Descriptions
{
    public static string Of(ResourceKind kind) => kind.TypeInfo.Type.Name switch
    {
        "Namespace" => "Namespace is the scope of policies, sets and workload endpoints.",
        "Node" => "Node is a host that runs an agent. Labels place it, for example in a rack.",
        "IPPool" => "IPPool is a range from which workloads get addresses. Pools never overlap.",
        "IPAMBlock" => "IPAMBlock is a block of a pool and the node that owns it.",
        "BGPConfiguration" => "BGPConfiguration holds the BGP settings of the cluster (name default) or of one node (name node.NAME).",
        "BGPPeer" => "BGPPeer describes peerings of one, some or all nodes.",
        "BGPFilter" => "BGPFilter says which routes peers are told and believed. BGPPeers name it.",
        "WorkloadEndpoint" => "WorkloadEndpoint is one interface of one workload, written by the agent that attached it.",
        "Profile" => "Profile holds rules that apply after all tiers, and labels that endpoints inherit.",
        "NetworkPolicy" => "NetworkPolicy applies to the endpoints of its own namespace.",
        "GlobalNetworkPolicy" => "GlobalNetworkPolicy applies to endpoints of all namespaces and to hosts.",
        "NetworkSet" => "NetworkSet is a named, labelled list of prefixes in one namespace.",
        "GlobalNetworkSet" => "GlobalNetworkSet is a named, labelled list of prefixes for the whole cluster.",
        "Tier" => "Tier is a group of policies that is asked as a whole, before or after others.",
        "HostEndpoint" => "HostEndpoint is an interface of a host itself, so that policy protects it.",
        "StagedNetworkPolicy" => "StagedNetworkPolicy is a NetworkPolicy to be: evaluated and counted, never enforced.",
        "StagedGlobalNetworkPolicy" => "StagedGlobalNetworkPolicy is a GlobalNetworkPolicy to be: evaluated and counted, never enforced.",
        "StagedKubernetesNetworkPolicy" => "StagedKubernetesNetworkPolicy is a Kubernetes NetworkPolicy to be: evaluated and counted, never enforced.",
        "FelixConfiguration" => "FelixConfiguration says how agents guard their hosts: all (name default) or one (name node.NAME).",
        "KubernetesNetworkPolicy" => "NetworkPolicy applies to the pods of its own namespace; it stands in the tier default at order 1000.",
        "ClusterNetworkPolicy" => "ClusterNetworkPolicy is the cluster administrator's, in the tier kube-admin or kube-baseline at its priority.",
        "EndpointSlice" => "EndpointSlice holds some of the addresses and ports behind a service, which rules match with services.",
        "VirtualNetwork" => "VirtualNetwork is a routing domain of its own, with addresses that mean nothing outside of it. It is called NAMESPACE.NAME elsewhere.",
        "FloatingIP" => "FloatingIP is an address of the world that stands for one address of a virtual network.",
        _ => $"{kind.Kind} of {kind.ApiVersion}.",
    };
}
