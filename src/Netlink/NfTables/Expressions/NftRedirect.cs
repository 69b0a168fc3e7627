using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Translates the destination to this host.</summary>
public sealed record NftRedirect(NftRegister? PortMin = null, NftRegister? PortMax = null, NftNatFlags Flags = NftNatFlags.None) : NftExpression
{
    public override string Kind => "redir";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (PortMin is not null) m.UInt32BigEndian(NFTA_REDIR_REG_PROTO_MIN, (uint)PortMin.Value);
        if (PortMax is not null) m.UInt32BigEndian(NFTA_REDIR_REG_PROTO_MAX, (uint)PortMax.Value);
        if (Flags != 0) m.UInt32BigEndian(NFTA_REDIR_FLAGS, (uint)Flags);
    }

    internal static NftRedirect Read(AttributeReader attributes)
    {
        NftRegister? portMin = null;
        NftRegister? portMax = null;
        NftNatFlags flags = NftNatFlags.None;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_REDIR_REG_PROTO_MIN: portMin = a.ToRegister(); break;
                case NFTA_REDIR_REG_PROTO_MAX: portMax = a.ToRegister(); break;
                case NFTA_REDIR_FLAGS: flags = (NftNatFlags)a.UInt32BigEndian; break;
            }
        }
        return new NftRedirect(portMin, portMax, flags);
    }
}
