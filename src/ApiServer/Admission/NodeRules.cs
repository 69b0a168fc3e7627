using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>A node stays while workloads are recorded on it. The blocks that it owns go with it.</summary>
internal static class NodeRules
{
    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is not null) return null;
        List<WorkloadEndpoint> hosted = [.. request.All<WorkloadEndpoint>(ResourceKinds.WorkloadEndpoint).Where(e => e.Spec.Node == request.Name)];
        if (hosted.Count > 0)
        {
            string some = string.Join(", ", hosted.Take(3).Select(e => $"{e.Namespace}/{e.Name}"));
            return Statuses.Conflict(request.Kind, request.Name, $"{hosted.Count} workload endpoint(s) run on it ({some}{(hosted.Count > 3 ? ", …" : "")}); " +
                "detach them, or delete their records if the host is gone (kubectl delete workloadendpoints)");
        }
        effects.Guards.Add(StoreGuard.Unchanged(ObjectKeys.Prefix(ResourceKinds.WorkloadEndpoint), request.State.Revision));
        effects.Guards.Add(StoreGuard.Unchanged(ObjectKeys.Prefix(ResourceKinds.IPAMBlock), request.State.Revision));
        foreach (StoredValue value in request.State.List(ObjectKeys.Prefix(ResourceKinds.IPAMBlock)))
        {
            IPAMBlock block = (IPAMBlock)StoredObject.Of(ResourceKinds.IPAMBlock, value).Resource;
            if (block.Spec.Affinity == $"host:{request.Name}") effects.Writes.Add(StoreWrite.Delete(value.Key, value.ModRevision));
        }
        return null;
    }
}
