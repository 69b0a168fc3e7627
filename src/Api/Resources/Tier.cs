namespace Margay.Api.Resources;

/// <summary>A group of policies that is asked as a whole, before or after others (Calico <c>Tier</c>). Cluster-wide; its name is one DNS label.</summary>
public sealed record Tier : Resource
{
    public const string Default = "default";
    public const string KubeAdmin = "kube-admin";
    public const string KubeBaseline = "kube-baseline";

    public TierSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record TierSpec
{
    /// <summary>Position among the tiers, lowest first; without one, last. Ties are broken by name.</summary>
    public double? Order { get; init; }

    /// <summary>What happens to a packet that no policy of the tier decided although one applies: Deny (default) or Pass to the next tier.</summary>
    public RuleAction? DefaultAction { get; init; }

    /// <summary>
    /// What the reserved tiers are, always: they exist without an object, and an object of that name may not say otherwise (libcalico-go). Null for other names.
    /// </summary>
    public static TierSpec? OfReserved(string name) => name switch
    {
        Tier.Default => new TierSpec { Order = 1_000_000, DefaultAction = RuleAction.Deny },
        Tier.KubeAdmin => new TierSpec { Order = 1_000, DefaultAction = RuleAction.Pass },
        Tier.KubeBaseline => new TierSpec { Order = 10_000_000, DefaultAction = RuleAction.Pass },
        _ => null,
    };
}
