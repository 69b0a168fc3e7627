using System.Text;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.ApiServer.Admission;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.Core.Net;
using Margay.Ipam;
using Margay.Store;

namespace Margay.ApiServer.NodeSync;

/// <summary>
/// Gives one address (<see cref="MovableAddress"/>) to the node that asks, as a block of its own: a new one, or the one of the node that had it when no endpoint has the address any more. Each change of hands raises the
/// block's sequence, by which the routes of the new host outrank what is left of the old one's (RFC 7432 §7.7).
/// </summary>
internal sealed class AddressClaims(ObjectRegistry registry)
{
    public async Task<Outcome<BlockClaimReply>> ClaimAsync(Node owner, BlockClaimRequest request, CancellationToken cancel)
    {
        if (!InetAddress.TryParse(request.Address, out InetAddress address)) return Statuses.BadRequest($"address: \"{request.Address}\" is no IP address");
        StoreSnapshot state = registry.Store.Current;
        NetworkName network = new(request.Network);
        if (network.IsDefault) return Refused($"{address} is in no block of this node, and addresses move in virtual networks only");
        if (NetworkRules.Find(state, request.Network) is not { } found) return Refused(NetworkRules.Missing(request.Network));
        if (MovableAddress.Refuse(address, network, NetworkPools.Of(found), NetworkPools.ReservedIn(found), out IPPool? pool) is { } refusal) return Refused(refusal);
        string cidr = IpPrefix.Host(address).ToString(), name = IPAMBlock.NameOf(request.Network, cidr), affinity = $"host:{owner.Name}";
        if (registry.Get(ResourceKinds.IPAMBlock, null, name) is null)
        {
            IPAMBlock block = new() { Metadata = new ObjectMeta { Name = name }, Spec = new IPAMBlockSpec { Cidr = cidr, Network = request.Network, Pool = pool!.Name, Affinity = affinity } };
            Outcome<Resource> created = await registry.CreateAsync(ResourceKinds.IPAMBlock, block, dryRun: false, cancel).ConfigureAwait(false);
            return created.IsRefused(out Status status) ? status : Given(created.Value!);
        }
        Outcome<Resource> moved = await registry.UpdateAsync(ResourceKinds.IPAMBlock, null, name, dryRun: false, before =>
        {
            IPAMBlock block = (IPAMBlock)before;
            if (block.Spec.Affinity == affinity) return block;
            if (registry.Store.Current.Get(ObjectKeys.Address(request.Network, address.ToString())) is { } user)
                return Statuses.Conflict(ResourceKinds.IPAMBlock, name, $"{address} is in use by WorkloadEndpoint {Encoding.UTF8.GetString(user.Value.Span)} on {block.Spec.Affinity}; detach that workload first, or delete the object if its host is gone for good");
            return block with { Spec = block.Spec with { Affinity = affinity, Sequence = (block.Spec.Sequence ?? 0) + 1 } };
        }, cancel).ConfigureAwait(false);
        if (moved.IsRefused(out Status refused)) return refused.Code == 409 ? Refused(refused.Message ?? "it changed hands meanwhile") : refused;
        return Given(moved.Value!);
    }

    private static BlockClaimReply Refused(string why) => new() { Refusal = why };

    private static BlockClaimReply Given(Resource block)
    {
        IPAMBlockSpec spec = ((IPAMBlock)block).Spec;
        return new() { Block = new BlockView { Network = spec.Network!, Cidr = spec.Cidr!, Pool = spec.Pool!, Sequence = spec.Sequence ?? 0 } };
    }
}
