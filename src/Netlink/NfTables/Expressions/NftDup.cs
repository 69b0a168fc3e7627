using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Sends a copy to an address or, in the family netdev, out of a link.</summary>
public sealed record NftDup(NftRegister? Address = null, NftRegister? Link = null) : NftExpression
{
    public override string Kind => "dup";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Address is not null) m.UInt32BigEndian(NFTA_DUP_SREG_ADDR, (uint)Address.Value);
        if (Link is not null) m.UInt32BigEndian(NFTA_DUP_SREG_DEV, (uint)Link.Value);
    }

    internal static NftDup Read(AttributeReader attributes)
    {
        NftRegister? address = null;
        NftRegister? link = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_DUP_SREG_ADDR: address = a.ToRegister(); break;
                case NFTA_DUP_SREG_DEV: link = a.ToRegister(); break;
            }
        }
        return new NftDup(address, link);
    }
}
