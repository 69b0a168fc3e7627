using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Converts a register between host and network order.</summary>
/// <param name="Length">Bytes to convert in all.</param>
/// <param name="Size">Bytes of each number: 2, 4 or 8.</param>
public sealed record NftByteOrder(NftByteOrderOperator Operator, uint Length, uint Size, NftRegister Source = NftRegister.R1, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "byteorder";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_BYTEORDER_SREG, (uint)Source);
        m.UInt32BigEndian(NFTA_BYTEORDER_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_BYTEORDER_OP, (uint)Operator);
        m.UInt32BigEndian(NFTA_BYTEORDER_LEN, (uint)Length);
        m.UInt32BigEndian(NFTA_BYTEORDER_SIZE, (uint)Size);
    }

    internal static NftByteOrder Read(AttributeReader attributes)
    {
        NftByteOrderOperator @operator = default;
        uint length = default;
        uint size = default;
        NftRegister source = NftRegister.R1;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_BYTEORDER_SREG: source = a.ToRegister(); break;
                case NFTA_BYTEORDER_DREG: destination = a.ToRegister(); break;
                case NFTA_BYTEORDER_OP: @operator = (NftByteOrderOperator)a.UInt32BigEndian; break;
                case NFTA_BYTEORDER_LEN: length = a.UInt32BigEndian; break;
                case NFTA_BYTEORDER_SIZE: size = a.UInt32BigEndian; break;
            }
        }
        return new NftByteOrder(@operator, length, size, source, destination);
    }
}

/// <summary>NFT_BYTEORDER_*.</summary>
public enum NftByteOrderOperator : uint
{
    NetworkToHost = NFT_BYTEORDER_NTOH,
    HostToNetwork = NFT_BYTEORDER_HTON,
}
