using Margay.Api.Resources;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph.Explain;

/// <summary>Whom a policy selects, in the words of its author.</summary>
public static class PolicyScope
{
    /// <summary>By the id that a policy goes by in views of the default network, KIND/[NAMESPACE/]NAME.</summary>
    public static IReadOnlyDictionary<string, string> Of(IEnumerable<Resource> resources)
    {
        Dictionary<string, string> scopes = [];
        foreach (Resource resource in resources)
            if (TextOf(resource) is { } text) scopes[new ObjectKey(resource.GetType().Name, resource.Namespace, resource.Name).ToString()] = text;
        return scopes;
    }

    private static string? TextOf(Resource resource) => resource switch
    {
        NetworkPolicy p => Of(p.Spec, null, p.Namespace),
        StagedNetworkPolicy p => Of(p.Spec, null, p.Namespace),
        GlobalNetworkPolicy p => Of(p.Spec, p.Spec.NamespaceSelector, null),
        StagedGlobalNetworkPolicy p => Of(p.Spec, p.Spec.NamespaceSelector, null),
        KubernetesNetworkPolicy p => $"{p.Spec.PodSelector?.ToSelectorText() ?? "all()"} in namespace {p.Namespace}",
        StagedKubernetesNetworkPolicy p => $"{p.Spec.PodSelector?.ToSelectorText() ?? "all()"} in namespace {p.Namespace}",
        ClusterNetworkPolicy { Spec.Subject: { } subject } => ClusterRules.TextsOf(subject) is var (namespaces, pods) ? $"{pods} in namespaces {namespaces}" : null,
        _ => null,
    };

    private static string Of(NetworkPolicySpec spec, string? namespaces, string? ns)
    {
        string text = spec.Selector is { Length: > 0 } selector ? selector : "all()";
        if (spec.ServiceAccountSelector is { Length: > 0 } accounts) text += $" with service accounts {accounts}";
        if (ns is not null) text += $" in namespace {ns}";
        else if (namespaces is { Length: > 0 }) text += $" in namespaces {namespaces}";
        return text;
    }
}
