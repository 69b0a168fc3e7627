using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>A node asks for one more block.</summary>
public sealed record BlockRequest
{
    public required string Node { get; init; }
    public IReadOnlyDictionary<string, string>? NodeLabels { get; init; }
    public NetworkName Network { get; init; }
    public bool IsIPv6 { get; init; }

    /// <summary>Names or CIDRs of the pools to choose from; null means every usable one. A pool with manual assignment is used only when named.</summary>
    public IReadOnlyList<string>? Pools { get; init; }
}

/// <summary>A block that is free as far as is known.</summary>
public readonly record struct BlockCandidate(IpPrefix Block, string Pool);

/// <summary>Candidates to try in order, each with a compare-and-swap at the store, or why there is none.</summary>
public sealed record BlockPlan
{
    /// <summary>Computed as it is walked: a pool may have 2^58 blocks.</summary>
    public IEnumerable<BlockCandidate> Candidates { get; init; } = [];

    /// <summary>In words, with the remedy; null when there is a candidate.</summary>
    public string? Refusal { get; init; }
}

/// <summary>
/// Which block a node should try to claim. Pools in the order of their names; within a pool each node walks the blocks in an order of its own
/// (seeded by its name), so that nodes that claim at the same moment seldom meet.
/// </summary>
public static class BlockPlanner
{
    /// <summary>Plans for one request.</summary>
    /// <param name="request">What the node asks.</param>
    /// <param name="pools">All pools of the network: IPPool objects for the default one, <see cref="NetworkPools"/> for others.</param>
    /// <param name="taken">Every block of the network that some node owns.</param>
    /// <param name="reserved">Ranges of the network; blocks that lie in them wholly are passed over.</param>
    public static BlockPlan Plan(BlockRequest request, IEnumerable<IPPool> pools, IEnumerable<IpPrefix> taken, IReadOnlyList<AddressRange>? reserved = null)
    {
        List<string> obstacles = [];
        List<(IPPool Pool, IpPrefix Cidr, int BlockSize, ReservedBlocks Reserved)> usable = [];
        foreach (IPPool pool in pools.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            if (!IpPrefix.TryParse(pool.Spec.Cidr, out IpPrefix cidr) || cidr.IsIPv6 != request.IsIPv6) continue;
            if (request.Pools is not null && !IsNamed(pool, request.Pools)) continue;
            if (WhyUnusable(pool, request) is { } obstacle) obstacles.Add($"pool {pool.Name} {obstacle}");
            else
            {
                int blockSize = pool.Spec.BlockSize ?? DefaultBlockSize(cidr.IsIPv6);
                usable.Add((pool, cidr, blockSize, new ReservedBlocks(cidr, blockSize, reserved ?? [])));
            }
        }

        BlockOccupancy occupancy = new(taken);
        for (int i = usable.Count - 1; i >= 0; i--)
        {
            (IPPool pool, IpPrefix cidr, int blockSize, ReservedBlocks kept) = usable[i];
            int used = occupancy.Count(cidr);
            if (occupancy.IsFull(cidr, blockSize, kept))
            {
                usable.RemoveAt(i);
                string also = kept.Count == 0 ? "" : $", {kept.Count} reserved";
                obstacles.Add(
                    $"pool {pool.Name} ({cidr}) is exhausted: all {UInt128.One << (blockSize - cidr.Length)} blocks of /{blockSize} are taken ({used} claimed{also}); "
                    + "add a pool or free blocks");
            }
        }
        if (usable.Count == 0) return new BlockPlan { Refusal = Refuse(request, obstacles) };
        return new BlockPlan { Candidates = Walk(request.Node, usable, occupancy) };
    }

    /// <summary>Whether a node may claim blocks from a pool for workloads on its own account (no request names the pool).</summary>
    public static bool IsUsable(IPPool pool, string node, IReadOnlyDictionary<string, string>? nodeLabels) =>
        WhyUnusable(pool, new BlockRequest { Node = node, NodeLabels = nodeLabels }) is null;

