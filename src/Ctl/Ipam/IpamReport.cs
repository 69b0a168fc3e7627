namespace Margay.Ctl.Ipam;

/// <summary>How the address space is used, and what is wrong with it.</summary>
internal sealed record IpamReport(IReadOnlyList<PoolUsage> Pools, IReadOnlyList<BlockUsage> Blocks, IReadOnlyList<IpamProblem> Problems);

/// <summary>One pool. Sizes are numbers of addresses, as text where they exceed 2⁵³.</summary>
internal sealed record PoolUsage(string Network, string Name, string Cidr, int BlockSize, bool Disabled, string Addresses, int Blocks, string BlocksPossible, int InUse);

/// <summary>One block and its owner.</summary>
internal sealed record BlockUsage(string Network, string Cidr, string Pool, string Node, int InUse, string Addresses);

/// <summary>What kind of trouble.</summary>
internal enum IpamProblemKind
{
    /// <summary>Two endpoints have the same address.</summary>
    DuplicateAddress,

    /// <summary>An address lies in no pool.</summary>
    OutsidePools,

    /// <summary>An address lies in a pool, but in no block.</summary>
    OutsideBlocks,

    /// <summary>An address lies in a block of another node than the endpoint's: it works, by a host route of its own.</summary>
    ForeignBlock,

    /// <summary>A block belongs to a node that does not exist.</summary>
    BlockWithoutNode,

    /// <summary>A block lies in no pool.</summary>
    BlockWithoutPool,

    /// <summary>Two blocks, or two pools, share addresses.</summary>
    Overlap,

    /// <summary>An endpoint names a node that does not exist.</summary>
    EndpointWithoutNode,

    /// <summary>An object that cannot be read as what it should be.</summary>
    Unreadable,
}

/// <param name="Kind">What kind of trouble.</param>
/// <param name="Subject">The address, block or pool.</param>
/// <param name="Message">What is wrong, and the remedy.</param>
internal sealed record IpamProblem(string Kind, string Subject, string Message);
