using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Family netdev: sends the packet out of a link, or to a neighbour on it.</summary>
/// <param name="Family">Of the address.</param>
public sealed record NftFwd(NftRegister Link = NftRegister.R1, NftRegister? Address = null, NftFamily? Family = null) : NftExpression
{
    public override string Kind => "fwd";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_FWD_SREG_DEV, (uint)Link);
        if (Address is not null) m.UInt32BigEndian(NFTA_FWD_SREG_ADDR, (uint)Address.Value);
        if (Family is not null) m.UInt32BigEndian(NFTA_FWD_NFPROTO, (uint)Family.Value);
    }

    internal static NftFwd Read(AttributeReader attributes)
    {
        NftRegister link = NftRegister.R1;
        NftRegister? address = null;
        NftFamily? family = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_FWD_SREG_DEV: link = a.ToRegister(); break;
                case NFTA_FWD_SREG_ADDR: address = a.ToRegister(); break;
                case NFTA_FWD_NFPROTO: family = (NftFamily)a.UInt32BigEndian; break;
            }
        }
        return new NftFwd(link, address, family);
    }
}