    public static int DefaultBlockSize(bool isIPv6) => isIPv6 ? 122 : 26;

    private static IEnumerable<BlockCandidate> Walk(string node, List<(IPPool Pool, IpPrefix Cidr, int BlockSize, ReservedBlocks Reserved)> pools, BlockOccupancy occupancy)
    {
        foreach ((IPPool pool, IpPrefix cidr, int blockSize, ReservedBlocks reserved) in pools)
        {
            // Numbers of those that are not reserved, so that a pool of which little is left is not searched for it; a power of two at least, of which at most half are none.
            UInt128 free = (UInt128.One << (blockSize - cidr.Length)) - reserved.Count;
            foreach (UInt128 index in Permutation(node, free <= 1 ? 0 : (int)UInt128.Log2(free - 1) + 1))
            {
                if (index >= free) continue;
                IpPrefix block = cidr.Subnet(blockSize, reserved.Free(index));
                if (!occupancy.Overlaps(block)) yield return new BlockCandidate(block, pool.Name);
            }
        }
    }

    /// <summary>
    /// Every number below 2^<paramref name="bits"/> once: a linear congruential generator of full period (odd increment, multiplier 1 modulo 4;
    /// Hull and Dobell) whose start and increment come from the node's name.
    /// </summary>
    private static IEnumerable<UInt128> Permutation(string node, int bits)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(node));
        UInt128 mask = (UInt128.One << bits) - 1;
        UInt128 multiplier = (new UInt128(0x2360_ED05_1FC6_5DA4, 0x4385_DF64_9FCC_F645) & ~(UInt128)3 | 1) & mask | 1;
        UInt128 increment = (BitConverter.ToUInt64(hash, 16) | 1) & mask;
        UInt128 start = new UInt128(BitConverter.ToUInt64(hash, 0), BitConverter.ToUInt64(hash, 8)) & mask;
        UInt128 x = start;
        do
        {
            yield return x;
            x = (x * multiplier + increment) & mask;
        }
        while (x != start);
    }

    private static string? WhyUnusable(IPPool pool, BlockRequest request)
    {
        IPPoolSpec spec = pool.Spec;
        if (spec.Disabled == true) return "is disabled";
        if (spec.AllowedUses is { Count: > 0 } uses && !uses.Contains("Workload")) return $"is for {string.Join(" and ", uses)} only, not for workloads";
        if (spec.AssignmentMode == "Manual" && request.Pools is null) return "is assigned manually: it must be asked for by name";
        if (!TryParse(spec.NodeSelector, out Selector? selector)) return $"has an invalid nodeSelector \"{spec.NodeSelector}\"";
        if (!selector.Matches(request.NodeLabels)) return $"is not for this node: its nodeSelector {selector} does not match node {request.Node}'s labels";
        // A block serves workloads of all namespaces, so a pool that is only for some must be chosen by whoever knows the namespace.
        if (!TryParse(spec.NamespaceSelector, out Selector? namespaces)) return $"has an invalid namespaceSelector \"{spec.NamespaceSelector}\"";
        if (namespaces.Root is not Expression.All && request.Pools is null) return "has a namespaceSelector: it must be asked for by name";
        return null;
    }

    private static bool TryParse(string? text, [NotNullWhen(true)] out Selector? selector) => Selector.TryParse(text, out selector);

    private static bool IsNamed(IPPool pool, IReadOnlyList<string> names) => names.Contains(pool.Name) || (pool.Spec.Cidr is { } cidr && names.Contains(cidr));

    private static string Refuse(BlockRequest request, List<string> obstacles)
    {
        string family = request.IsIPv6 ? "IPv6" : "IPv4";
        string asked = request.Pools is null ? "" : $" named {string.Join(" or ", request.Pools)}";
        return obstacles.Count == 0
            ? $"there is no {family} pool{asked} in network {request.Network}; {(request.Network.IsDefault ? "create an IPPool" : "add a subnet to the VirtualNetwork")}"
            : $"no {family} pool{asked} can give node {request.Node} a block: {string.Join("; ", obstacles)}";
    }
}
