using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads what routing decided: next hop, path MTU (as TCP MSS).</summary>
public sealed record NftRt(NftRtKey Key, NftRegister Destination = NftRegister.R1) : NftExpression
{
    public override string Kind => "rt";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_RT_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_RT_KEY, (uint)Key);
    }

    internal static NftRt Read(AttributeReader attributes)
    {
        NftRtKey key = default;
        NftRegister destination = NftRegister.R1;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_RT_DREG: destination = a.ToRegister(); break;
                case NFTA_RT_KEY: key = (NftRtKey)a.UInt32BigEndian; break;
            }
        }
        return new NftRt(key, destination);
    }
}

/// <summary>NFT_RT_*.</summary>
public enum NftRtKey : uint
{
    ClassId = NFT_RT_CLASSID,
    Nexthop4 = NFT_RT_NEXTHOP4,
    Nexthop6 = NFT_RT_NEXTHOP6,
    TcpMss = NFT_RT_TCPMSS,
}
