using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>A table, the name space of chains, sets and objects. Also the way to name one: only family and name identify it.</summary>
public sealed record NftTable(NftFamily Family, string Name)
{
    public NftTableFlags Flags { get; init; }
    public string? Comment { get; init; }

    /// <summary>Read back only: the kernel's number for it.</summary>
    public ulong Handle { get; init; }

    /// <summary>Read back only: chains, sets and objects in it.</summary>
    public uint UseCount { get; init; }

    /// <summary>Read back only: the netlink port of the socket that owns it, or 0.</summary>
    public uint Owner { get; init; }
}

/// <summary>NFT_TABLE_F_*.</summary>
[Flags]
public enum NftTableFlags : uint
{
    None = 0,

    /// <summary>Its chains are not attached to their hooks.</summary>
    Dormant = NFT_TABLE_F_DORMANT,

    /// <summary>Only the socket that made it may change it; it goes when the socket is closed, unless <see cref="Persist"/>.</summary>
    Owner = NFT_TABLE_F_OWNER,

    /// <summary>Stays, ownerless, when its owner's socket is closed (Linux 6.9).</summary>
    Persist = NFT_TABLE_F_PERSIST,
}
