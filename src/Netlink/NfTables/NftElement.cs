using Margay.Core.Net;

namespace Margay.Netlink.NfTables;

/// <summary>
/// An element of a set or map: a key, or in a set with intervals a range from <see cref="Key"/> to <see cref="KeyEnd"/>, both included; and what it maps to.
/// </summary>
public readonly record struct NftElement(NftValue Key)
{
    /// <summary>The last key of a range.</summary>
    public NftValue? KeyEnd { get; init; }

    /// <summary>What a map maps the key to.</summary>
    public NftValue? Data { get; init; }

    /// <summary>What a verdict map maps the key to.</summary>
    public NftVerdict? Verdict { get; init; }

    /// <summary>The name of the object an object map maps the key to.</summary>
    public string? Object { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>Read back only: what is left of the timeout.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>Read back only, of a set with counters.</summary>
    public NftCounterValue? Counter { get; init; }

    public string? Comment { get; init; }

    /// <summary>Stands for every key that is not in the set (nft <c>*</c>). Its key is empty.</summary>
    public bool CatchAll { get; init; }

    /// <summary>All addresses of a prefix.</summary>
    public static NftElement Prefix(IpPrefix prefix) => Range(NftValue.From(prefix.Address), NftValue.From(prefix.Last));

    /// <summary>From <paramref name="first"/> to <paramref name="last"/>, both included; a range of one is a plain key, as it is read back.</summary>
    public static NftElement Range(NftValue first, NftValue last) => new(first) { KeyEnd = first == last ? null : last };
}

/// <summary>Packets and bytes.</summary>
public readonly record struct NftCounterValue(ulong Packets, ulong Bytes);
