using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads a hash of a register (Jenkins) or of the flow, the same in both directions (symmetric), modulo a number.</summary>
/// <param name="Modulus">At least 2.</param>
/// <param name="Length">Jenkins: bytes of the register.</param>
/// <param name="Seed">Jenkins: 0 for a random one.</param>
/// <param name="Offset">Added to the result.</param>
/// <param name="Source">Jenkins only.</param>
public sealed record NftHash(NftHashKind Hash, uint Modulus, uint Length = 0, uint Seed = 0, uint Offset = 0, NftRegister Source = NftRegister.R1, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "hash";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Hash == NftHashKind.Jenkins) m.UInt32BigEndian(NFTA_HASH_SREG, (uint)Source);
        m.UInt32BigEndian(NFTA_HASH_DREG, (uint)Destination);
        if (Hash == NftHashKind.Jenkins) m.UInt32BigEndian(NFTA_HASH_LEN, (uint)Length);
        m.UInt32BigEndian(NFTA_HASH_MODULUS, (uint)Modulus);
        if (Seed != 0) m.UInt32BigEndian(NFTA_HASH_SEED, (uint)Seed);
        if (Offset != 0) m.UInt32BigEndian(NFTA_HASH_OFFSET, (uint)Offset);
        m.UInt32BigEndian(NFTA_HASH_TYPE, (uint)Hash);
    }

    internal static NftHash Read(AttributeReader attributes)
    {
        NftHashKind hash = default;
        uint modulus = default;
        uint length = 0;
        uint seed = 0;
        uint offset = 0;
        NftRegister source = NftRegister.R1;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_HASH_SREG: source = a.ToRegister(); break;
                case NFTA_HASH_DREG: destination = a.ToRegister(); break;
                case NFTA_HASH_LEN: length = a.UInt32BigEndian; break;
                case NFTA_HASH_MODULUS: modulus = a.UInt32BigEndian; break;
                case NFTA_HASH_SEED: seed = a.UInt32BigEndian; break;
                case NFTA_HASH_OFFSET: offset = a.UInt32BigEndian; break;
                case NFTA_HASH_TYPE: hash = (NftHashKind)a.UInt32BigEndian; break;
            }
        }
        return new NftHash(hash, modulus, length, seed, offset, source, destination);
    }
}

/// <summary>NFT_HASH_*.</summary>
public enum NftHashKind : uint
{
    Jenkins = NFT_HASH_JENKINS,
    Symmetric = NFT_HASH_SYM,
}
