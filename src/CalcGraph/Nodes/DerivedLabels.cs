using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Labels that a thing has because of where it is: namespace selectors and service account matches are rewritten to these (Calico's internal names). They come
/// from the system alone, so a workload cannot claim to be in another namespace by labelling itself.
/// </summary>
internal static class DerivedLabels
{
    /// <summary>Before each label of the namespace.</summary>
    public const string NamespacePrefix = "pcns.";

    /// <summary>Before each label of the service account.</summary>
    public const string ServiceAccountPrefix = "pcsa.";

    public const string ServiceAccount = "projectcalico.org/serviceaccount";

    /// <summary>Who runs a workload ("k8s", "cni", …). Nothing but workloads has it.</summary>
    public const string Orchestrator = "projectcalico.org/orchestrator";

    /// <summary>The service, as NAMESPACE/NAME, of what stands for one. No user can write this key, in a label or in a selector.</summary>
    public const string Service = "service:";

    public static bool IsReserved(string key) =>
        key is Selector.NamespaceLabel or ServiceAccount or Orchestrator or Service || key.StartsWith(NamespacePrefix, StringComparison.Ordinal);

    public static IEnumerable<(string Key, string Value)> Of(LabelClass c, IReadOnlyDictionary<string, string>? namespaceLabels)
    {
        if (c.Service is { } service) yield return (Service, service);
        if (c.Orchestrator is { } orchestrator) yield return (Orchestrator, orchestrator);
        if (c.ServiceAccount is { } account) yield return (ServiceAccount, account);
        if (c.Namespace is not { } ns) yield break;
        yield return (Selector.NamespaceLabel, ns);
        yield return (NamespacePrefix + "projectcalico.org/name", ns);
        yield return (NamespacePrefix + "kubernetes.io/metadata.name", ns);
        foreach ((string key, string value) in namespaceLabels ?? new Dictionary<string, string>()) yield return (NamespacePrefix + key, value);
    }
}
