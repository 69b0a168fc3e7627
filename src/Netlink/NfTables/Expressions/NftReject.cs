using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Drops the packet and tells its sender: an ICMP error, or a TCP reset.</summary>
/// <param name="Code">ICMP code, or NFT_REJECT_ICMPX_* for the family inet; for a reset, 0.</param>
public sealed record NftReject(NftRejectKind Reject, byte Code = 0) : NftExpression
{
    public override string Kind => "reject";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_REJECT_TYPE, (uint)Reject);
        if (Reject != NftRejectKind.TcpReset) m.Byte(NFTA_REJECT_ICMP_CODE, (byte)Code);
    }

    internal static NftReject Read(AttributeReader attributes)
    {
        NftRejectKind reject = default;
        byte code = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_REJECT_TYPE: reject = (NftRejectKind)a.UInt32BigEndian; break;
                case NFTA_REJECT_ICMP_CODE: code = a.Byte; break;
            }
        }
        return new NftReject(reject, code);
    }

    /// <summary>TCP reset. The rule must have matched TCP before.</summary>
    public static NftReject TcpReset { get; } = new(NftRejectKind.TcpReset);

    /// <summary>Family inet: administratively prohibited, in either protocol.</summary>
    public static NftReject AdminProhibited { get; } = new(NftRejectKind.IcmpX, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);

    /// <summary>Family inet: port unreachable, in either protocol.</summary>
    public static NftReject PortUnreachable { get; } = new(NftRejectKind.IcmpX, NFT_REJECT_ICMPX_PORT_UNREACH);
}

/// <summary>NFT_REJECT_*.</summary>
public enum NftRejectKind : uint
{
    Icmp = NFT_REJECT_ICMP_UNREACH,
    TcpReset = NFT_REJECT_TCP_RST,

    /// <summary>Whatever the protocol of the packet: for the families inet and bridge.</summary>
    IcmpX = NFT_REJECT_ICMPX_UNREACH,
}
