using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>Where a tier stands and what happens at its end. Order ascending, ties by name.</summary>
internal sealed record TierRank(string Name, double Order, string DefaultAction) : IComparable<TierRank>
{
    public static TierRank Of(string name, TierSpec spec) =>
        new(name, spec.Order ?? double.PositiveInfinity, (spec.DefaultAction ?? RuleAction.Deny) == RuleAction.Pass ? "Pass" : "Deny");

    public int CompareTo(TierRank? other)
    {
        int c = Order.CompareTo(other!.Order);
        return c != 0 ? c : string.CompareOrdinal(Name, other.Name);
    }
}

/// <summary>All tiers. Owned by <see cref="PolicyCalculator"/>.</summary>
internal sealed class TierTable
{
    private readonly Dictionary<string, TierRank> _tiers = [];

    /// <summary>
    /// The reserved tiers are always there (Calico). Any other without an object comes last and denies, so that a policy never opens more than its author meant.
    /// </summary>
    public TierRank RankOf(string name)
    {
        if (_tiers.TryGetValue(name, out TierRank? rank)) return rank;
        return TierRank.Of(name, TierSpec.OfReserved(name) ?? new TierSpec());
    }

    /// <summary>Adds, replaces or (null) removes. False when nothing that matters changed.</summary>
    public bool Set(string name, Tier? tier)
    {
        TierRank before = RankOf(name);
        if (tier is null || TierSpec.OfReserved(name) is not null) _tiers.Remove(name);
        else _tiers[name] = TierRank.Of(name, tier.Spec);
        return RankOf(name) != before;
    }
}
