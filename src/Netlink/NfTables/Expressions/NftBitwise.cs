using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Destination = (source AND mask) XOR xor.</summary>
public sealed record NftBitwise(NftValue Mask, NftValue Xor) : NftExpression
{
    public NftRegister Source { get; init; } = NftRegister.R1;
    public NftRegister Destination { get; init; } = NftRegister.R1;

    public override string Kind => "bitwise";

    /// <summary>Keeps the bits of the mask.</summary>
    public static NftBitwise And(NftValue mask) => new(mask, NftValue.FromBytes(new byte[mask.Length]));

    /// <summary>A mark, in host order: clears the bits of <paramref name="clear"/>, then sets those of <paramref name="set"/>.</summary>
    public static NftBitwise Mark(uint clear, uint set) => new(NftValue.Native(~(clear | set)), NftValue.Native(set));

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_BITWISE_SREG, (uint)Source);
        m.UInt32BigEndian(NFTA_BITWISE_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_BITWISE_LEN, (uint)Mask.Length);
        NftData.Write(ref m, NFTA_BITWISE_MASK, Mask);
        NftData.Write(ref m, NFTA_BITWISE_XOR, Xor);
    }

    internal static NftExpression Read(AttributeReader attributes)
    {
        NftBitwise bitwise = new(default, default);
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            bitwise = a.Type switch
            {
                NFTA_BITWISE_SREG => bitwise with { Source = a.ToRegister() },
                NFTA_BITWISE_DREG => bitwise with { Destination = a.ToRegister() },
                NFTA_BITWISE_MASK => bitwise with { Mask = NftData.ReadValue(a) },
                NFTA_BITWISE_XOR => bitwise with { Xor = NftData.ReadValue(a) },
                _ => bitwise,
            };
        }
        return bitwise;
    }
}
