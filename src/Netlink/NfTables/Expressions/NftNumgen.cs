using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads a number below a modulus: counting up, or at random. For spreading flows.</summary>
/// <param name="Offset">Added to the result.</param>
public sealed record NftNumgen(NftNumgenKind Generator, uint Modulus, uint Offset = 0, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "numgen";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_NG_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_NG_MODULUS, (uint)Modulus);
        m.UInt32BigEndian(NFTA_NG_TYPE, (uint)Generator);
        m.UInt32BigEndian(NFTA_NG_OFFSET, (uint)Offset);
    }

    internal static NftNumgen Read(AttributeReader attributes)
    {
        NftNumgenKind generator = default;
        uint modulus = default;
        uint offset = 0;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_NG_DREG: destination = a.ToRegister(); break;
                case NFTA_NG_MODULUS: modulus = a.UInt32BigEndian; break;
                case NFTA_NG_TYPE: generator = (NftNumgenKind)a.UInt32BigEndian; break;
                case NFTA_NG_OFFSET: offset = a.UInt32BigEndian; break;
            }
        }
        return new NftNumgen(generator, modulus, offset, destination);
    }
}

/// <summary>NFT_NG_*.</summary>
public enum NftNumgenKind : uint
{
    Incremental = NFT_NG_INCREMENTAL,
    Random = NFT_NG_RANDOM,
}
