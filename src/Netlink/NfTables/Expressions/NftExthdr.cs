using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads part of an IPv6 extension header or of a TCP, IPv4 or SCTP option; or, with the flag, whether it is there.</summary>
/// <param name="Type">Number of the header or option.</param>
/// <param name="Offset">Bytes from its beginning.</param>
/// <param name="Length">Bytes to load.</param>
/// <param name="Flags">NFT_EXTHDR_F_PRESENT: load 1 or 0.</param>
public sealed record NftExthdr(NftExthdrOperator Operator, byte Type, uint Offset, uint Length, uint Flags = 0, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "exthdr";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_EXTHDR_DREG, (uint)Destination);
        m.Byte(NFTA_EXTHDR_TYPE, (byte)Type);
        m.UInt32BigEndian(NFTA_EXTHDR_OFFSET, (uint)Offset);
        m.UInt32BigEndian(NFTA_EXTHDR_LEN, (uint)Length);
        m.UInt32BigEndian(NFTA_EXTHDR_OP, (uint)Operator);
        if (Flags != 0) m.UInt32BigEndian(NFTA_EXTHDR_FLAGS, (uint)Flags);
    }

    internal static NftExthdr Read(AttributeReader attributes)
    {
        NftExthdrOperator @operator = default;
        byte type = default;
        uint offset = default;
        uint length = default;
        uint flags = 0;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_EXTHDR_DREG: destination = a.ToRegister(); break;
                case NFTA_EXTHDR_TYPE: type = a.Byte; break;
                case NFTA_EXTHDR_OFFSET: offset = a.UInt32BigEndian; break;
                case NFTA_EXTHDR_LEN: length = a.UInt32BigEndian; break;
                case NFTA_EXTHDR_OP: @operator = (NftExthdrOperator)a.UInt32BigEndian; break;
                case NFTA_EXTHDR_FLAGS: flags = a.UInt32BigEndian; break;
            }
        }
        return new NftExthdr(@operator, type, offset, length, flags, destination);
    }
}

/// <summary>NFT_EXTHDR_OP_*.</summary>
public enum NftExthdrOperator : uint
{
    Ipv6 = NFT_EXTHDR_OP_IPV6,
    TcpOption = NFT_EXTHDR_OP_TCPOPT,
    Ipv4Option = NFT_EXTHDR_OP_IPV4,
    SctpChunk = NFT_EXTHDR_OP_SCTP,
}
