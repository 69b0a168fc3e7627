using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Translates the source to the address of the link the packet leaves by.</summary>
public sealed record NftMasquerade(NftNatFlags Flags = NftNatFlags.None, NftRegister? PortMin = null, NftRegister? PortMax = null) : NftExpression
{
    public override string Kind => "masq";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Flags != 0) m.UInt32BigEndian(NFTA_MASQ_FLAGS, (uint)Flags);
        if (PortMin is not null) m.UInt32BigEndian(NFTA_MASQ_REG_PROTO_MIN, (uint)PortMin.Value);
        if (PortMax is not null) m.UInt32BigEndian(NFTA_MASQ_REG_PROTO_MAX, (uint)PortMax.Value);
    }

    internal static NftMasquerade Read(AttributeReader attributes)
    {
        NftNatFlags flags = NftNatFlags.None;
        NftRegister? portMin = null;
        NftRegister? portMax = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_MASQ_FLAGS: flags = (NftNatFlags)a.UInt32BigEndian; break;
                case NFTA_MASQ_REG_PROTO_MIN: portMin = a.ToRegister(); break;
                case NFTA_MASQ_REG_PROTO_MAX: portMax = a.ToRegister(); break;
            }
        }
        return new NftMasquerade(flags, portMin, portMax);
    }
}
