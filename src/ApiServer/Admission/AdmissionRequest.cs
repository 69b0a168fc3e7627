using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>A change that is about to be written, seen beside everything else there is at one revision.</summary>
/// <param name="Before">Null when it is a creation.</param>
/// <param name="After">Null when it is a deletion; otherwise valid by itself.</param>
internal sealed record AdmissionRequest(ResourceKind Kind, Resource? Before, Resource? After, StoreSnapshot State)
{
    public string Name => (After ?? Before)!.Name;

    public IEnumerable<T> All<T>(ResourceKind kind, string? @namespace = null) where T : Resource =>
        State.List(ObjectKeys.Prefix(kind, @namespace)).Select(v => (T)StoredObject.Of(kind, v).Resource);
}

/// <summary>What admission adds to a write: more keys, and conditions under which its reading of the state still holds.</summary>
internal sealed class AdmissionEffects
{
    public List<StoreWrite> Writes { get; } = [];
    public List<StoreGuard> Guards { get; } = [];
}
