using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Ends the rule unless the register compares so with the value, byte by byte: larger and smaller make sense in network order.</summary>
public sealed record NftCmp(NftCmpOperator Operator, NftValue Value, NftRegister Source = NftRegister.R1) : NftExpression
{
    public override string Kind => "cmp";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_CMP_SREG, (uint)Source);
        m.UInt32BigEndian(NFTA_CMP_OP, (uint)Operator);
        NftData.Write(ref m, NFTA_CMP_DATA, Value);
    }

    internal static NftCmp Read(AttributeReader attributes)
    {
        NftCmpOperator @operator = default;
        NftValue value = default;
        NftRegister source = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_CMP_SREG: source = a.ToRegister(); break;
                case NFTA_CMP_OP: @operator = (NftCmpOperator)a.UInt32BigEndian; break;
                case NFTA_CMP_DATA: value = NftData.ReadValue(a); break;
            }
        }
        return new NftCmp(@operator, value, source);
    }
}

/// <summary>NFT_CMP_*.</summary>
public enum NftCmpOperator : uint
{
    Equal = NFT_CMP_EQ,
    NotEqual = NFT_CMP_NEQ,
    Less = NFT_CMP_LT,
    LessOrEqual = NFT_CMP_LTE,
    Greater = NFT_CMP_GT,
    GreaterOrEqual = NFT_CMP_GTE,
}
