using System.Collections.Frozen;
using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>
/// Fields that Kubernetes or Calico have and Margay does not keep. Manifests that carry them still apply: what is mere
/// bookkeeping is dropped in silence, what would have an effect is dropped with a warning.
/// </summary>
internal static class ForeignFields
{
    public enum Treatment
    {
        Unknown,
        Drop,
        Warn,
    }

    private static readonly FrozenSet<(Type, string)> Bookkeeping = new (Type, string)[]
    {
        (typeof(ObjectMeta), "managedFields"), (typeof(ObjectMeta), "selfLink"), (typeof(ObjectMeta), "deletionTimestamp"),
        (typeof(ObjectMeta), "deletionGracePeriodSeconds"), (typeof(ListMeta), "selfLink"),
        (typeof(Condition), "observedGeneration"),
    }.ToFrozenSet();

    private static readonly FrozenSet<(Type, string)> NotImplemented = new (Type, string)[]
    {
        (typeof(ObjectMeta), "finalizers"), (typeof(ObjectMeta), "ownerReferences"),
        (typeof(NodeSpec), "ipv4VXLANTunnelAddr"), (typeof(NodeSpec), "vxlanTunnelMACAddr"), (typeof(NodeSpec), "ipv6VXLANTunnelAddr"),
        (typeof(NodeSpec), "vxlanTunnelMACAddrV6"), (typeof(NodeSpec), "wireguard"), (typeof(NodeSpec), "orchRefs"),
        (typeof(NodeSpec), "interfaces"), (typeof(NodeBgpSpec), "ipv4IPIPTunnelAddr"), (typeof(NodeStatus), "wireguardPublicKey"),
        (typeof(NodeStatus), "wireguardPublicKeyV6"), (typeof(NodeStatus), "podCIDRs"),
        (typeof(WorkloadEndpointSpec), "ipNATs"), 
        (typeof(SliceEndpoint), "targetRef"), (typeof(SliceEndpoint), "hints"), (typeof(SliceEndpoint), "deprecatedTopology"),
        (typeof(BGPConfigurationSpec), "serviceLoadBalancerAggregation"), (typeof(BGPConfigurationSpec), "localWorkloadPeeringIPV4"),
        (typeof(BGPConfigurationSpec), "localWorkloadPeeringIPV6"), (typeof(BGPConfigurationSpec), "programClusterRoutes"),
        (typeof(IPAMBlockSpec), "allocations"), (typeof(IPAMBlockSpec), "attributes"), (typeof(IPAMBlockSpec), "unallocated"),
        (typeof(IPAMBlockSpec), "strictAffinity"), (typeof(IPAMBlockSpec), "deleted"), (typeof(IPAMBlockSpec), "sequenceNumber"),
        (typeof(IPAMBlockSpec), "sequenceNumberForAllocation"),
    }.ToFrozenSet();

    public static Treatment Of(Type owner, string field) =>
        Bookkeeping.Contains((owner, field)) ? Treatment.Drop :
        // Calico has some 170 more.
        owner == typeof(FelixConfigurationSpec) || NotImplemented.Contains((owner, field)) ? Treatment.Warn : Treatment.Unknown;
}
