using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>Where host endpoints are asked.</summary>
internal static class HostPlaces
{
    public static IEnumerable<(PolicySetKind Kind, PolicyType Direction)> All =>
        from kind in (PolicySetKind[])[PolicySetKind.Host, PolicySetKind.HostForward, PolicySetKind.PreDnat, PolicySetKind.Untracked]
        from direction in (PolicyType[])[PolicyType.Ingress, PolicyType.Egress]
        select (kind, direction);
}
