using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Ends the rule unless the register is between the two values, both included (or, inverted, if it is). Network order.</summary>
public sealed record NftRange(NftValue First, NftValue Last, NftRangeOperator Operator = NftRangeOperator.Inside, NftRegister Source = NftRegister.R1) : NftExpression
{
    public override string Kind => "range";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_RANGE_SREG, (uint)Source);
        m.UInt32BigEndian(NFTA_RANGE_OP, (uint)Operator);
        NftData.Write(ref m, NFTA_RANGE_FROM_DATA, First);
        NftData.Write(ref m, NFTA_RANGE_TO_DATA, Last);
    }

    internal static NftRange Read(AttributeReader attributes)
    {
        NftValue first = default;
        NftValue last = default;
        NftRangeOperator @operator = NftRangeOperator.Inside;
        NftRegister source = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_RANGE_SREG: source = a.ToRegister(); break;
                case NFTA_RANGE_OP: @operator = (NftRangeOperator)a.UInt32BigEndian; break;
                case NFTA_RANGE_FROM_DATA: first = NftData.ReadValue(a); break;
                case NFTA_RANGE_TO_DATA: last = NftData.ReadValue(a); break;
            }
        }
        return new NftRange(first, last, @operator, source);
    }
}

/// <summary>NFT_RANGE_*.</summary>
public enum NftRangeOperator : uint
{
    Inside = NFT_RANGE_EQ,
    Outside = NFT_RANGE_NEQ,
}
