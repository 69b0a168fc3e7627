using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>The addresses that this node gives: pools and blocks of the view, the allocator, and what is to be claimed. Owned by the <see cref="AttachMachine"/>.</summary>
internal sealed class AddressBook(BlockAllocator allocator, AddressBookOptions options)
{
    private IReadOnlyList<PoolView> _pools = [];

    // A block that the server gave by reply may be younger than the view that says what the node owns.
    private readonly HashSet<NetworkPrefix> _notSeenYet = [];

    // How often a block has changed hands, which only those of one address do.
    private readonly Dictionary<NetworkPrefix, long> _moves = [];

    public BlockAllocator Allocator => allocator;

    /// <summary>The virtual networks of the view.</summary>
    public IReadOnlyList<NetworkView> Networks { get; set; } = [];

    /// <summary>Whether the view has the network's ranges: always those of the default one, of another once this node has a block or an endpoint in it.</summary>
    public bool Knows(NetworkName network) => network.IsDefault || _pools.Any(p => p.Network == network.Value);

    public bool HasBlockOf(NetworkName network) => allocator.Blocks.Any(b => b.Network == network);

    /// <summary>MTU of workload links in a network.</summary>
    /// <param name="tunnel">What the underlay leaves.</param>
    public int? MtuOf(string network, int? tunnel) => Networks.FirstOrDefault(n => n.Name == network)?.Mtu ?? tunnel;

    /// <summary>The records that bring the allocator to the blocks of the view.</summary>
    public IEnumerable<IpamRecord> Plan(IReadOnlyList<PoolView> pools, IReadOnlyList<BlockView> blocks)
    {
        _pools = pools;
        allocator.SetReservations(pools.SelectMany(p => (p.Reserved ?? []).Select(text => (new NetworkName(p.Network), AddressRange.TryParse(text, out AddressRange range) ? range : (AddressRange?)null)))
            .Where(r => r.Item2 is not null).Select(r => (r.Item1, r.Item2!.Value)));
        Dictionary<NetworkPrefix, string> owned = [];
        foreach (BlockView block in blocks)
            if (IpPrefix.TryParse(block.Cidr, out IpPrefix prefix)) owned[new(new(block.Network), prefix)] = block.Pool;
        _notSeenYet.ExceptWith(owned.Keys);
        List<BlockUse> known = [.. allocator.Blocks];
        foreach ((NetworkPrefix block, string pool) in owned)
        {
            if (known.Any(b => b.Network == block.Network && b.Block != block.Prefix && b.Block.Overlaps(block.Prefix))) continue;
            if (allocator.PlanBlock(block.Network, block.Prefix, pool) is { } record) yield return record;
        }
        foreach (BlockUse block in known)
        {
            NetworkPrefix key = new(block.Network, block.Block);
            if (owned.ContainsKey(key) || _notSeenYet.Contains(key)) continue;
            if (allocator.PlanBlockLoss(block.Network, block.Block) is { } record) yield return record;
        }
    }

    /// <summary>How often blocks have changed hands.</summary>
    /// <returns>Whether anything is other than before.</returns>
    public bool LearnMoves(IReadOnlyList<BlockView> blocks)
    {
        Dictionary<NetworkPrefix, long> before = new(_moves);
        foreach (NetworkPrefix seen in before.Keys.Where(k => !_notSeenYet.Contains(k))) _moves.Remove(seen);
        foreach (BlockView block in blocks)
            if (block.Sequence > 0 && IpPrefix.TryParse(block.Cidr, out IpPrefix prefix)) _moves[new(new(block.Network), prefix)] = block.Sequence;
        return _moves.Count != before.Count || _moves.Any(m => before.GetValueOrDefault(m.Key) != m.Value);
    }

    /// <summary>The record by which a claimed block is ours.</summary>
    public IpamRecord? Plan(BlockView block)
    {
        NetworkPrefix key = new(new(block.Network), IpPrefix.Parse(block.Cidr));
        if (allocator.Blocks.Any(b => b.Network == key.Network && b.Block != key.Prefix && b.Block.Overlaps(key.Prefix))) return null;
        _notSeenYet.Add(key);
        if (block.Sequence > 0) _moves[key] = block.Sequence;
        return allocator.PlanBlock(key.Network, key.Prefix, block.Pool);
    }

    /// <summary>What to ask of the allocator for a request, or why nothing can be asked.</summary>
    public AgentError? Translate(AttachRequest request, AttachmentKey key, out AllocationRequest allocation)
    {
        NetworkName network = NetworkOf(request);
        allocation = new AllocationRequest { Handle = new(key.ContainerId, key.Interface), Network = network };
        List<string> faults = [];
        List<string> v4 = PoolNames(request.Ipv4Pools, network, false, "ipv4Pools", faults);
        List<string> v6 = PoolNames(request.Ipv6Pools, network, true, "ipv6Pools", faults);
        if (faults.Count > 0) return Errors.InvalidRequest(string.Join("; ", faults));
        if (request.Addresses is { Count: > 0 } wanted)
        {
            allocation = allocation with { Addresses = [.. wanted.Select(a => IpPrefix.Parse(a).Address)] };
            return null;
        }
        allocation = allocation with
        {
            WantIPv4 = v4.Count > 0 || HasPool(network, false),
            WantIPv6 = v6.Count > 0 || HasPool(network, true),
            IPv4Pools = v4,
            IPv6Pools = v6,
        };
        return allocation.WantIPv4 || allocation.WantIPv6
            ? null
            : Errors.NoAddress($"network {network} has no IPPool that this node may use; create one, enable one, or look at their node selectors (margay get ippools)", retry: false);
    }

