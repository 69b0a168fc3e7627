using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>A block's name is its range, so that it exists once; it lies in a pool that exists, and goes only when no endpoint has an address in it.</summary>
internal static class BlockRules
{
    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is null) return CheckDeletion(request, (IPAMBlock)request.Before!);
        IPAMBlock block = (IPAMBlock)request.After;
        if (!IpPrefix.TryParse(block.Spec.Cidr, null, out IpPrefix cidr)) return Statuses.Invalid(request.Kind, block.Name, "spec.cidr", "is not a prefix");
        string name = IPAMBlock.NameOf(block.Spec.Network, cidr.ToString());
        if (block.Name != name)
        {
            return Statuses.Invalid(request.Kind, block.Name, "metadata.name", $"must be {name}, made from spec.cidr, so that a block exists once");
        }
        if (request.Before is not null) return null;
        return CheckOwner(request, block, effects)
            ?? (new NetworkName(block.Spec.Network ?? "default").IsDefault ? CheckPool(request, block, cidr, effects) : NetworkRules.CheckBlock(request, block, cidr, effects));
    }

    private static Status? CheckOwner(AdmissionRequest request, IPAMBlock block, AdmissionEffects effects)
    {
        if (block.Spec.Affinity is not { } affinity) return null;
        if (!affinity.StartsWith("host:", StringComparison.Ordinal)) return Statuses.Invalid(request.Kind, block.Name, "spec.affinity", $"\"{affinity}\" is not host:NODE");
        string node = ObjectKeys.Of(ResourceKinds.Node, null, affinity["host:".Length..]);
        if (request.State.Get(node) is null) return Statuses.Invalid(request.Kind, block.Name, "spec.affinity", $"there is no Node \"{affinity["host:".Length..]}\"");
        effects.Guards.Add(StoreGuard.Exists(node));
        return null;
    }

    private static Status? CheckPool(AdmissionRequest request, IPAMBlock block, IpPrefix cidr, AdmissionEffects effects)
    {
        string key = ObjectKeys.Of(ResourceKinds.IPPool, null, block.Spec.Pool ?? "");
        if (request.State.Get(key) is not { } stored) return Statuses.Invalid(request.Kind, block.Name, "spec.pool", $"there is no IPPool \"{block.Spec.Pool}\"");
        IPPool pool = (IPPool)StoredObject.Of(ResourceKinds.IPPool, stored).Resource;
        if (!IpPrefix.TryParse(pool.Spec.Cidr, null, out IpPrefix range) || !range.Contains(cidr) || cidr.Length != pool.Spec.BlockSize)
        {
            return Statuses.Invalid(request.Kind, block.Name, "spec.cidr", $"{cidr} is no /{pool.Spec.BlockSize} block of IPPool \"{pool.Name}\" ({pool.Spec.Cidr})");
        }
        // Pool deletion guards on blocks, block creation on the pool: whichever commits first, the other sees it.
        effects.Guards.Add(StoreGuard.Exists(key));
        return null;
    }

    private static Status? CheckDeletion(AdmissionRequest request, IPAMBlock block)
    {
        if (!IpPrefix.TryParse(block.Spec.Cidr, null, out IpPrefix cidr)) return null;
        string network = block.Spec.Network ?? "default";
        foreach (StoredValue address in request.State.List(ObjectKeys.Address(network, "")))
        {
            string text = address.Key[ObjectKeys.Address(network, "").Length..];
            if (!InetAddress.TryParse(text, null, out InetAddress used) || !cidr.Contains(used)) continue;
            string owner = System.Text.Encoding.UTF8.GetString(address.Value.Span);
            return Statuses.Conflict(request.Kind, block.Name, $"address {text} of it is in use by WorkloadEndpoint {owner}; detach that workload first");
        }
        return null;
    }
}
