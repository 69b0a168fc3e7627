namespace Margay.CalcGraph.Nodes;

/// <summary>Where a tier stands and what happens at its end. Order ascending, ties by name.</summary>
internal sealed record TierRank(string Name, double Order, string DefaultAction) : IComparable<TierRank>
{
    public const string DefaultTier = "default";

    /// <summary>
    /// The reserved tiers are always there (Calico). Any other that is not known comes last and denies, so that a policy never opens more than its author meant.
    /// </summary>
    public static TierRank Of(string name) => name switch
    {
        DefaultTier => new TierRank(name, 1_000_000, "Deny"),
        "kube-admin" => new TierRank(name, 1_000, "Pass"),
        "kube-baseline" => new TierRank(name, 10_000_000, "Pass"),
        _ => new TierRank(name, double.PositiveInfinity, "Deny"),
    };

    public int CompareTo(TierRank? other)
    {
        int c = Order.CompareTo(other!.Order);
        return c != 0 ? c : string.CompareOrdinal(Name, other.Name);
    }
}
