using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Ends the rule when the rate is exceeded (or, inverted, when it is not).</summary>
/// <param name="Rate">Packets or bytes per unit.</param>
/// <param name="UnitSeconds">1, 60, 3600, 86400 or 604800.</param>
/// <param name="Burst">Packets or bytes above the rate; nft gives packets 5.</param>
/// <param name="Flags">NFT_LIMIT_F_INV: over the rate.</param>
public sealed record NftLimit(ulong Rate, ulong UnitSeconds = 1, uint Burst = 5, NftLimitKind Limit = NftLimitKind.Packets, uint Flags = 0) : NftExpression
{
    /// <summary>For <see cref="Flags"/>: goes on when the rate is exceeded.</summary>
    public const uint Over = NFT_LIMIT_F_INV;

    public override string Kind => "limit";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt64BigEndian(NFTA_LIMIT_RATE, (ulong)Rate);
        m.UInt64BigEndian(NFTA_LIMIT_UNIT, (ulong)UnitSeconds);
        m.UInt32BigEndian(NFTA_LIMIT_BURST, (uint)Burst);
        m.UInt32BigEndian(NFTA_LIMIT_TYPE, (uint)Limit);
        m.UInt32BigEndian(NFTA_LIMIT_FLAGS, (uint)Flags);
    }

    internal static NftLimit Read(AttributeReader attributes)
    {
        ulong rate = default;
        ulong unitSeconds = 1;
        uint burst = 5;
        NftLimitKind limit = NftLimitKind.Packets;
        uint flags = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_LIMIT_RATE: rate = a.UInt64BigEndian; break;
                case NFTA_LIMIT_UNIT: unitSeconds = a.UInt64BigEndian; break;
                case NFTA_LIMIT_BURST: burst = a.UInt32BigEndian; break;
                case NFTA_LIMIT_TYPE: limit = (NftLimitKind)a.UInt32BigEndian; break;
                case NFTA_LIMIT_FLAGS: flags = a.UInt32BigEndian; break;
            }
        }
        return new NftLimit(rate, unitSeconds, burst, limit, flags);
    }
}

/// <summary>NFT_LIMIT_*.</summary>
public enum NftLimitKind : uint
{
    Packets = NFT_LIMIT_PKTS,
    Bytes = NFT_LIMIT_PKT_BYTES,
}
