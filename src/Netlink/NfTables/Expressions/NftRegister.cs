using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>
/// Where a value stands between expressions. The same 64 bytes are seen as four registers of 16 bytes or sixteen words of 4; the kernel reports a word
/// at a multiple of 16 as the register. A concatenated key stands in consecutive words, beginning at <see cref="R1"/>.
/// </summary>
public enum NftRegister : uint
{
    Verdict = NFT_REG_VERDICT,
    R1 = NFT_REG_1,
    R2 = NFT_REG_2,
    R3 = NFT_REG_3,
    R4 = NFT_REG_4,
    Word0 = NFT_REG32_00,
}

/// <summary>Arithmetic on registers.</summary>
public static class NftRegisters
{
    /// <summary>Word 0 to 15; those at a multiple of four by the name of the register they begin, as the kernel reports them.</summary>
    public static NftRegister Word(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, NFT_REG32_COUNT - 1);
        return index % 4 == 0 ? NftRegister.R1 + (uint)(index / 4) : NftRegister.Word0 + (uint)index;
    }

    internal static NftRegister ToRegister(this NetlinkAttribute attribute) => (NftRegister)attribute.UInt32BigEndian;
}
