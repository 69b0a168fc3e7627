using System.Text;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>A floating address is of a pool that is for such, given or chosen here, and stands for one address of a network only. The pools are the operator's: no tenant takes an address that was not set aside.</summary>
internal static class FloatingRules
{
    /// <summary>How far into a pool a free address is looked for.</summary>
    private const int MostTried = 1 << 16;

    private static readonly string s_pools = ObjectKeys.Prefix(ResourceKinds.IPPool), s_all = ObjectKeys.Prefix(ResourceKinds.FloatingIP);

    /// <summary>Fills in the address. Choosing is no claim: the key that <see cref="Check"/> adds is, and a lost race chooses again.</summary>
    public static Resource Complete(Resource? before, Resource after, StoreSnapshot state)
    {
        if (after is not FloatingIP { Spec.Address: null } floating) return after;
        return floating with { Spec = floating.Spec with { Address = (before as FloatingIP)?.Spec.Address ?? FirstFree(floating.Spec, state)?.ToString() } };
    }

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is null)
        {
            AddRemoval(request, (FloatingIP)request.Before!, effects);
            return null;
        }
        if (request.Before is not null) return null;
        FloatingIP floating = (FloatingIP)request.After;
        string network = VirtualNetwork.FullNameOf(floating.Namespace ?? "default", floating.Spec.Network ?? "");
        if (NetworkRules.Find(request.State, network) is null) return Statuses.Invalid(request.Kind, floating.Name, "spec.network", NetworkRules.Missing(network));
        effects.Guards.Add(StoreGuard.Exists(ObjectKeys.Of(ResourceKinds.VirtualNetwork, floating.Namespace, floating.Spec.Network!)));
        IPPool[] pools = [.. PoolsFor(floating.Spec, request.State)];
        if (pools.Length == 0) return Statuses.Invalid(request.Kind, floating.Name, "spec.pool", floating.Spec.Pool is { } named
            ? $"there is no IPPool {named} for floating addresses of this family that is enabled; ask the operator for one with allowedUses: [{FloatingIPSpec.PoolUse}]"
            : $"there is no IPPool for floating addresses of this family; ask the operator for one with allowedUses: [{FloatingIPSpec.PoolUse}]");
        if (floating.Spec.Address is not { } text) return Statuses.Invalid(request.Kind, floating.Name, "spec.address", $"every address of {string.Join(", ", pools.Select(p => p.Spec.Cidr))} is taken; delete a FloatingIP that is not needed");
        InetAddress address = InetAddress.Parse(text);
        if (!pools.Any(p => IpPrefix.Parse(p.Spec.Cidr!).Contains(address)))
            return Statuses.Invalid(request.Kind, floating.Name, "spec.address", $"{address} is of no IPPool for floating addresses; take one of {string.Join(", ", pools.Select(p => p.Spec.Cidr))}, or leave it out and the server chooses");
        string key = ObjectKeys.Floating(text);
        if (request.State.Get(key) is { } taken) return Statuses.Conflict(request.Kind, floating.Name, $"{address} is that of FloatingIP {Encoding.UTF8.GetString(taken.Value.Span)}: choose another, or leave it out and the server chooses");
        effects.Writes.Add(StoreWrite.Create(key, Encoding.UTF8.GetBytes($"{floating.Namespace}/{floating.Name}")));
        // A pool's deletion guards on these, this on the pools.
        effects.Guards.Add(StoreGuard.Unchanged(s_pools, request.State.Revision));
        return null;
    }

    /// <summary>The claim of the address goes with it.</summary>
    public static void AddRemoval(AdmissionRequest request, FloatingIP floating, AdmissionEffects effects)
    {
        if (floating.Spec.Address is { } address && request.State.Get(ObjectKeys.Floating(address)) is { } claim) effects.Writes.Add(StoreWrite.Delete(claim.Key, claim.ModRevision));
    }

    /// <summary>Why a pool or a network cannot go, or null: floating addresses of it are there.</summary>
    public static Status? InUse(AdmissionRequest request, AdmissionEffects effects, Func<FloatingIP, bool> isOfIt)
    {
        FloatingIP[] inUse = [.. request.All<FloatingIP>(ResourceKinds.FloatingIP).Where(isOfIt)];
        if (inUse.Length > 0) return Statuses.Conflict(request.Kind, request.Name, $"{inUse.Length} floating address(es) of it are there ({string.Join(", ", inUse.Take(3).Select(f => $"{f.Namespace}/{f.Name}"))}); delete these first");
        effects.Guards.Add(StoreGuard.Unchanged(s_all, request.State.Revision));
        return null;
    }

    private static IEnumerable<IPPool> PoolsFor(FloatingIPSpec spec, StoreSnapshot state)
    {
        bool v6 = InetAddress.TryParse(spec.Target, null, out InetAddress target) && target.IsIPv6;
        return state.List(s_pools).Select(v => (IPPool)StoredObject.Of(ResourceKinds.IPPool, v).Resource)
            .Where(p => p.Spec.Disabled != true && (p.Spec.AllowedUses ?? []).Contains(FloatingIPSpec.PoolUse) && (spec.Pool is null || p.Name == spec.Pool)
                && IpPrefix.TryParse(p.Spec.Cidr, null, out IpPrefix cidr) && cidr.IsIPv6 == v6)
            .OrderBy(p => p.Name, StringComparer.Ordinal);
    }

    private static InetAddress? FirstFree(FloatingIPSpec spec, StoreSnapshot state)
    {
        foreach (IpPrefix range in PoolsFor(spec, state).Select(p => IpPrefix.Parse(p.Spec.Cidr!)))
        {
            InetAddress address = range.Address;
            for (int tried = 0; tried < MostTried; tried++, address = address.Add(1))
            {
                if (state.Get(ObjectKeys.Floating(address.ToString())) is null) return address;
                if (address == range.Last) break;
            }
        }
        return null;
    }
}
