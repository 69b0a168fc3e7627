using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A policy of any kind as it stands in the cluster. Immutable: a change is a new one. One that cannot be read, or that is staged to do nothing, counts as absent:
/// TryMake returns null. Those that act before conntrack or NAT select host endpoints only, which their <see cref="AppliesTo"/> says.
/// </summary>
internal sealed class PolicyNode
{
    public required ObjectKey Key { get; init; }

    /// <summary>The id of its view in the default network; other networks add theirs.</summary>
    public required string Id { get; init; }

    /// <summary>Breaks ties of order: name/namespace/kind.</summary>
    public required string SortName { get; init; }

    /// <summary>The namespace that its rules' selectors are limited to; null for a global one.</summary>
    public string? Namespace => Key.Namespace;

    public required string Tier { get; init; }
    public required double Order { get; init; }
    public required bool HasIngress { get; init; }
    public required bool HasEgress { get; init; }
    public required RuleList Ingress { get; init; }
    public required RuleList Egress { get; init; }
    public required Selector AppliesTo { get; init; }
    public required HostPlace Place { get; init; }
    public required bool KeepEstablished { get; init; }

    /// <summary>Every label key that its selectors mention.</summary>
    public IEnumerable<string> Labels =>
        SelectorRequirements.LabelsOf(AppliesTo.Root).Concat(Ingress.Rules.Concat(Egress.Rules).SelectMany(r => RuleResolver.LabelsOf(r, Namespace)));

    /// <summary>Where the index keeps <see cref="AppliesTo"/>, once it does.</summary>
    public SelectorNode? Selector { get; set; }

    /// <summary>Whether the endpoints that have both see any difference besides the rules.</summary>
    public bool AppliesLike(PolicyNode other) =>
        AppliesTo.Equals(other.AppliesTo) && Tier == other.Tier && Order.Equals(other.Order) && Place == other.Place
        && HasIngress == other.HasIngress && HasEgress == other.HasEgress;

    /// <summary>The node of a policy of any kind, under the key that it goes by. Null also for what is no policy.</summary>
    public static PolicyNode? TryMake(ObjectKey key, Resource policy) => policy switch
    {
        NetworkPolicy p => TryMake(key, p.Spec),
        StagedNetworkPolicy p => IsSet(p.Spec.StagedAction) ? TryMake(key, p.Spec) : null,
        GlobalNetworkPolicy p => TryMake(key, p.Spec),
        StagedGlobalNetworkPolicy p => IsSet(p.Spec.StagedAction) ? TryMake(key, p.Spec) : null,
        KubernetesNetworkPolicy p => TryMake(key, p.Spec),
        StagedKubernetesNetworkPolicy p => IsSet(p.Spec.StagedAction) ? TryMake(key, p.Spec) : null,
        ClusterNetworkPolicy p => TryMake(key, p.Spec),
        _ => null,
    };

    private static bool IsSet(StagedAction? action) => action is null or StagedAction.Set;

    private static PolicyNode? TryMake(ObjectKey key, NetworkPolicySpec spec) =>
        TryMake(key, spec, ScopedSelectors.OfNetworkPolicy(spec, key.Namespace ?? ""), RuleList.Of(spec.Ingress), RuleList.Of(spec.Egress), HostPlace.Regular);

    private static PolicyNode? TryMake(ObjectKey key, GlobalNetworkPolicySpec spec)
    {
        HostPlace place = spec.DoNotTrack == true ? HostPlace.Untracked : spec.PreDNAT == true ? HostPlace.PreDnat
            : spec.ApplyOnForward == true ? HostPlace.RegularAndForward : HostPlace.Regular;
        bool hostsOnly = place is HostPlace.Untracked or HostPlace.PreDnat;
        return TryMake(key, spec, ScopedSelectors.OfGlobalNetworkPolicy(spec, hostsOnly), RuleList.Of(spec.Ingress), RuleList.Of(spec.Egress), place);
    }

    private static PolicyNode? TryMake(ObjectKey key, KubernetesNetworkPolicySpec spec)
    {
        RuleList ingress = KubernetesRules.Ingress(spec), egress = KubernetesRules.Egress(spec);
        NetworkPolicySpec frame = new()
        {
            Order = KubernetesNetworkPolicy.Order,
            Selector = KubernetesRules.PodsText(spec.PodSelector),
            // Kubernetes: without types, Ingress always and Egress with egress rules.
            Types = spec.PolicyTypes is { Count: > 0 } types ? types : spec.Egress is { Count: > 0 } ? [PolicyType.Ingress, PolicyType.Egress] : [PolicyType.Ingress],
        };
        return TryMake(key, frame, ScopedSelectors.OfNetworkPolicy(frame, key.Namespace ?? ""), ingress, egress, HostPlace.Regular);
    }

    private static PolicyNode? TryMake(ObjectKey key, ClusterNetworkPolicySpec spec)
    {
        if (ClusterRules.TierOf(spec.Tier) is not { } tier || spec.Subject is not { } subject) return null;
        (string namespaces, string pods) = ClusterRules.TextsOf(subject);
        PolicyType[] types =
            [.. new[] { (PolicyType.Ingress, spec.Ingress?.Count ?? 0), (PolicyType.Egress, spec.Egress?.Count ?? 0) }.Where(t => t.Item2 > 0).Select(t => t.Item1)];
        GlobalNetworkPolicySpec frame = new() { Tier = tier, Order = spec.Priority, Selector = pods, NamespaceSelector = namespaces, Types = types };
        return TryMake(key, frame, ScopedSelectors.OfGlobalNetworkPolicy(frame, hostsOnly: false), ClusterRules.Ingress(spec), ClusterRules.Egress(spec), HostPlace.Regular);
    }

    private static PolicyNode? TryMake(ObjectKey key, NetworkPolicySpec spec, Selector? appliesTo, RuleList ingress, RuleList egress, HostPlace place)
    {
        if (appliesTo is null || !ingress.Rules.Concat(egress.Rules).All(r => RuleResolver.IsValid(r, key.Namespace))) return null;
        // Without types: the directions of the rules that are there; ingress when there are none.
        bool hasEgress = place != HostPlace.PreDnat && (spec.Types?.Contains(PolicyType.Egress) ?? egress.Rules.Count > 0);
        bool hasIngress = spec.Types?.Contains(PolicyType.Ingress) ?? (ingress.Rules.Count > 0 || egress.Rules.Count == 0);
        if (!hasIngress && !hasEgress) return null;
        return new PolicyNode
        {
            Key = key,
            Id = key.ToString(),
            SortName = $"{key.Name}/{key.Namespace}/{key.Kind}",
            Tier = spec.Tier is { Length: > 0 } tier ? tier : Api.Resources.Tier.Default,
            Order = spec.Order ?? double.PositiveInfinity,
            HasIngress = hasIngress,
            HasEgress = hasEgress,
            Ingress = ingress,
            Egress = egress,
            AppliesTo = appliesTo,
            Place = place,
            KeepEstablished = spec.ApplyToEstablished == false,
        };
    }
}

/// <summary>Where a policy acts at host endpoints; at workloads only the two regular ones do.</summary>
internal enum HostPlace
{
    Regular,
    RegularAndForward,
    PreDnat,
    Untracked,
}

/// <summary>Rules of one direction, and for each the position of what it was written as; null: its own.</summary>
internal sealed record RuleList(IReadOnlyList<Rule> Rules, int[]? Indexes = null)
{
    public static RuleList Of(IReadOnlyList<Rule>? rules) => new(rules ?? []);
    public int IndexOf(int position) => Indexes is null ? position : Indexes[position];
}
