using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>
/// Goes on while the connections that have passed here and are still tracked are at most <paramref name="Count"/>, or with <see cref="Over"/> only when they are more. The list
/// of them belongs to the rule (or to the element of a set) and goes with it. Not before connection tracking.
/// </summary>
public sealed record NftConnlimit(uint Count, uint Flags = 0) : NftExpression
{
    /// <summary>NFT_CONNLIMIT_F_INV.</summary>
    public const uint Over = NFT_CONNLIMIT_F_INV;

    public override string Kind => "connlimit";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_CONNLIMIT_COUNT, Count);
        m.UInt32BigEndian(NFTA_CONNLIMIT_FLAGS, Flags);
    }

    internal static NftConnlimit Read(AttributeReader attributes)
    {
        uint count = 0, flags = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_CONNLIMIT_COUNT: count = a.UInt32BigEndian; break;
                case NFTA_CONNLIMIT_FLAGS: flags = a.UInt32BigEndian; break;
            }
        }
        return new NftConnlimit(count, flags);
    }
}
