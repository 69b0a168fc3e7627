using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>A policy as it stands in the cluster. Immutable: a change is a new one. One that cannot be read counts as absent: TryMake returns null.</summary>
internal sealed class PolicyNode
{
    public required ObjectKey Key { get; init; }

    /// <summary>The id of its view in the default network; other networks add theirs.</summary>
    public required string Id { get; init; }

    /// <summary>Breaks ties of order: name/namespace/kind.</summary>
    public required string SortName { get; init; }

    /// <summary>The namespace that its rules' selectors are limited to; null for a global one.</summary>
    public string? Namespace => Key.Namespace;

    public required TierRank Tier { get; init; }
    public required double Order { get; init; }
    public required bool HasIngress { get; init; }
    public required bool HasEgress { get; init; }
    public required IReadOnlyList<Rule> Ingress { get; init; }
    public required IReadOnlyList<Rule> Egress { get; init; }
    public required Selector AppliesTo { get; init; }

    /// <summary>Every label key that its selectors mention.</summary>
    public IEnumerable<string> Labels =>
        SelectorRequirements.LabelsOf(AppliesTo.Root).Concat(Ingress.Concat(Egress).SelectMany(r => RuleResolver.LabelsOf(r, Namespace)));

    /// <summary>Where the index keeps <see cref="AppliesTo"/>, once it does.</summary>
    public SelectorNode? Selector { get; set; }

    /// <summary>Whether the endpoints that have both see any difference besides the rules.</summary>
    public bool AppliesLike(PolicyNode other) =>
        AppliesTo.Equals(other.AppliesTo) && Tier == other.Tier && Order.Equals(other.Order)
        && HasIngress == other.HasIngress && HasEgress == other.HasEgress;

    public static PolicyNode? TryMake(ObjectKey key, NetworkPolicy policy)
    {
        Selector? appliesTo = ScopedSelectors.OfNetworkPolicy(policy);
        return appliesTo is null ? null : TryMake(key, policy.Spec, appliesTo);
    }

    /// <summary>Those that act before conntrack or before DNAT concern host endpoints only, so that here they are absent.</summary>
    public static PolicyNode? TryMake(ObjectKey key, GlobalNetworkPolicy policy)
    {
        if (policy.Spec.DoNotTrack == true || policy.Spec.PreDNAT == true) return null;
        Selector? appliesTo = ScopedSelectors.OfGlobalNetworkPolicy(policy);
        return appliesTo is null ? null : TryMake(key, policy.Spec, appliesTo);
    }

    private static PolicyNode? TryMake(ObjectKey key, NetworkPolicySpec spec, Selector appliesTo)
    {
        IReadOnlyList<Rule> ingress = spec.Ingress ?? [], egress = spec.Egress ?? [];
        if (!ingress.Concat(egress).All(r => RuleResolver.IsValid(r, key.Namespace))) return null;
        // Without types: the directions of the rules that are there; ingress when there are none.
        bool hasEgress = spec.Types?.Contains(PolicyType.Egress) ?? egress.Count > 0;
        bool hasIngress = spec.Types?.Contains(PolicyType.Ingress) ?? (ingress.Count > 0 || egress.Count == 0);
        return new PolicyNode
        {
            Key = key,
            Id = key.ToString(),
            SortName = $"{key.Name}/{key.Namespace}/{key.Kind}",
            Tier = TierRank.Of(spec.Tier ?? TierRank.DefaultTier),
            Order = spec.Order ?? double.PositiveInfinity,
            HasIngress = hasIngress,
            HasEgress = hasEgress,
            Ingress = ingress,
            Egress = egress,
            AppliesTo = appliesTo,
        };
    }
}
