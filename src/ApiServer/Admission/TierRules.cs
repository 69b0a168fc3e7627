using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>
/// A tier goes only when no policy is in it: without the tier its policies would come last and deny. Reserved tiers never go. A policy may come before its tier, so that
/// manifests apply in any order; until then it stands last.
/// </summary>
internal static class TierRules
{
    public static readonly IReadOnlyList<string> Reserved = [Tier.Default, Tier.KubeAdmin, Tier.KubeBaseline];

    private static readonly ResourceKind[] Policies =
        [ResourceKinds.NetworkPolicy, ResourceKinds.GlobalNetworkPolicy, ResourceKinds.StagedNetworkPolicy, ResourceKinds.StagedGlobalNetworkPolicy];

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is not null) return null;
        if (Reserved.Contains(request.Name)) return Statuses.Forbidden(request.Kind, request.Name, "it is reserved and always there");
        foreach (ResourceKind kind in Policies)
        {
            effects.Guards.Add(StoreGuard.Unchanged(ObjectKeys.Prefix(kind), request.State.Revision));
            if (request.All<Resource>(kind).FirstOrDefault(p => TierOf(p) == request.Name) is not { } policy) continue;
            string name = policy.Namespace is null ? policy.Name : $"{policy.Namespace}/{policy.Name}";
            return Statuses.Conflict(request.Kind, request.Name, $"the {kind.Kind} {name} is in it; delete its policies first");
        }
        return null;
    }

    private static string? TierOf(Resource policy) => policy switch
    {
        NetworkPolicy p => p.Spec.Tier,
        GlobalNetworkPolicy p => p.Spec.Tier,
        StagedNetworkPolicy p => p.Spec.Tier,
        StagedGlobalNetworkPolicy p => p.Spec.Tier,
        _ => null,
    };
}
