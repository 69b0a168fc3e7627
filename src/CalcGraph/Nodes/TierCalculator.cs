using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// The order in which policies apply to a class: tiers by order, then name; within a tier by order, then name/namespace/kind (felix/calc/policy_sorter.go).
/// </summary>
internal static class TierCalculator
{
    // A class with few members is not worth keeping a list for.
    private const int WorthKeeping = 4;

    public static IReadOnlyList<EndpointTier> TiersOf(LabelClass c, PolicyCalculator policies)
    {
        if (c.Tiers is { } kept) return kept;
        List<PolicyNode> applying = [];
        foreach (SelectorNode selector in c.Matches) applying.AddRange(selector.Policies);
        applying.Sort(Compare);

        List<EndpointTier> tiers = [];
        for (int start = 0, end; start < applying.Count; start = end)
        {
            end = start + 1;
            while (end < applying.Count && applying[end].Tier.Name == applying[start].Tier.Name) end++;
            tiers.Add(MakeTier(applying.GetRange(start, end - start), c.Network!, policies));
        }
        if (c.Members.Count >= WorthKeeping) c.Tiers = tiers;
        return tiers;
    }

    private static EndpointTier MakeTier(List<PolicyNode> tier, string network, PolicyCalculator policies) => new()
    {
        Name = tier[0].Tier.Name,
        DefaultAction = tier[0].Tier.DefaultAction,
        IngressPolicies = [.. tier.Where(p => p.HasIngress).Select(p => policies.InstanceOf(p, network).Id)],
        EgressPolicies = [.. tier.Where(p => p.HasEgress).Select(p => policies.InstanceOf(p, network).Id)],
    };

    private static int Compare(PolicyNode a, PolicyNode b)
    {
        int c = a.Tier.CompareTo(b.Tier);
        if (c == 0) c = a.Order.CompareTo(b.Order);
        return c != 0 ? c : string.CompareOrdinal(a.SortName, b.SortName);
    }
}
