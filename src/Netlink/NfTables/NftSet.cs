using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>
/// A set of keys, or with <see cref="Data"/> a map. <see cref="Data"/> = <see cref="NftDataType.Verdict"/> makes a verdict map.
/// <code>
/// new NftSet(table, "clients", NftDataType.Ipv4Addr)
/// new NftSet(table, "nets", NftDataType.Ipv4Addr) { Interval = true }
/// new NftSet(table, "marks", NftDataType.Concat(NftDataType.IfName, NftDataType.Ipv4Addr)) { Data = NftDataType.Mark }
/// </code>
/// A set without intervals is a hash: adding one element costs the same however large it is. One with intervals is a tree whose commit costs
/// grow with its size; with concatenated intervals it is a pipapo set.
/// </summary>
public sealed record NftSet(NftFamily Family, string Table, string Name, NftDataType Key)
{
    public NftSet(NftTable table, string name, NftDataType key)
        : this(table.Family, table.Name, name, key)
    {
    }

    /// <summary>What keys map to; null for a plain set.</summary>
    public NftDataType? Data { get; init; }

    /// <summary>Elements may be ranges and prefixes.</summary>
    public bool Interval { get; init; }

    /// <summary>Not changed once it is bound to a rule; lets the kernel choose a better structure.</summary>
    public bool Constant { get; init; }

    /// <summary>Belongs to the rule that uses it, and goes with it. Named by the kernel after <see cref="Name"/>, which then is like <c>__set%d</c>.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Elements may have timeouts; set when <see cref="Timeout"/> is.</summary>
    public bool HasTimeout { get; init; }

    /// <summary>Rules may add elements (dynset).</summary>
    public bool Dynamic { get; init; }

    /// <summary>Timeout of elements that name none.</summary>
    public TimeSpan? Timeout { get; init; }

    public TimeSpan? GarbageCollectionInterval { get; init; }

    /// <summary>Most elements it may hold, 0 for no limit. A hint for the kernel's choice of structure too.</summary>
    public uint Size { get; init; }

    /// <summary>Prefer little memory to speed.</summary>
    public bool PreferMemory { get; init; }

    /// <summary>Elements carry counters.</summary>
    public bool Counters { get; init; }

    /// <summary>Keys map to named objects of this kind (<see cref="NftObjectKind"/>).</summary>
    public NftObjectKind? Object { get; init; }

    public string? Comment { get; init; }

    /// <summary>Its number within the batch that adds it, given by <see cref="NfTablesBatch.Add(NftSet)"/>.</summary>
    public uint Id { get; init; }

    /// <summary>Read back only.</summary>
    public ulong Handle { get; init; }

    /// <summary>Ranges of a concatenation: an element has both ends in itself (NFT_SET_CONCAT).</summary>
    internal bool IsConcatenatedInterval => Interval && Key.IsConcatenation;

    internal uint Flags =>
        (Anonymous ? (uint)NFT_SET_ANONYMOUS : 0) | (Constant ? (uint)NFT_SET_CONSTANT : 0) | (Interval ? (uint)NFT_SET_INTERVAL : 0)
        | (Data is not null ? (uint)NFT_SET_MAP : 0) | (HasTimeout || Timeout is not null ? (uint)NFT_SET_TIMEOUT : 0)
        | (Dynamic ? (uint)NFT_SET_EVAL : 0) | (Object is not null ? (uint)NFT_SET_OBJECT : 0) | (IsConcatenatedInterval ? (uint)NFT_SET_CONCAT : 0);
}
