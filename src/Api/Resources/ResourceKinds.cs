using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;

namespace Margay.Api.Resources;

/// <summary>How one kind is named, scoped and read: what discovery says of it and what a generic client needs.</summary>
public sealed record ResourceKind(string Group, string Version, string Kind, string Plural, bool Namespaced, JsonTypeInfo TypeInfo)
{
    public ImmutableArray<string> ShortNames { get; init; } = [];

    /// <summary>Whether status is written apart from the spec, at …/status.</summary>
    public bool HasStatus { get; init; }

    public string Singular => Kind.ToLowerInvariant();

    /// <summary>"v1" for the core group, else "group/version".</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public override string ToString() => $"{Kind}.{ApiVersion}";
}

/// <summary>The kinds that Margay serves. The single list: discovery, routing, validation and the CLI all read it.</summary>
public static class ResourceKinds
{
    public const string CalicoGroup = "projectcalico.org";

    /// <summary>What Calico has no kind for.</summary>
    public const string MargayGroup = "margay.dev";

    private static readonly ApiJsonContext Json = ApiJsonContext.Default;

    public static readonly ResourceKind Namespace = new("", "v1", "Namespace", "namespaces", false, Json.Namespace) { ShortNames = ["ns"], HasStatus = true };
    public static readonly ResourceKind Node = Calico("Node", "nodes", false, Json.Node) with { ShortNames = ["no"], HasStatus = true };
    public static readonly ResourceKind IPPool = Calico("IPPool", "ippools", false, Json.IPPool) with { HasStatus = true };
    public static readonly ResourceKind IPAMBlock = Calico("IPAMBlock", "ipamblocks", false, Json.IPAMBlock);
    public static readonly ResourceKind BGPConfiguration = Calico("BGPConfiguration", "bgpconfigurations", false, Json.BGPConfiguration) with { ShortNames = ["bgpconfig"], HasStatus = true };
    public static readonly ResourceKind BGPPeer = Calico("BGPPeer", "bgppeers", false, Json.BGPPeer);
    public static readonly ResourceKind BGPFilter = Calico("BGPFilter", "bgpfilters", false, Json.BGPFilter);
    public static readonly ResourceKind WorkloadEndpoint = Calico("WorkloadEndpoint", "workloadendpoints", true, Json.WorkloadEndpoint) with { ShortNames = ["wep"], HasStatus = true };
    public static readonly ResourceKind Profile = Calico("Profile", "profiles", false, Json.Profile);
    public static readonly ResourceKind NetworkPolicy = Calico("NetworkPolicy", "networkpolicies", true, Json.NetworkPolicy) with { ShortNames = ["cnp"] };
    public static readonly ResourceKind GlobalNetworkPolicy = Calico("GlobalNetworkPolicy", "globalnetworkpolicies", false, Json.GlobalNetworkPolicy) with { ShortNames = ["gnp"] };
    public static readonly ResourceKind NetworkSet = Calico("NetworkSet", "networksets", true, Json.NetworkSet) with { ShortNames = ["netset"] };
    public static readonly ResourceKind GlobalNetworkSet = Calico("GlobalNetworkSet", "globalnetworksets", false, Json.GlobalNetworkSet) with { ShortNames = ["gns"] };

    public static readonly ResourceKind Tier = Calico("Tier", "tiers", false, Json.Tier);
    public static readonly ResourceKind HostEndpoint = Calico("HostEndpoint", "hostendpoints", false, Json.HostEndpoint) with { ShortNames = ["hep"] };
    public static readonly ResourceKind StagedNetworkPolicy = Calico("StagedNetworkPolicy", "stagednetworkpolicies", true, Json.StagedNetworkPolicy) with { ShortNames = ["snp"] };
    public static readonly ResourceKind StagedGlobalNetworkPolicy = Calico("StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", false, Json.StagedGlobalNetworkPolicy) with { ShortNames = ["sgnp"] };
    public static readonly ResourceKind StagedKubernetesNetworkPolicy = Calico("StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", true, Json.StagedKubernetesNetworkPolicy) with { ShortNames = ["sknp"] };
    public static readonly ResourceKind FelixConfiguration = Calico("FelixConfiguration", "felixconfigurations", false, Json.FelixConfiguration) with { ShortNames = ["felixconfig"] };
    public static readonly ResourceKind KubernetesNetworkPolicy = new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true, Json.KubernetesNetworkPolicy) { ShortNames = ["netpol"] };
    public static readonly ResourceKind ClusterNetworkPolicy = new("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", false, Json.ClusterNetworkPolicy) { ShortNames = ["k8scnp"] };
    public static readonly ResourceKind EndpointSlice = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, Json.EndpointSlice);
    public static readonly ResourceKind VirtualNetwork = new(MargayGroup, "v1", "VirtualNetwork", "virtualnetworks", true, Json.VirtualNetwork) { ShortNames = ["vnet"], HasStatus = true };
    public static readonly ResourceKind FloatingIP = new(MargayGroup, "v1", "FloatingIP", "floatingips", true, Json.FloatingIP) { ShortNames = ["fip"] };

    public static readonly ImmutableArray<ResourceKind> All =
    [
        Namespace, Node, IPPool, IPAMBlock, BGPConfiguration, BGPPeer, BGPFilter, WorkloadEndpoint, Profile,
        NetworkPolicy, GlobalNetworkPolicy, NetworkSet, GlobalNetworkSet, Tier, HostEndpoint,
        StagedNetworkPolicy, StagedGlobalNetworkPolicy, StagedKubernetesNetworkPolicy, FelixConfiguration,
        KubernetesNetworkPolicy, ClusterNetworkPolicy, EndpointSlice, VirtualNetwork, FloatingIP,
    ];

    public static ResourceKind? Find(string? apiVersion, string? kind) =>
        All.FirstOrDefault(k => k.Kind == kind && k.ApiVersion == apiVersion);

    /// <summary>By what a user types: plural, singular, kind or a short name, in any case. Of two with one name, ".group" says which; the first is Calico's.</summary>
    public static ResourceKind? FindByUserName(string name)
    {
        string[] parts = name.ToLowerInvariant().Split('.', 2);
        ResourceKind[] named = [.. All.Where(k => k.Plural == parts[0] || k.Singular == parts[0] || k.ShortNames.Contains(parts[0]))];
        return (parts.Length > 1 ? Array.Find(named, k => k.Group == parts[1]) : null) ?? named.FirstOrDefault();
    }

    private static ResourceKind Calico(string kind, string plural, bool namespaced, JsonTypeInfo typeInfo) =>
        new(CalicoGroup, "v3", kind, plural, namespaced, typeInfo);
}
