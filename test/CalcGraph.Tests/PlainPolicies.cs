using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Tests;

/// <summary>Policies of all kinds, read the slow and obvious way.</summary>
internal static class PlainPolicies
{
    private const string NamespaceLabel = "projectcalico.org/namespace";

    /// <summary>What places an endpoint's policy lists show of one policy. Selects gets all labels, and whether they are a host endpoint's.</summary>
    internal sealed record Policy(
        string Id, string Sort, string Tier, double Order, bool Ingress, bool Egress, string Place, Func<Dictionary<string, string>, bool, bool> Selects);

    public static List<Policy> Of(IEnumerable<Resource> all) => [.. all.SelectMany(Of).Where(p => p.Ingress || p.Egress)];

    /// <summary>Where a tier stands: the reserved ones are fixed, unknown ones come last and deny.</summary>
    public static (double Order, string End) TierOf(string name, IEnumerable<Resource> all)
    {
        if (name == "default") return (1_000_000, "Deny");
        if (name == "kube-admin") return (1_000, "Pass");
        if (name == "kube-baseline") return (10_000_000, "Pass");
        TierSpec? spec = all.OfType<Tier>().FirstOrDefault(t => t.Name == name)?.Spec;
        return (spec?.Order ?? double.PositiveInfinity, spec?.DefaultAction == RuleAction.Pass ? "Pass" : "Deny");
    }

    private static IEnumerable<Policy> Of(Resource resource) => resource switch
    {
        NetworkPolicy p => Namespaced("NetworkPolicy", p, p.Spec),
        StagedNetworkPolicy { Spec.StagedAction: null or StagedAction.Set } p => Namespaced("StagedNetworkPolicy", p, p.Spec),
        GlobalNetworkPolicy p => Global("GlobalNetworkPolicy", p, p.Spec),
        StagedGlobalNetworkPolicy { Spec.StagedAction: null or StagedAction.Set } p => Global("StagedGlobalNetworkPolicy", p, p.Spec),
        KubernetesNetworkPolicy p => Kubernetes(p),
        ClusterNetworkPolicy p => Cluster(p),
        _ => [],
    };

    private static IEnumerable<Policy> Namespaced(string kind, Resource r, NetworkPolicySpec spec)
    {
        if (!Selector.TryParse(spec.Selector, out Selector? selector)) yield break;
        PolicyType[] types = TypesOf(spec);
        yield return new Policy($"{kind}/{r.Namespace}/{r.Name}", $"{r.Name}/{r.Namespace}/{kind}", spec.Tier ?? "default", spec.Order ?? double.PositiveInfinity,
            types.Contains(PolicyType.Ingress), types.Contains(PolicyType.Egress), "",
            (labels, _) => labels.GetValueOrDefault(NamespaceLabel) == r.Namespace && selector.Matches(labels)
                && (spec.ServiceAccountSelector is not { Length: > 0 } || labels.ContainsKey("projectcalico.org/serviceaccount")));
    }

    private static IEnumerable<Policy> Global(string kind, Resource r, GlobalNetworkPolicySpec spec)
    {
        Selector selector = Selector.Parse(spec.Selector);
        PolicyType[] types = TypesOf(spec);
        string place = spec.DoNotTrack == true ? "untracked" : spec.PreDNAT == true ? "prednat" : spec.ApplyOnForward == true ? "forward" : "";
        yield return new Policy($"{kind}/{r.Name}", $"{r.Name}//{kind}", spec.Tier ?? "default", spec.Order ?? double.PositiveInfinity,
            types.Contains(PolicyType.Ingress), types.Contains(PolicyType.Egress) && place != "prednat", place,
            (labels, isHost) => (isHost || place is "" or "forward") && selector.Matches(labels) && NamespaceMatches(spec.NamespaceSelector, labels));
    }

    private static IEnumerable<Policy> Kubernetes(KubernetesNetworkPolicy p)
    {
        IReadOnlyList<PolicyType> types = p.Spec.PolicyTypes ?? [PolicyType.Ingress];
        yield return new Policy($"KubernetesNetworkPolicy/{p.Namespace}/{p.Name}", $"{p.Name}/{p.Namespace}/KubernetesNetworkPolicy", "default", 1000,
            types.Contains(PolicyType.Ingress), types.Contains(PolicyType.Egress), "",
            (labels, isHost) => !isHost && labels.GetValueOrDefault(NamespaceLabel) == p.Namespace && Has(p.Spec.PodSelector, labels, ""));
    }

    private static IEnumerable<Policy> Cluster(ClusterNetworkPolicy p)
    {
        ClusterSubject subject = p.Spec.Subject!;
        yield return new Policy($"ClusterNetworkPolicy/{p.Name}", $"{p.Name}//ClusterNetworkPolicy", p.Spec.Tier == "Admin" ? "kube-admin" : "kube-baseline", p.Spec.Priority!.Value,
            p.Spec.Ingress is { Count: > 0 }, p.Spec.Egress is { Count: > 0 }, "",
            (labels, isHost) => !isHost && Has(subject.Namespaces ?? subject.Pods!.NamespaceSelector, labels, "pcns.") && Has(subject.Pods?.PodSelector, labels, ""));
    }

    private static bool Has(LabelSelector? selector, Dictionary<string, string> labels, string prefix) =>
        (selector?.MatchLabels ?? new Dictionary<string, string>()).All(l => labels.GetValueOrDefault(prefix + l.Key) == l.Value);

    private static PolicyType[] TypesOf(NetworkPolicySpec spec) => spec.Types?.ToArray() ?? ((spec.Ingress?.Count ?? 0, spec.Egress?.Count ?? 0) switch
    {
        (_, 0) => [PolicyType.Ingress],
        (0, _) => [PolicyType.Egress],
        _ => [PolicyType.Ingress, PolicyType.Egress],
    });

    private static bool NamespaceMatches(string? selector, Dictionary<string, string> labels)
    {
        bool isNamespaced = labels.ContainsKey(NamespaceLabel);
        return selector switch
        {
            null => true,
            "all()" => isNamespaced,
            "global()" => !isNamespaced,
            _ => isNamespaced && Selector.Parse(selector).Matches(labels.Where(l => l.Key.StartsWith("pcns.", StringComparison.Ordinal)).ToDictionary(l => l.Key[5..], l => l.Value)),
        };
    }
}
