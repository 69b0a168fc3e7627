using System.Text;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>
/// No two endpoints of one network have the same address. Each address is a key of its own, written and removed in the transaction that
/// writes the endpoint: the store itself refuses the second one.
/// </summary>
internal static class AddressRules
{
    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        HashSet<string> before = Keys(request.Before), after = Keys(request.After);
        List<StatusCause> causes = [];
        string owner = request.After is null ? "" : $"{request.After.Namespace}/{request.After.Name}";
        foreach (string key in after.Except(before))
        {
            if (request.State.Get(key) is { } taken) causes.Add(Taken(key, taken));
            else effects.Writes.Add(StoreWrite.Create(key, Encoding.UTF8.GetBytes(owner)));
        }
        foreach (string key in before.Except(after))
        {
            if (request.State.Get(key) is { } freed) effects.Writes.Add(StoreWrite.Delete(key, freed.ModRevision));
        }
        return causes.Count == 0 ? null : Statuses.Invalid(request.Kind, request.Name, causes) with { Code = 409, Reason = "Conflict" };
    }

    private static StatusCause Taken(string key, StoredValue taken) => new()
    {
        Reason = "FieldValueDuplicate",
        Field = "spec.ipNetworks",
        Message = $"address {key[(key.LastIndexOf('/') + 1)..]} is in use by WorkloadEndpoint {Encoding.UTF8.GetString(taken.Value.Span)} of the same network",
    };

    private static HashSet<string> Keys(Resource? resource)
    {
        HashSet<string> keys = new(StringComparer.Ordinal);
        if (resource is not WorkloadEndpoint endpoint) return keys;
        foreach (string net in endpoint.Spec.IpNetworks ?? [])
        {
            if (IpPrefix.TryParse(net, null, out IpPrefix prefix)) keys.Add(ObjectKeys.Address(endpoint.Spec.Network ?? "default", prefix.Address.ToString()));
        }
        return keys;
    }
}
