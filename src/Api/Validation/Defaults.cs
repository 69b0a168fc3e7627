using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>
/// Fills in what was left out, so that a stored object says all that it means. Applying twice is applying once; what was given is
/// never changed, and a faulty object is filled in as far as possible. The status of policies is derived here too, whatever was given.
/// </summary>
public static class Defaults
{
    public const uint AsNumber = 64512;
    public const int BgpPort = 179;
    public const int BlockSizeIPv4 = 26;
    public const int BlockSizeIPv6 = 122;
    public const string TierName = Resources.Tier.Default;
    public const string Network = "default";

    public static Resource Apply(Resource resource) => resource switch
    {
        NetworkPolicy policy => EnforcementStatus.Derive(policy with { Spec = Apply(policy.Spec) }),
        GlobalNetworkPolicy policy => EnforcementStatus.Derive(policy with { Spec = (GlobalNetworkPolicySpec)Apply(policy.Spec) }),
        StagedNetworkPolicy policy => EnforcementStatus.Derive(policy with { Spec = Apply(policy.Spec with { StagedAction = policy.Spec.StagedAction ?? StagedAction.Set }, policy.Spec.StagedAction) }),
        StagedGlobalNetworkPolicy policy => EnforcementStatus.Derive(policy with { Spec = Apply(policy.Spec with { StagedAction = policy.Spec.StagedAction ?? StagedAction.Set }, policy.Spec.StagedAction) }),
        KubernetesNetworkPolicy policy => policy with { Spec = Apply(policy.Spec) },
        StagedKubernetesNetworkPolicy policy => policy with { Spec = Apply(policy.Spec with { StagedAction = policy.Spec.StagedAction ?? StagedAction.Set }, policy.Spec.StagedAction) },
        ClusterNetworkPolicy policy => EnforcementStatus.Derive(policy),
        Tier tier => tier with { Spec = TierSpec.OfReserved(tier.Name) is { } reserved
            ? new TierSpec { Order = tier.Spec.Order ?? reserved.Order, DefaultAction = tier.Spec.DefaultAction ?? reserved.DefaultAction }
            : tier.Spec with { DefaultAction = tier.Spec.DefaultAction ?? RuleAction.Deny } },
        IPPool pool => pool with { Spec = Apply(pool.Spec) },
        IPAMBlock block => block with { Spec = block.Spec with { Network = block.Spec.Network ?? Network } },
        BGPConfiguration configuration when configuration.Name == "default" => configuration with { Spec = Apply(configuration.Spec) },
        BGPPeer peer => peer with { Spec = Apply(peer.Spec) },
        WorkloadEndpoint endpoint => endpoint with { Spec = endpoint.Spec with { Network = VirtualNetwork.Resolve(endpoint.Spec.Network, endpoint.Namespace) } },
        VirtualNetwork network => network with { Spec = network.Spec with { Subnets = network.Spec.Subnets?.Select(Apply).ToList() } },
        _ => resource,
    };

    private static NetworkPolicySpec Apply(NetworkPolicySpec spec) => spec with
    {
        Tier = string.IsNullOrEmpty(spec.Tier) ? TierName : spec.Tier,
        Types = spec.Types is { Count: > 0 } ? spec.Types : TypesOf(spec),
    };

    // A staged deletion names its policy and says nothing else.
    private static TSpec Apply<TSpec>(TSpec spec, StagedAction? action) where TSpec : NetworkPolicySpec =>
        action == StagedAction.Delete ? spec with { Tier = string.IsNullOrEmpty(spec.Tier) ? TierName : spec.Tier } : (TSpec)Apply(spec);

    private static StagedKubernetesNetworkPolicySpec Apply(StagedKubernetesNetworkPolicySpec spec, StagedAction? action) =>
        action == StagedAction.Delete ? spec : (StagedKubernetesNetworkPolicySpec)Apply(spec);

    private static KubernetesNetworkPolicySpec Apply(KubernetesNetworkPolicySpec spec) => spec with
    {
        PodSelector = spec.PodSelector ?? new LabelSelector(),
        PolicyTypes = spec.PolicyTypes is { Count: > 0 } ? spec.PolicyTypes : spec.Egress is { Count: > 0 } ? [PolicyType.Ingress, PolicyType.Egress] : [PolicyType.Ingress],
    };

    // A policy always takes part in some direction: one without rules denies ingress.
    private static PolicyType[] TypesOf(NetworkPolicySpec spec) => (spec.Ingress is { Count: > 0 }, spec.Egress is { Count: > 0 }) switch
    {
        (_, false) => [PolicyType.Ingress],
        (false, true) => [PolicyType.Egress],
        (true, true) => [PolicyType.Ingress, PolicyType.Egress],
    };

    private static IPPoolSpec Apply(IPPoolSpec spec) => spec with
    {
        BlockSize = spec.BlockSize ?? (spec.Cidr is null ? null : spec.Cidr.Contains(':', StringComparison.Ordinal) ? BlockSizeIPv6 : BlockSizeIPv4),
        IpipMode = Given(spec.IpipMode, "Never"),
        VxlanMode = Given(spec.VxlanMode, "Never"),
        NodeSelector = Given(spec.NodeSelector, "all()"),
        AllowedUses = spec.AllowedUses is { Count: > 0 } ? spec.AllowedUses : ["Workload", "Tunnel"],
        AssignmentMode = Given(spec.AssignmentMode, "Automatic"),
    };

    private static NetworkSubnet Apply(NetworkSubnet subnet) => subnet.BlockSize is not null || !Core.Net.IpPrefix.TryParse(subnet.Cidr, out Core.Net.IpPrefix cidr)
        ? subnet
        : subnet with { BlockSize = Math.Max(cidr.Length, cidr.IsIPv6 ? BlockSizeIPv6 : BlockSizeIPv4) };

    private static BGPConfigurationSpec Apply(BGPConfigurationSpec spec) => spec with
    {
        AsNumber = spec.AsNumber ?? new AsNumber(AsNumber),
        NodeToNodeMeshEnabled = spec.NodeToNodeMeshEnabled ?? true,
        ListenPort = spec.ListenPort ?? BgpPort,
        BindMode = Given(spec.BindMode, "None"),
        LogSeverityScreen = Given(spec.LogSeverityScreen, "Info"),
    };

    private static BGPPeerSpec Apply(BGPPeerSpec spec) => spec with
    {
        SourceAddress = Given(spec.SourceAddress, "UseNodeIP"),
        NextHopMode = spec.KeepOriginalNextHop is true ? spec.NextHopMode : Given(spec.NextHopMode, "Auto"),
        ReversePeering = Given(spec.ReversePeering, "Auto"),
    };

    private static string Given(string? value, string otherwise) => string.IsNullOrEmpty(value) ? otherwise : value;
}
