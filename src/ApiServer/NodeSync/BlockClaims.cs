using System.Text.Json;
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
/// POST /nodesync/v1/nodes/NODE/blocks: plans which block the node should get, and creates it. Creating is the compare-and-swap: who comes
/// second gets the next candidate. A claim whose answer is lost is no leak: the block is in the node's view.
/// </summary>
internal sealed class BlockClaims(ObjectRegistry registry)
{
    /// <summary>Candidates tried before planning anew from what others have taken meanwhile.</summary>
    private const int TriesPerPlan = 32;

    private const int Plans = 4;

    private readonly AddressClaims _addresses = new(registry);

    public async Task<Status?> HandleAsync(HttpContext http, string node)
    {
        Outcome<RequestBody> body = await RequestBody.ReadAsync(http).ConfigureAwait(false);
        if (body.IsRefused(out Status refusal)) return refusal;
        BlockClaimRequest request;
        try
        {
            request = JsonSerializer.Deserialize(body.Value!.Bytes, ApiJsonContext.Default.BlockClaimRequest) ?? throw new JsonException("the body is null");
        }
        catch (JsonException e)
        {
            return Statuses.BadRequest($"the body is no BlockClaimRequest: {e.Message}");
        }
        if (request.IpVersion is not (4 or 6)) return Statuses.BadRequest($"ipVersion: must be 4 or 6, not {request.IpVersion}");
        Outcome<BlockClaimReply> reply = await ClaimAsync(node, request, http.RequestAborted).ConfigureAwait(false);
        if (reply.IsRefused(out refusal)) return refusal;
        await Replies.BytesAsync(http, 200, JsonSerializer.SerializeToUtf8Bytes(reply.Value!, ApiJsonContext.Default.BlockClaimReply)).ConfigureAwait(false);
        return null;
    }

    public async Task<Outcome<BlockClaimReply>> ClaimAsync(string node, BlockClaimRequest request, CancellationToken cancel)
    {
        for (int plan = 0; plan < Plans; plan++)
        {
            if (registry.Get(ResourceKinds.Node, null, node)?.Resource is not Node owner) return new BlockClaimReply { Refusal = $"there is no Node \"{node}\"; its agent registers it when it starts" };
            if (request.Address is not null) return await _addresses.ClaimAsync(owner, request, cancel).ConfigureAwait(false);
            BlockPlan candidates = Plan(owner, request);
            if (candidates.Refusal is { } none) return new BlockClaimReply { Refusal = none };
            foreach (BlockCandidate candidate in candidates.Candidates.Take(TriesPerPlan))
            {
                Outcome<Resource> created = await registry.CreateAsync(ResourceKinds.IPAMBlock, Block(node, request.Network, candidate), dryRun: false, cancel).ConfigureAwait(false);
                if (created.Refusal is null)
                {
                    return new BlockClaimReply { Block = new BlockView { Network = request.Network, Cidr = candidate.Block.ToString(), Pool = candidate.Pool } };
                }
                if (created.Refusal.Code is not (409 or 422)) return created.Refusal;
            }
        }
        return new BlockClaimReply { Refusal = $"other nodes took every block that was tried for node {node}; try again" };
    }

    private BlockPlan Plan(Node owner, BlockClaimRequest request)
    {
        StoreSnapshot state = registry.Store.Current;
        BlockRequest wanted = new()
        {
            Node = owner.Name,
            NodeLabels = owner.Metadata.Labels,
            Network = new NetworkName(request.Network),
            IsIPv6 = request.IpVersion == 6,
            Pools = request.Pools,
        };
        IEnumerable<IPPool> pools = All<IPPool>(state, ResourceKinds.IPPool);
        AddressRange[] reserved = [];
        if (!wanted.Network.IsDefault)
        {
            if (NetworkRules.Find(state, request.Network) is not { } network) return new BlockPlan { Refusal = NetworkRules.Missing(request.Network) };
            pools = NetworkPools.Of(network);
            reserved = [.. NetworkPools.ReservedIn(network)];
        }
        IEnumerable<IpPrefix> taken = All<IPAMBlock>(state, ResourceKinds.IPAMBlock)
            .Where(b => (b.Spec.Network ?? "default") == request.Network && b.Spec.Cidr is not null)
            .Select(b => IpPrefix.Parse(b.Spec.Cidr!));
        return BlockPlanner.Plan(wanted, pools, taken, reserved);
    }

    private static IEnumerable<T> All<T>(StoreSnapshot state, ResourceKind kind) where T : Resource =>
        state.List(ObjectKeys.Prefix(kind)).Select(v => (T)StoredObject.Of(kind, v).Resource);

    private static IPAMBlock Block(string node, string network, BlockCandidate candidate) => new()
    {
        Metadata = new ObjectMeta { Name = IPAMBlock.NameOf(network, candidate.Block.ToString()) },
        Spec = new IPAMBlockSpec { Cidr = candidate.Block.ToString(), Network = network, Pool = candidate.Pool, Affinity = $"host:{node}" },
    };
}