    /// <summary>The full name of the network that a request means.</summary>
    public static NetworkName NetworkOf(AttachRequest request) => new(Api.Resources.VirtualNetwork.Resolve(request.Network, request.Namespace));

    /// <summary>The claims that would let the plan succeed.</summary>
    public static IEnumerable<BlockClaim> ClaimsFor(AllocationRequest request, AllocationPlan plan)
    {
        if (plan.NeedsIPv4Block) yield return new BlockClaim(request.Network, false, string.Join(',', request.IPv4Pools));
        if (plan.NeedsIPv6Block) yield return new BlockClaim(request.Network, true, string.Join(',', request.IPv6Pools));
        foreach (InetAddress address in plan.NeedsAddresses) yield return new BlockClaim(request.Network, address.IsIPv6, "", address);
    }

    /// <summary>Blocks to claim ahead of need.</summary>
    public IEnumerable<BlockClaim> ClaimsAhead()
    {
        foreach ((string network, bool v6) in _pools.Where(IsUsable).Select(p => (p.Network, IsV6(p))).Distinct())
        {
            NetworkName name = new(network);
            if (allocator.CountFree(name, v6) < options.LowWater) yield return new BlockClaim(name, v6, "");
        }
    }

    /// <summary>What is to be announced: blocks, addresses outside of them, and which pools keep theirs to themselves.</summary>
    public AddressUseSnapshot Snapshot()
    {
        HashSet<NetworkPrefix> owned = [.. allocator.Blocks.Where(b => !b.Leaving).Select(b => new NetworkPrefix(b.Network, b.Block))];
        return new AddressUseSnapshot(
            [.. owned.Order()],
            [.. allocator.Addresses.Select(a => new NetworkPrefix(a.Network, IpPrefix.Host(a.Address)))
                .Where(a => !owned.Any(b => b.Network == a.Network && b.Prefix.Contains(a.Prefix))).Order()])
        {
            Moves = _moves.Where(m => owned.Contains(m.Key)).ToDictionary(m => m.Key, m => (uint)Math.Min(m.Value, uint.MaxValue)),
            Hosts = [.. allocator.Addresses.Where(a => !a.Network.IsDefault).Select(a => new NetworkPrefix(a.Network, IpPrefix.Host(a.Address))).Order()],
        };
    }

    private bool HasPool(NetworkName network, bool v6) => _pools.Any(p => IsUsable(p) && new NetworkName(p.Network) == network && IsV6(p) == v6);

    private List<string> PoolNames(IReadOnlyList<string>? asked, NetworkName network, bool v6, string field, List<string> faults)
    {
        List<string> names = [];
        for (int i = 0; i < (asked?.Count ?? 0); i++)
        {
            PoolView? pool = _pools.FirstOrDefault(p => (p.Name == asked![i] || p.Cidr == asked[i]) && new NetworkName(p.Network) == network);
            if (pool is null) faults.Add($"{field}[{i}]: there is no IPPool '{asked![i]}' in network {network}");
            else if (IsV6(pool) != v6) faults.Add($"{field}[{i}]: IPPool {pool.Name} is {pool.Cidr}, of the other family");
            else if (pool.Disabled) faults.Add($"{field}[{i}]: IPPool {pool.Name} is disabled");
            else names.Add(pool.Name);
        }
        return names;
    }

    private static bool IsUsable(PoolView pool) => pool.Usable && !pool.Disabled;

    private static bool IsV6(PoolView pool) => pool.Cidr.Contains(':', StringComparison.Ordinal);
}

/// <param name="LowWater">With fewer free addresses of a family than this, the next block is claimed ahead of need.</param>
internal sealed record AddressBookOptions(int LowWater = 8);

/// <param name="Blocks">Owned by this node.</param>
/// <param name="Strays">Addresses in use here that lie in no block of this node.</param>
internal sealed record AddressUseSnapshot(IReadOnlyList<NetworkPrefix> Blocks, IReadOnlyList<NetworkPrefix> Strays)
{
    /// <summary>Every address in use here in a virtual network.</summary>
    public IReadOnlyList<NetworkPrefix> Hosts { get; init; } = [];

    /// <summary>Those of them that were somewhere else before: how often they have moved.</summary>
    public IReadOnlyDictionary<NetworkPrefix, uint> Moves { get; init; } = new Dictionary<NetworkPrefix, uint>();
}
