using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>
/// Pools never overlap (Calico accepts an overlapping pool and only marks it in its status), keep their range for life, and stay while blocks of them are owned.
/// </summary>
internal static class PoolRules
{
    private static readonly string Pools = ObjectKeys.Prefix(ResourceKinds.IPPool);
    private static readonly string Blocks = ObjectKeys.Prefix(ResourceKinds.IPAMBlock);

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is null) return CheckDeletion(request, effects);
        // That cidr and blockSize never change is a rule of validation; so an update cannot begin to overlap.
        return request.Before is null ? CheckOverlap(request, (IPPool)request.After, effects) : null;
    }

    private static Status? CheckOverlap(AdmissionRequest request, IPPool pool, AdmissionEffects effects)
    {
        if (!IpPrefix.TryParse(pool.Spec.Cidr, null, out IpPrefix cidr)) return null;
        List<StatusCause> causes = [];
        foreach (IPPool other in request.All<IPPool>(ResourceKinds.IPPool))
        {
            if (other.Name == pool.Name || !IpPrefix.TryParse(other.Spec.Cidr, null, out IpPrefix taken) || !taken.Overlaps(cidr)) continue;
            causes.Add(new StatusCause
            {
                Reason = "FieldValueInvalid",
                Field = "spec.cidr",
                Message = $"{cidr} overlaps {taken} of IPPool \"{other.Name}\"; choose a range that is free, or delete that pool first",
            });
        }
        if (causes.Count > 0) return Statuses.Invalid(request.Kind, pool.Name, causes);
        effects.Guards.Add(StoreGuard.Unchanged(Pools, request.State.Revision));
        return null;
    }

    private static Status? CheckDeletion(AdmissionRequest request, AdmissionEffects effects)
    {
        List<IPAMBlock> owned = [.. request.All<IPAMBlock>(ResourceKinds.IPAMBlock).Where(b => b.Spec.Pool == request.Name)];
        if (owned.Count > 0)
        {
            string owners = string.Join(", ", owned.Select(b => b.Spec.Affinity ?? "nobody").Distinct().Order(StringComparer.Ordinal).Take(5));
            return Statuses.Conflict(request.Kind, request.Name, $"{owned.Count} block(s) of it are in use by {owners}; " +
                $"set spec.disabled to true, move the workloads, and delete it when no block is left (kubectl get ipamblocks)");
        }
        effects.Guards.Add(StoreGuard.Unchanged(Blocks, request.State.Revision));
        IPPool pool = (IPPool)request.Before!;
        if ((pool.Spec.AllowedUses ?? []).Contains(FloatingIPSpec.PoolUse) && IpPrefix.TryParse(pool.Spec.Cidr, null, out IpPrefix cidr))
            return FloatingRules.InUse(request, effects, f => InetAddress.TryParse(f.Spec.Address, null, out InetAddress address) && cidr.Contains(address));
        return null;
    }
}
