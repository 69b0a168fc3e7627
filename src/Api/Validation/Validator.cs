using Margay.Api.Resources;
using Margay.Api.Validation.Checks;

namespace Margay.Api.Validation;

/// <summary>Checks every rule of a kind; nothing stops at the first fault. The rules stand in Checks/, one file for each concern.</summary>
public static class Validator
{
    /// <summary>Checks an object by itself, with its defaults already filled in.</summary>
    public static Findings Validate(Resource resource)
    {
        var findings = new Findings();
        ResourceKind? kind = ResourceKinds.Find(resource.ApiVersion, resource.Kind);
        if (kind is null)
        {
            findings.Add("kind", FaultReason.NotSupported, $"\"{resource.Kind}\" ({resource.ApiVersion}) is not known");
            return findings;
        }

        MetadataChecks.Check(findings, resource, kind);
        switch (resource)
        {
            case NetworkPolicy policy: PolicyChecks.Check(findings, policy); break;
            case GlobalNetworkPolicy policy: PolicyChecks.Check(findings, policy.Spec); break;
            case StagedNetworkPolicy policy: PolicyChecks.Check(findings, policy); break;
            case StagedGlobalNetworkPolicy policy: PolicyChecks.Check(findings, policy); break;
            case KubernetesNetworkPolicy policy: KubernetesPolicyChecks.Check(findings, policy.Spec); break;
            case StagedKubernetesNetworkPolicy policy:
                KubernetesPolicyChecks.Check(findings, policy.Spec);
                StagedChecks.Check(findings, policy.Spec.StagedAction, policy.Spec);
                break;
            case ClusterNetworkPolicy policy: ClusterPolicyChecks.Check(findings, policy.Spec); break;
            case Tier tier: TierChecks.Check(findings, tier); break;
            case HostEndpoint endpoint: HostChecks.Check(findings, endpoint); break;
            case FelixConfiguration configuration: HostChecks.Check(findings, configuration); break;
            case EndpointSlice slice: SliceChecks.Check(findings, slice); break;
            case Profile profile: PolicyChecks.Check(findings, profile); break;
            case NetworkSet set: EndpointChecks.Check(findings, set, set.Spec); break;
            case GlobalNetworkSet set: EndpointChecks.Check(findings, set, set.Spec); break;
            case WorkloadEndpoint endpoint: EndpointChecks.Check(findings, endpoint); break;
            case IPPool pool: IpamChecks.Check(findings, pool); break;
            case IPAMBlock block: IpamChecks.Check(findings, block); break;
            case BGPConfiguration configuration: BgpChecks.Check(findings, configuration); break;
            case BGPPeer peer: BgpPeerChecks.Check(findings, peer); break;
            case BGPFilter filter: BgpFilterChecks.Check(findings, filter); break;
            case Node node: BgpChecks.Check(findings, node); break;
            case VirtualNetwork network: NetworkChecks.Check(findings, network); break;
            case FloatingIP floating: NetworkChecks.Check(findings, floating); break;
        }

        return findings;
    }

    /// <summary>What may not change from <paramref name="before"/> to <paramref name="after"/>. Says nothing of <paramref name="after"/> by itself.</summary>
    public static Findings ValidateUpdate(Resource before, Resource after)
    {
        var findings = new Findings();
        FieldPath metadata = FieldPath.Root["metadata"], spec = FieldPath.Root["spec"];
        Same(findings, metadata["name"], before.Metadata.Name, after.Metadata.Name);
        Same(findings, metadata["namespace"], before.Metadata.Namespace, after.Metadata.Namespace);
        if (after.Metadata.Uid is not null) Same(findings, metadata["uid"], before.Metadata.Uid, after.Metadata.Uid);
        switch (before, after)
        {
            case (IPPool was, IPPool now):
                Same(findings, spec["cidr"], was.Spec.Cidr, now.Spec.Cidr);
                Same(findings, spec["blockSize"], was.Spec.BlockSize?.ToString(), now.Spec.BlockSize?.ToString());
                break;
            case (IPAMBlock was, IPAMBlock now):
                Same(findings, spec["cidr"], was.Spec.Cidr, now.Spec.Cidr);
                Same(findings, spec["network"], was.Spec.Network, now.Spec.Network);
                break;
            case (VirtualNetwork was, VirtualNetwork now):
                // Left out, it stays as the server chose it.
                if (now.Spec.Vni is not null) Same(findings, spec["vni"], was.Spec.Vni?.ToString(), now.Spec.Vni?.ToString());
                break;
            case (FloatingIP was, FloatingIP now):
                Same(findings, spec["network"], was.Spec.Network, now.Spec.Network);
                if (now.Spec.Address is not null) Same(findings, spec["address"], was.Spec.Address, now.Spec.Address);
                break;
            case (WorkloadEndpoint was, WorkloadEndpoint now):
                Same(findings, spec["network"], was.Spec.Network, now.Spec.Network);
                break;
        }

        return findings;
    }

    /// <summary>Whether a pool shares addresses with another of its network; a finding for each that it does.</summary>
    public static Findings ValidateOverlap(IPPool pool, IEnumerable<IPPool> others)
    {
        var findings = new Findings();
        if (!Core.Net.IpPrefix.TryParse(pool.Spec.Cidr, out Core.Net.IpPrefix cidr)) return findings;
        foreach (IPPool other in others)
        {
            if (other.Name == pool.Name || !Core.Net.IpPrefix.TryParse(other.Spec.Cidr, out Core.Net.IpPrefix range) || !cidr.Overlaps(range)) continue;
            findings.Add(FieldPath.Root["spec"]["cidr"], FaultReason.Invalid, $"{cidr} overlaps {range} of the pool {other.Name}: an address must belong to one pool");
        }

        return findings;
    }

    private static void Same(Findings findings, FieldPath at, string? before, string? after)
    {
        if (before != after) findings.Add(at, FaultReason.Forbidden, $"cannot be changed (it is \"{before}\"): delete the object and create it anew");
    }
}
