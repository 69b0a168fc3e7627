using Margay.Api.Resources;
using Margay.Store;

namespace Margay.ApiServer.Admission;

// The rules that need more than the object itself. What one object can say about itself is checked before (Api/Validation).
//
// A rule reads a snapshot, and either refuses or adds to the transaction what makes its reading hold at the moment of the write: a
// guard ("no pool was added since") or a key that can exist once (an address). So rules hold under concurrent writers, and with
// several servers, without a lock; a guard that fails makes the write start again from a newer snapshot.

/// <summary>All rules, by kind.</summary>
internal static class AdmissionRules
{
    /// <summary>Fills in what the server decides.</summary>
    public static Resource Complete(Resource? before, Resource after, StoreSnapshot state) => after switch
    {
        VirtualNetwork => NetworkRules.Complete(before, after, state),
        FloatingIP => FloatingRules.Complete(before, after, state),
        _ => after,
    };

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects) =>
        NamespaceRules.CheckScope(request, effects) ?? (request.Kind.Kind switch
        {
            "Namespace" => NamespaceRules.Check(request, effects),
            "IPPool" => PoolRules.Check(request, effects),
            "IPAMBlock" => BlockRules.Check(request, effects),
            "WorkloadEndpoint" => NetworkRules.CheckEndpoint(request, effects) ?? AddressRules.Check(request, effects),
            "VirtualNetwork" => NetworkRules.Check(request, effects),
            "FloatingIP" => FloatingRules.Check(request, effects),
            "Node" => NodeRules.Check(request, effects),
            "Tier" => TierRules.Check(request, effects),
            "Profile" => ProfileRules.Check(request),
            _ => null,
        });
}
