using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// The order in which policies apply to a class: tiers by order, then name; within a tier by order, then name/namespace/kind (felix/calc/policy_sorter.go).
/// </summary>
internal static class TierCalculator
{
    // A class with few members is not worth keeping a list for.
    private const int WorthKeeping = 4;

    /// <summary>For workloads: no policy that concerns hosts alone selects them (<see cref="PolicyNode"/>).</summary>
    public static IReadOnlyList<EndpointTier> TiersOf(LabelClass c, PolicyCalculator policies)
    {
        if (c.Tiers is { } kept) return kept;
        List<EndpointTier> tiers = TiersOf(c, policies, _ => true);
        if (c.Members.Count >= WorthKeeping) c.Tiers = tiers;
        return tiers;
    }

    /// <summary>Of some of the policies that select the class.</summary>
    public static List<EndpointTier> TiersOf(LabelClass c, PolicyCalculator policies, Func<PolicyNode, bool> which)
    {
        List<PolicyNode> applying = [];
        foreach (SelectorNode selector in c.Matches)
        {
            foreach (PolicyNode policy in selector.Policies)
            {
                if (which(policy)) applying.Add(policy);
            }
        }
        List<EndpointTier> tiers = [];
        foreach (IGrouping<string, PolicyNode> tier in applying.GroupBy(p => p.Tier)) tiers.Add(MakeTier(policies.Tiers.RankOf(tier.Key), [.. tier], c.Network!, policies));
        tiers.Sort((a, b) => policies.Tiers.RankOf(a.Name).CompareTo(policies.Tiers.RankOf(b.Name)));
        return tiers;
    }

    private static EndpointTier MakeTier(TierRank rank, List<PolicyNode> tier, string network, PolicyCalculator policies)
    {
        tier.Sort(Compare);
        return new EndpointTier
        {
            Name = rank.Name,
            DefaultAction = rank.DefaultAction,
            IngressPolicies = [.. tier.Where(p => p.HasIngress).Select(p => policies.InstanceOf(p, network).Id)],
            EgressPolicies = [.. tier.Where(p => p.HasEgress).Select(p => policies.InstanceOf(p, network).Id)],
        };
    }

    private static int Compare(PolicyNode a, PolicyNode b)
    {
        int c = a.Order.CompareTo(b.Order);
        return c != 0 ? c : string.CompareOrdinal(a.SortName, b.SortName);
    }
}
