using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>The blocks of a pool that are reserved from the first address to the last, by their numbers in the pool: no node claims one. A pool may have 2^58 blocks, so they are kept as runs.</summary>
internal sealed class ReservedBlocks
{
    private readonly List<(UInt128 First, UInt128 Last)> _runs = [];
    private readonly IpPrefix _pool;
    private readonly int _blockSize;

    public ReservedBlocks(IpPrefix pool, int blockSize, IEnumerable<AddressRange> reserved)
    {
        (_pool, _blockSize) = (pool, blockSize);
        int shift = pool.Address.BitLength - blockSize;
        UInt128 size = UInt128.One << shift;
        foreach (AddressRange range in AddressRange.Merge(reserved.Select(r => r.Within(pool)).OfType<AddressRange>()))
        {
            UInt128 first = Offset(range.First), last = Offset(range.Last);
            UInt128 firstBlock = (first >> shift) + ((first & (size - 1)) == 0 ? 0u : 1u), endBlock = (last >> shift) + ((last & (size - 1)) == size - 1 ? 1u : 0u);
            if (firstBlock < endBlock) _runs.Add((firstBlock, endBlock - 1));
        }
        foreach ((UInt128 first, UInt128 last) in _runs) Count += last - first + 1;
    }

    public UInt128 Count { get; }

    /// <summary>Whether a block of the pool is reserved.</summary>
    public bool Contains(IpPrefix block) => CountIn(block) > 0;

    /// <summary>How many of the blocks within a prefix of the pool are reserved.</summary>
    public UInt128 CountIn(IpPrefix within)
    {
        UInt128 first = NumberOf(within.Address), last = NumberOf(within.Last), count = 0;
        foreach ((UInt128 from, UInt128 to) in _runs)
            if (from <= last && to >= first) count += UInt128.Min(to, last) - UInt128.Max(from, first) + 1;
        return count;
    }

    /// <summary>The number of the n-th block that is not reserved, from 0.</summary>
    public UInt128 Free(UInt128 n)
    {
        foreach ((UInt128 first, UInt128 last) in _runs)
        {
            if (n < first) break;
            n += last - first + 1;
        }
        return n;
    }

    private UInt128 NumberOf(InetAddress address) => Offset(address) >> (_pool.Address.BitLength - _blockSize);

    private UInt128 Offset(InetAddress address) => (address.Bits - _pool.Address.Bits) >> (128 - address.BitLength);
}
