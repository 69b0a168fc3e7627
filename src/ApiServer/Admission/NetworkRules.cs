using System.Text;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Ipam;
using Margay.Store;

namespace Margay.ApiServer.Admission;

/// <summary>
/// A virtual network has a VNI of its own, given or chosen here; what names a network names one that exists; a subnet in use stays; and a network
/// goes, with its blocks, when no endpoint is left in it.
/// </summary>
internal static class NetworkRules
{
    /// <summary>Chosen VNIs begin here: below is for networks that say which they want.</summary>
    private const int FirstChosenVni = 10_000;

    private const int LastVni = (1 << 24) - 1;

    /// <summary>Fills in what the server decides. Choosing is no claim: the key that <see cref="Check"/> adds is, and a lost race chooses again.</summary>
    public static Resource Complete(Resource? before, Resource after, StoreSnapshot state)
    {
        if (after is not VirtualNetwork { Spec.Vni: null } network) return after;
        int? vni = (before as VirtualNetwork)?.Spec.Vni ?? FirstFree(state);
        return network with { Spec = network.Spec with { Vni = vni } };
    }

    public static Status? Check(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.After is null) return CheckDeletion(request, (VirtualNetwork)request.Before!, effects);
        VirtualNetwork network = (VirtualNetwork)request.After;
        if (request.Before is VirtualNetwork before) return CheckSubnets(request, before, network, effects);
        if (network.Spec.Vni is not { } vni) return Statuses.Invalid(request.Kind, network.Name, "spec.vni", "every VXLAN network identifier is in use");
        string key = ObjectKeys.Vni(vni);
        if (request.State.Get(key) is { } taken)
            return Statuses.Invalid(request.Kind, network.Name, "spec.vni", $"{vni} is that of network {Encoding.UTF8.GetString(taken.Value.Span)}: choose another, or leave it out and the server chooses");
        effects.Writes.Add(StoreWrite.Create(key, Encoding.UTF8.GetBytes(network.FullName)));
        return null;
    }

    /// <summary>An endpoint's network exists, at the moment of the write too.</summary>
    public static Status? CheckEndpoint(AdmissionRequest request, AdmissionEffects effects)
    {
        if (request.Before is not null || request.After is not WorkloadEndpoint { Spec.Network: { } name } endpoint || new NetworkName(name).IsDefault) return null;
        if (Find(request.State, name) is not { } network) return Statuses.Invalid(request.Kind, endpoint.Name, "spec.network", Missing(name));
        effects.Guards.Add(StoreGuard.Exists(KeyOf(name)!));
        return network.Spec.Limits?.Endpoints is { } most ? CheckLimit(request, endpoint, network, most, effects) : null;
    }

    /// <summary>Counted by whose the addresses are: these are keys of the network, endpoints are not.</summary>
    private static Status? CheckLimit(AdmissionRequest request, WorkloadEndpoint endpoint, VirtualNetwork network, int most, AdmissionEffects effects)
    {
        string addresses = ObjectKeys.Address(network.FullName, "");
        int there = request.State.List(addresses).Select(a => Encoding.UTF8.GetString(a.Value.Span)).Distinct().Count();
        if (there >= most)
            return Statuses.Forbidden(request.Kind, endpoint.Name, $"network {network.Namespace}/{network.Name} has {there} endpoints, and spec.limits.endpoints allows {most}; detach others, or ask who may change the network to raise it");
        // Whoever else counts at the same moment counts again.
        effects.Guards.Add(StoreGuard.Unchanged(addresses, request.State.Revision));
        return null;
    }

    /// <summary>A block of a network lies in a subnet of it.</summary>
    public static Status? CheckBlock(AdmissionRequest request, IPAMBlock block, IpPrefix cidr, AdmissionEffects effects)
    {
        string name = block.Spec.Network!;
        if (Find(request.State, name) is not { } network) return Statuses.Invalid(request.Kind, block.Name, "spec.network", Missing(name));
        bool single = cidr == IpPrefix.Host(cidr.Address);
        if (!Contains(network, cidr) && !(single && MovableAddress.Refuse(cidr.Address, new NetworkName(name), NetworkPools.Of(network), NetworkPools.ReservedIn(network), out _) is null)) return Statuses.Invalid(request.Kind, block.Name, "spec.cidr", $"{cidr} is no block of a subnet of network {name}");
        // The network's deletion guards on blocks, this on the network.
        effects.Guards.Add(StoreGuard.Exists(KeyOf(name)!));
        return null;
    }

    public static VirtualNetwork? Find(StoreSnapshot state, string fullName) =>
        KeyOf(fullName) is { } key && state.Get(key) is { } stored ? (VirtualNetwork)StoredObject.Of(ResourceKinds.VirtualNetwork, stored).Resource : null;

    public static string Missing(string fullName) => $"there is no VirtualNetwork {fullName.Replace('.', '/')}; create it first, or name another (kubectl get virtualnetworks -A)";

    private static string? KeyOf(string fullName)
    {
        string[] parts = fullName.Split('.');
        return parts.Length == 2 ? ObjectKeys.Of(ResourceKinds.VirtualNetwork, parts[0], parts[1]) : null;
    }

    private static Status? CheckSubnets(AdmissionRequest request, VirtualNetwork before, VirtualNetwork after, AdmissionEffects effects)
    {
        if ((before.Spec.Subnets ?? []).SequenceEqual(after.Spec.Subnets ?? [])) return null;
        foreach (IPAMBlock block in BlocksOf(request, before.FullName))
        {
            if (IpPrefix.TryParse(block.Spec.Cidr, null, out IpPrefix cidr) && Contains(before, cidr) && !Contains(after, cidr))
                return Statuses.Invalid(request.Kind, after.Name, "spec.subnets", $"block {cidr} of {block.Spec.Affinity} lies in a subnet that would go or get another blockSize; move its workloads and delete the IPAMBlock {block.Name} first");
        }
        effects.Guards.Add(StoreGuard.Unchanged(ObjectKeys.Prefix(ResourceKinds.IPAMBlock), request.State.Revision));
        return null;
    }

    private static Status? CheckDeletion(AdmissionRequest request, VirtualNetwork network, AdmissionEffects effects)
    {
        string addresses = ObjectKeys.Address(network.FullName, "");
        int endpoints = request.State.CountOf(addresses);
        if (endpoints > 0) return Statuses.Conflict(request.Kind, network.Name, $"{endpoints} address(es) of it are in use by workloads of namespace {network.Namespace}; detach these first");
        effects.Guards.Add(StoreGuard.Unchanged(addresses, request.State.Revision));
        if (FloatingRules.InUse(request, effects, f => f.Namespace == network.Namespace && f.Spec.Network == network.Name) is { } inUse) return inUse;
        AddRemoval(request, network, effects);
        return effects.Writes.Count < StoreTransaction.MaxWrites
            ? null
            : Statuses.Conflict(request.Kind, network.Name, $"{effects.Writes.Count} blocks of it are owned, more than are deleted at once; delete some of its IPAMBlocks first");
    }

    /// <summary>What goes together with a network that no endpoint is in: its blocks, its claim of the VNI.</summary>
    public static void AddRemoval(AdmissionRequest request, VirtualNetwork network, AdmissionEffects effects)
    {
        effects.Guards.Add(StoreGuard.Unchanged(ObjectKeys.Prefix(ResourceKinds.IPAMBlock), request.State.Revision));
        if (network.Spec.Vni is { } vni && request.State.Get(ObjectKeys.Vni(vni)) is { } claim) effects.Writes.Add(StoreWrite.Delete(claim.Key, claim.ModRevision));
        foreach (IPAMBlock block in BlocksOf(request, network.FullName))
        {
            string key = ObjectKeys.Of(ResourceKinds.IPAMBlock, null, block.Name);
            effects.Writes.Add(StoreWrite.Delete(key, request.State.Get(key)!.ModRevision));
        }
    }

    private static IEnumerable<IPAMBlock> BlocksOf(AdmissionRequest request, string network) =>
        request.All<IPAMBlock>(ResourceKinds.IPAMBlock).Where(b => b.Spec.Network == network);

    private static bool Contains(VirtualNetwork network, IpPrefix block) =>
        (network.Spec.Subnets ?? []).Any(s => s.BlockSize == block.Length && IpPrefix.TryParse(s.Cidr, null, out IpPrefix cidr) && cidr.Contains(block));

    private static int? FirstFree(StoreSnapshot state)
    {
        int next = FirstChosenVni;
        foreach (StoredValue claim in state.List(ObjectKeys.Vnis))
        {
            int vni = int.Parse(claim.Key.AsSpan(ObjectKeys.Vnis.Length), System.Globalization.CultureInfo.InvariantCulture);
            if (vni > next) break;
            if (vni == next) next++;
        }
        return next <= LastVni ? next : null;
    }
}
