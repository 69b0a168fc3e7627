using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>A named object that rules and maps refer to, of which a counter is the one supported.</summary>
public sealed record NftCounterObject(NftFamily Family, string Table, string Name)
{
    public NftCounterObject(NftTable table, string name)
        : this(table.Family, table.Name, name)
    {
    }

    public NftCounterValue Value { get; init; }
    public string? Comment { get; init; }

    /// <summary>Read back only.</summary>
    public ulong Handle { get; init; }
}

/// <summary>NFT_OBJECT_*.</summary>
public enum NftObjectKind : uint
{
    Counter = NFT_OBJECT_COUNTER,
    Quota = NFT_OBJECT_QUOTA,
    ConntrackHelper = NFT_OBJECT_CT_HELPER,
    Limit = NFT_OBJECT_LIMIT,
}
