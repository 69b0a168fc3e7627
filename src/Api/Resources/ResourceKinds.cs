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

    private static readonly ApiJsonContext Json = ApiJsonContext.Default;

    public static readonly ResourceKind Namespace = new("", "v1", "Namespace", "namespaces", false, Json.Namespace) { ShortNames = ["ns"], HasStatus = true };
    public static readonly ResourceKind Node = Calico("Node", "nodes", false, Json.Node) with { ShortNames = ["no"], HasStatus = true };
    public static readonly ResourceKind IPPool = Calico("IPPool", "ippools", false, Json.IPPool) with { HasStatus = true };
    public static readonly ResourceKind IPAMBlock = Calico("IPAMBlock", "ipamblocks", false, Json.IPAMBlock);
    public static readonly ResourceKind BGPConfiguration = Calico("BGPConfiguration", "bgpconfigurations", false, Json.BGPConfiguration) with { ShortNames = ["bgpconfig"] };
    public static readonly ResourceKind BGPPeer = Calico("BGPPeer", "bgppeers", false, Json.BGPPeer);
    public static readonly ResourceKind WorkloadEndpoint = Calico("WorkloadEndpoint", "workloadendpoints", true, Json.WorkloadEndpoint) with { ShortNames = ["wep"], HasStatus = true };
    public static readonly ResourceKind Profile = Calico("Profile", "profiles", false, Json.Profile);
    public static readonly ResourceKind NetworkPolicy = Calico("NetworkPolicy", "networkpolicies", true, Json.NetworkPolicy) with { ShortNames = ["cnp"] };
    public static readonly ResourceKind GlobalNetworkPolicy = Calico("GlobalNetworkPolicy", "globalnetworkpolicies", false, Json.GlobalNetworkPolicy) with { ShortNames = ["gnp"] };
    public static readonly ResourceKind NetworkSet = Calico("NetworkSet", "networksets", true, Json.NetworkSet) with { ShortNames = ["netset"] };
    public static readonly ResourceKind GlobalNetworkSet = Calico("GlobalNetworkSet", "globalnetworksets", false, Json.GlobalNetworkSet) with { ShortNames = ["gns"] };

    public static readonly ImmutableArray<ResourceKind> All =
    [
        Namespace, Node, IPPool, IPAMBlock, BGPConfiguration, BGPPeer, WorkloadEndpoint, Profile,
        NetworkPolicy, GlobalNetworkPolicy, NetworkSet, GlobalNetworkSet,
    ];

    public static ResourceKind? Find(string? apiVersion, string? kind) =>
        All.FirstOrDefault(k => k.Kind == kind && k.ApiVersion == apiVersion);

    /// <summary>By what a user types: plural, singular, kind or a short name, in any case, with or without ".group".</summary>
    public static ResourceKind? FindByUserName(string name)
    {
        string bare = name.Split('.', 2)[0].ToLowerInvariant();
        return All.FirstOrDefault(k => k.Plural == bare || k.Singular == bare || k.ShortNames.Contains(bare));
    }

    private static ResourceKind Calico(string kind, string plural, bool namespaced, JsonTypeInfo typeInfo) =>
        new(CalicoGroup, "v3", kind, plural, namespaced, typeInfo);
}
