using static Margay.Netlink.Constants.LinuxNetfilter;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>What becomes of a packet, and for jump and goto, in which chain it goes on.</summary>
/// <remarks>
/// A commit that adds a rule or element with a jump or goto makes the kernel check the whole table again (milliseconds for a large one).
/// Keep what changes often in sets and maps without verdicts.
/// </remarks>
public readonly record struct NftVerdict
{
    private NftVerdict(int code, string? chain = null)
    {
        Code = code;
        Chain = chain;
    }

    /// <summary>NF_* or NFT_*.</summary>
    public int Code { get; }

    public string? Chain { get; }

    public static NftVerdict Accept => new(NF_ACCEPT);
    public static NftVerdict Drop => new(NF_DROP);

    /// <summary>Goes on with the next rule.</summary>
    public static NftVerdict Continue => new(NFT_CONTINUE);

    /// <summary>Ends the rule.</summary>
    public static NftVerdict Break => new(NFT_BREAK);

    public static NftVerdict Return => new(NFT_RETURN);
    public static NftVerdict Jump(string chain) => new(NFT_JUMP, chain);
    public static NftVerdict Goto(string chain) => new(NFT_GOTO, chain);

    internal static NftVerdict FromCode(int code, string? chain) => new(code, chain);

    public override string ToString() => Code switch
    {
        NF_ACCEPT => "accept",
        NF_DROP => "drop",
        NFT_CONTINUE => "continue",
        NFT_BREAK => "break",
        NFT_RETURN => "return",
        NFT_JUMP => $"jump {Chain}",
        NFT_GOTO => $"goto {Chain}",
        _ => $"verdict {Code}",
    };
}
