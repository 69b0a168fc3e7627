using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>
/// The blocks that are owned, for two questions: does a prefix overlap one, and is a pool full. Blocks of several sizes may stand in one pool, when a pool was
/// deleted and made again with another block size; they are sorted, so that both answers cost a binary search or one pass over the pool's blocks.
/// </summary>
internal sealed class BlockOccupancy(IEnumerable<IpPrefix> taken)
{
    private readonly List<IpPrefix> _taken = [.. taken.Distinct().Order()];

    public int Count(IpPrefix pool) => Within(pool).Count();

    /// <summary>Owned blocks do not overlap each other, so only the neighbours in address order can overlap.</summary>
    public bool Overlaps(IpPrefix block)
    {
        int at = FirstAtOrAfter(block);
        return (at < _taken.Count && _taken[at].Overlaps(block)) || (at > 0 && _taken[at - 1].Overlaps(block));
    }

    /// <summary>Whether no block of the given size is left: counts those that are reserved, and that each owned block covers or spoils.</summary>
    public bool IsFull(IpPrefix pool, int blockSize, ReservedBlocks reserved)
    {
        int before = FirstAtOrAfter(pool) - 1;
        if (before >= 0 && _taken[before].Contains(pool)) return true;
        UInt128 gone = reserved.Count;
        IpPrefix? spoiled = null;
        foreach (IpPrefix owned in Within(pool))
        {
            if (owned.Length <= blockSize)
            {
                gone += (UInt128.One << (blockSize - owned.Length)) - reserved.CountIn(owned);
                continue;
            }
            IpPrefix block = new(owned.Address, blockSize);
            if (block != spoiled && !reserved.Contains(block)) gone++;
            spoiled = block;
        }
        return gone >= UInt128.One << (blockSize - pool.Length);
    }

    private IEnumerable<IpPrefix> Within(IpPrefix pool)
    {
        for (int i = FirstAtOrAfter(pool); i < _taken.Count && pool.Contains(_taken[i]); i++) yield return _taken[i];
    }

    private int FirstAtOrAfter(IpPrefix prefix)
    {
        int at = _taken.BinarySearch(prefix);
        return at < 0 ? ~at : at;
    }
}
