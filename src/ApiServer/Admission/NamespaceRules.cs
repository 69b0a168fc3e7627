using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>
/// A namespaced object needs its namespace. A namespace goes together with everything in it, in one transaction, except while it holds
/// workload endpoints: deleting their records would not stop the workloads, only cut them off.
/// </summary>
internal static class NamespaceRules
{
    public const string Default = "default";

    public static Status? CheckScope(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.Before is not null || request.After is not { Namespace: { } name }) return null;
        string key = ObjectKeys.Of(ResourceKinds.Namespace, null, name);
        if (request.State.Get(key) is null)
        {
            Status status = Statuses.NotFound(ResourceKinds.Namespace, name);
            return status with { Message = $"{status.Message}; create it first: kubectl create namespace {name}" };
        }
        effects.Guards.Add(StoreGuard.Exists(key));
        return null;
    }

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is not null) return null;
        string name = request.Name;
        if (name == Default) return Statuses.Forbidden(request.Kind, name, "the default namespace always exists");
        int endpoints = request.State.CountOf(ObjectKeys.Prefix(ResourceKinds.WorkloadEndpoint, name));
        if (endpoints > 0)
        {
            return Statuses.Conflict(request.Kind, name, $"it holds {endpoints} workload endpoint(s); stop these workloads first (kubectl get workloadendpoints -n {name})");
        }
        foreach (ResourceKind kind in ResourceKinds.All.Where(k => k.Namespaced))
        {
            string prefix = ObjectKeys.Prefix(kind, name);
            effects.Guards.Add(StoreGuard.Unchanged(prefix, request.State.Revision));
            effects.Writes.AddRange(request.State.List(prefix).Select(v => StoreWrite.Delete(v.Key, v.ModRevision)));
        }
        foreach (VirtualNetwork network in request.All<VirtualNetwork>(ResourceKinds.VirtualNetwork, name)) NetworkRules.AddRemoval(request, network, effects);
        foreach (FloatingIP floating in request.All<FloatingIP>(ResourceKinds.FloatingIP, name)) FloatingRules.AddRemoval(request, floating, effects);
        if (effects.Writes.Count < StoreTransaction.MaxWrites) return null;
        return Statuses.Conflict(request.Kind, name, $"it holds {effects.Writes.Count} objects, more than are deleted at once; delete its network policies and sets first");
    }
}
