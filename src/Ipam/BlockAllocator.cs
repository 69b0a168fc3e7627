using Margay.Core.Net;

namespace Margay.Ipam;

// Addresses in three steps, of which only the middle one does I/O, and not here:
//
//   request ──Plan──► AllocationPlan (addresses + record) ──► owner appends the record to its journal ──Apply──► state
//                          │
//                          └─ refusal: in words; NeedsIPv4Block/NeedsIPv6Block when one more block would help (claimed at the server, see BlockPlanner)
//
// After a restart the journal's records are applied again; Snapshot gives the short form of a long journal. A crash between journal and reply
// leaves addresses to a handle whose attach is repeated or detached by the runtime: the same handle gets the same addresses, and release is idempotent.

/// <summary>
/// The addresses of one node: the blocks it owns and who holds what in them. Pure: it decides and remembers, its owner (one loop) persists. An address that was
/// freed is used again last: first what was never used, then what has been free longest. Blocks need no network or broadcast address: each address is a route of its own.
/// </summary>
public sealed class BlockAllocator
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _cooldown;
    private readonly List<OwnedBlock> _blocks = [];
    private readonly Dictionary<AllocationHandle, Holding> _holdings = [];
    private ILookup<NetworkName, AddressRange> _reserved = Enumerable.Empty<(NetworkName Network, AddressRange Range)>().ToLookup(r => r.Network, r => r.Range);
    private long _stamp;

    /// <param name="time">Tells when an address has cooled down, and stamps records.</param>
    /// <param name="cooldown">How long a freed address stays unused (a request by name may have it); zero by default.</param>
    public BlockAllocator(TimeProvider time, TimeSpan cooldown = default)
    {
        _time = time;
        _cooldown = cooldown;
    }

    private sealed record Holding(NetworkName Network, IReadOnlyList<InetAddress> Addresses, DateTimeOffset Since);

    /// <summary>Ranges from which nothing is given but to a request that names the address; what is in use stays.</summary>
    public void SetReservations(IEnumerable<(NetworkName Network, AddressRange Range)> reservations) => _reserved = reservations.ToLookup(r => r.Network, r => r.Range);

    /// <summary>What the handle holds, or null.</summary>
    public IReadOnlyList<InetAddress>? Find(AllocationHandle handle) => _holdings.GetValueOrDefault(handle)?.Addresses;

    public IEnumerable<AddressUse> Addresses =>
        from holding in _holdings
        from address in holding.Value.Addresses
        select new AddressUse(holding.Value.Network, address, holding.Key, holding.Value.Since);

    public IEnumerable<BlockUse> Blocks
    {
        get
        {
            DateTimeOffset until = CooledUntil();
            return _blocks.Select(b => new BlockUse(
                b.Network, b.Prefix, b.Pool, b.Size, b.InUse, b.CountFreedAfter(until), _reserved.Contains(b.Network) ? b.CountIdleReserved(Reserved(b.Network), until) : 0, b.Leaving));
        }
    }

    /// <summary>How many addresses of a family could be given now: below a low-water mark the owner claims the next block ahead of need.</summary>
    public int CountFree(NetworkName network, bool isIPv6) =>
        Blocks.Where(b => b.Network == network && b.Block.IsIPv6 == isIPv6).Sum(b => b.Free);

    /// <summary>Decides, and changes nothing. All families that are asked for, or none.</summary>
    public AllocationPlan Plan(AllocationRequest request)
    {
        if (_holdings.TryGetValue(request.Handle, out Holding? held)) return PlanForHolder(request, held);
        if (request.Addresses.Count > 0) return PlanNamed(request);
        if (!request.WantIPv4 && !request.WantIPv6) return new AllocationPlan { Refusal = "neither IPv4 nor IPv6 is asked for" };

        InetAddress? v4 = request.WantIPv4 ? Pick(request.Network, isIPv6: false, request.IPv4Pools) : null;
        InetAddress? v6 = request.WantIPv6 ? Pick(request.Network, isIPv6: true, request.IPv6Pools) : null;
        bool lacks4 = request.WantIPv4 && v4 is null, lacks6 = request.WantIPv6 && v6 is null;
        if (lacks4 || lacks6)
        {
            List<string> reasons = [];
            if (lacks4) reasons.Add(WhyNone(request.Network, isIPv6: false, request.IPv4Pools));
            if (lacks6) reasons.Add(WhyNone(request.Network, isIPv6: true, request.IPv6Pools));
            return new AllocationPlan { Refusal = string.Join("; ", reasons), NeedsIPv4Block = lacks4, NeedsIPv6Block = lacks6 };
        }
        return Grant(request, [.. new[] { v4, v6 }.OfType<InetAddress>()]);
    }

    /// <summary>The record that frees all that the handle holds, or null when it holds nothing (any more).</summary>
    public IpamRecord? PlanRelease(AllocationHandle handle) =>
        _holdings.TryGetValue(handle, out Holding? held)
            ? new IpamRecord
            {
                Operation = IpamOperation.Released,
                Network = held.Network.Value,
                Handle = handle.ToString(),
                Addresses = [.. held.Addresses.Select(a => a.ToString())],
                At = _time.GetUtcNow(),
            }
            : null;

    /// <summary>The record by which the node owns one more block, or null when it does already.</summary>
    /// <exception cref="ArgumentException">The block overlaps another one in a different size.</exception>
    public IpamRecord? PlanBlock(NetworkName network, IpPrefix block, string pool)
    {
        OwnedBlock? other = _blocks.Find(b => b.Network == network && b.Prefix.Overlaps(block));
        if (other is not null && other.Prefix != block) throw new ArgumentException($"block {block} overlaps block {other.Prefix}", nameof(block));
        if (other is { Leaving: false }) return null;
        return new IpamRecord { Operation = IpamOperation.BlockOwned, Network = network.Value, Block = block.ToString(), Pool = pool, At = _time.GetUtcNow() };
    }

    /// <summary>The record by which a block goes, at once or (when in use) with its last address; null when there is no such block.</summary>
    public IpamRecord? PlanBlockLoss(NetworkName network, IpPrefix block) =>
        _blocks.Exists(b => b.Network == network && b.Prefix == block && !b.Leaving)
            ? new IpamRecord { Operation = IpamOperation.BlockLost, Network = network.Value, Block = block.ToString(), At = _time.GetUtcNow() }
            : null;

    /// <summary>Brings the state to what the record says: a plan's, or one read back from the journal.</summary>
    /// <exception cref="InvalidDataException">The record contradicts the state: the journal is damaged.</exception>
    public void Apply(IpamRecord record)
    {
        NetworkName network = new(record.Network);
        switch (record.Operation)
        {
            case IpamOperation.BlockOwned: OwnBlock(network, Block(record), record.Pool ?? ""); break;
            case IpamOperation.BlockLost: LoseBlock(network, Block(record)); break;
            case IpamOperation.Allocated: Allocate(network, Handle(record), Parse(record), record.At); break;
            case IpamOperation.Released: Release(Handle(record), record.At); break;
            case IpamOperation.Freed: foreach (InetAddress address in Parse(record)) MarkFreed(network, address, record.At); break;
            default: throw Damaged(record, "an unknown operation");
        }
    }

    /// <summary>The shortest journal that gives this state.</summary>
    public IEnumerable<IpamRecord> Snapshot()
    {
        foreach (OwnedBlock b in _blocks)
            yield return new IpamRecord { Operation = IpamOperation.BlockOwned, Network = b.Network.Value, Block = b.Prefix.ToString(), Pool = b.Pool };
        foreach (var (network, address, _, at) in _blocks.SelectMany(b => b.FreedInOrder().Select(f => (b.Network, f.Address, f.Stamp, f.At))).OrderBy(f => f.Stamp))
            yield return new IpamRecord { Operation = IpamOperation.Freed, Network = network.Value, Addresses = [address.ToString()], At = at };
        foreach ((AllocationHandle handle, Holding held) in _holdings)
            yield return Allocated(handle, held.Network, held.Addresses, held.Since);
        foreach (OwnedBlock b in _blocks.Where(b => b.Leaving))
            yield return new IpamRecord { Operation = IpamOperation.BlockLost, Network = b.Network.Value, Block = b.Prefix.ToString() };
    }

    private static AllocationPlan PlanForHolder(AllocationRequest request, Holding held)
    {
        bool fits = held.Network == request.Network
            && request.Addresses.All(a => held.Addresses.Contains(a))
            && (!request.WantIPv4 || held.Addresses.Any(a => a.IsIPv4))
            && (!request.WantIPv6 || held.Addresses.Any(a => a.IsIPv6));
        return fits
            ? new AllocationPlan { Addresses = held.Addresses }
            : new AllocationPlan
            {
                Refusal = $"{request.Handle} already holds {string.Join(", ", held.Addresses)} in network {held.Network}, which is not what is asked for; detach it first",
            };
    }

    private AllocationPlan PlanNamed(AllocationRequest request)
    {
        List<string> faults = [];
        List<InetAddress> elsewhere = [];
        foreach (InetAddress address in request.Addresses)
        {
            OwnedBlock? block = BlockOf(request.Network, address);
            if (block is null && !request.Network.IsDefault) elsewhere.Add(address);
            else if (block is null) faults.Add($"{address} is in no block of this node; ask for one of {OwnedText(request.Network, address.IsIPv6)}");
            else if (block.Leaving) faults.Add($"{address} is in block {block.Prefix}, which this node is giving up");
            else if (block.IsInUse(address)) faults.Add($"{address} is held by {HolderOf(request.Network, address)}");
        }
        if (request.Addresses.Distinct().Count() != request.Addresses.Count) faults.Add("an address is named twice");
        if (request.WantIPv4 && !request.Addresses.Any(a => a.IsIPv4)) faults.Add("IPv4 is wanted, but no IPv4 address is named");
        if (request.WantIPv6 && !request.Addresses.Any(a => a.IsIPv6)) faults.Add("IPv6 is wanted, but no IPv6 address is named");
        if (faults.Count > 0) return new AllocationPlan { Refusal = string.Join("; ", faults) };
        return elsewhere.Count > 0
            ? new AllocationPlan { Refusal = $"{string.Join(", ", elsewhere)} is in no block of this node", NeedsAddresses = elsewhere }
            : Grant(request, [.. request.Addresses.Order()]);
    }

    private AllocationPlan Grant(AllocationRequest request, IReadOnlyList<InetAddress> addresses) =>
        new() { Addresses = addresses, Record = Allocated(request.Handle, request.Network, addresses, _time.GetUtcNow()) };

    private static IpamRecord Allocated(AllocationHandle handle, NetworkName network, IReadOnlyList<InetAddress> addresses, DateTimeOffset at) => new()
    {
        Operation = IpamOperation.Allocated,
        Network = network.Value,
        Handle = handle.ToString(),
        Addresses = [.. addresses.Select(a => a.ToString())],
        At = at,
    };

    /// <summary>A fresh address of the first block that has one, else the one that has been free longest in any block.</summary>
    private InetAddress? Pick(NetworkName network, bool isIPv6, IReadOnlyList<string> pools)
    {
        Func<InetAddress, bool> reserved = Reserved(network);
        List<OwnedBlock> usable = Usable(network, isIPv6, pools);
        foreach (OwnedBlock block in usable)
        {
            if (block.NextFresh(reserved) is { } fresh) return fresh;
        }
        DateTimeOffset until = CooledUntil();
        (InetAddress Address, long Stamp)? oldest = null;
        foreach (OwnedBlock block in usable)
        {
            if (block.OldestFreed(reserved, until) is { } freed && (oldest is null || freed.Stamp < oldest.Value.Stamp)) oldest = freed;
        }
        return oldest?.Address;
    }

    private string WhyNone(NetworkName network, bool isIPv6, IReadOnlyList<string> pools)
    {
        string family = isIPv6 ? "IPv6" : "IPv4";
        string from = pools.Count == 0 ? "" : $" of pool {string.Join(" or ", pools)}";
        List<OwnedBlock> usable = Usable(network, isIPv6, pools);
        if (usable.Count == 0) return $"this node owns no {family} block{from} in network {network}";
        DateTimeOffset? first = usable.Select(b => b.EarliestFreedAfter(CooledUntil())).Min();
        string cooling = first is null ? "" : $", the next one is free again at {first.Value + _cooldown:HH:mm:ss} UTC";
        return $"all {usable.Sum(b => b.Size)} {family} addresses of this node's {usable.Count} block(s){from} are taken{cooling}";
    }

    private List<OwnedBlock> Usable(NetworkName network, bool isIPv6, IReadOnlyList<string> pools) =>
        _blocks.FindAll(b => b.Network == network && b.Prefix.IsIPv6 == isIPv6 && !b.Leaving && (pools.Count == 0 || pools.Contains(b.Pool)));

    private void OwnBlock(NetworkName network, IpPrefix prefix, string pool)
    {
        OwnedBlock? existing = _blocks.Find(b => b.Network == network && b.Prefix == prefix);
        if (existing is not null) existing.Leaving = false;
        else _blocks.Add(new OwnedBlock(network, prefix, pool));
    }

    private void LoseBlock(NetworkName network, IpPrefix prefix)
    {
        OwnedBlock? block = _blocks.Find(b => b.Network == network && b.Prefix == prefix);
        if (block is null) return;
        block.Leaving = true;
        DropIfEmpty(block);
    }

    private void DropIfEmpty(OwnedBlock block)
    {
        if (block.Leaving && block.InUse == 0) _blocks.Remove(block);
    }

    private void Allocate(NetworkName network, AllocationHandle handle, IReadOnlyList<InetAddress> addresses, DateTimeOffset at)
    {
        if (_holdings.TryGetValue(handle, out Holding? held))
        {
            if (held.Network == network && held.Addresses.SequenceEqual(addresses)) return;
            throw new InvalidDataException($"{handle} holds {string.Join(", ", held.Addresses)} and is given {string.Join(", ", addresses)}");
        }
        foreach (InetAddress address in addresses)
        {
            if (BlockOf(network, address) is not { } block) throw new InvalidDataException($"{address} of {handle} is in no block of this node");
            if (block.IsInUse(address)) throw new InvalidDataException($"{address} is given to {handle} while {HolderOf(network, address)} holds it");
        }
        foreach (InetAddress address in addresses) BlockOf(network, address)!.Take(address);
        _holdings[handle] = new Holding(network, addresses, at);
    }

    private void Release(AllocationHandle handle, DateTimeOffset at)
    {
        if (!_holdings.Remove(handle, out Holding? held)) return;
        foreach (InetAddress address in held.Addresses)
        {
            MarkFreed(held.Network, address, at);
            if (BlockOf(held.Network, address) is { } block) DropIfEmpty(block);
        }
    }

    private void MarkFreed(NetworkName network, InetAddress address, DateTimeOffset at) => BlockOf(network, address)?.Free(address, ++_stamp, at);

    private OwnedBlock? BlockOf(NetworkName network, InetAddress address) =>
        _blocks.Find(b => b.Network == network && b.Prefix.Contains(address));

    private AllocationHandle HolderOf(NetworkName network, InetAddress address) =>
        _holdings.First(h => h.Value.Network == network && h.Value.Addresses.Contains(address)).Key;

    private string OwnedText(NetworkName network, bool isIPv6)
    {
        List<OwnedBlock> owned = Usable(network, isIPv6, []);
        return owned.Count == 0 ? "the blocks that it claims first (it has none)" : string.Join(", ", owned.Select(b => b.Prefix));
    }

    private Func<InetAddress, bool> Reserved(NetworkName network) =>
        _reserved.Contains(network) ? address => _reserved[network].Any(r => r.Contains(address)) : static _ => false;

    // Without a cooldown nothing cools down, even when the clock was set back since.
    private DateTimeOffset CooledUntil() => _cooldown > TimeSpan.Zero ? _time.GetUtcNow() - _cooldown : DateTimeOffset.MaxValue;

    private static AllocationHandle Handle(IpamRecord record) =>
        AllocationHandle.TryParse(record.Handle, out AllocationHandle handle) ? handle : throw Damaged(record, "no handle");

    private static IpPrefix Block(IpamRecord record) => IpPrefix.TryParse(record.Block, out IpPrefix block) ? block : throw Damaged(record, "no block");

    private static List<InetAddress> Parse(IpamRecord record)
    {
        List<InetAddress> addresses = [];
        foreach (string text in record.Addresses ?? [])
            addresses.Add(InetAddress.TryParse(text, out InetAddress address) ? address : throw Damaged(record, $"'{text}', which is no address"));
        return addresses;
    }

    private static InvalidDataException Damaged(IpamRecord record, string what) => new($"record {record.Operation} of {record.At:O} has {what}");
}
