using Margay.Api.Resources;

namespace Margay.CalcGraph.Explain;

/// <summary>What would be if staged policies were real.</summary>
public static class StagedChange
{
    /// <summary>
    /// Each staged policy with the action Set in the place of the real one of its namespace and name, each with Delete taken as the removal of that; no staged policy is left.
    /// </summary>
    public static IReadOnlyList<Resource> Enforce(IEnumerable<Resource> resources)
    {
        List<Resource> kept = [], made = [];
        HashSet<(Type, string?, string)> replaced = [];
        foreach (Resource resource in resources)
        {
            if (Read(resource) is not { } change)
            {
                kept.Add(resource);
                continue;
            }
            if (change.Action is StagedAction.Learn or StagedAction.Ignore) continue;
            replaced.Add((change.Real.GetType(), resource.Namespace, resource.Name));
            if (change.Action == StagedAction.Set) made.Add(change.Real);
        }
        return [.. kept.Where(r => !replaced.Contains((r.GetType(), r.Namespace, r.Name))), .. made];
    }

    private static (StagedAction Action, Resource Real)? Read(Resource resource) => resource switch
    {
        StagedNetworkPolicy p => (p.Spec.StagedAction ?? StagedAction.Set, Like(p, new NetworkPolicy { Spec = p.Spec }, ResourceKinds.NetworkPolicy)),
        StagedGlobalNetworkPolicy p => (p.Spec.StagedAction ?? StagedAction.Set, Like(p, new GlobalNetworkPolicy { Spec = p.Spec }, ResourceKinds.GlobalNetworkPolicy)),
        StagedKubernetesNetworkPolicy p => (p.Spec.StagedAction ?? StagedAction.Set, Like(p, new KubernetesNetworkPolicy { Spec = p.Spec }, ResourceKinds.KubernetesNetworkPolicy)),
        _ => null,
    };

    private static Resource Like(Resource staged, Resource real, ResourceKind kind) => real with { ApiVersion = kind.ApiVersion, Kind = kind.Kind, Metadata = staged.Metadata };
}
