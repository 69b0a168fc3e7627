using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads a fact about the packet's connection into a register, or with <see cref="Source"/> sets it from one.</summary>
public sealed record NftCt(NftCtKey Key) : NftExpression
{
    public NftRegister Destination { get; init; } = NftRegister.R1;

    /// <summary>Set the fact (mark, zone, labels …) from this register, instead of loading it.</summary>
    public NftRegister? Source { get; init; }

    /// <summary>For addresses, ports, counters and zones: 0 original, 1 reply. Null: none, or both.</summary>
    public byte? Direction { get; init; }

    public override string Kind => "ct";

    public static NftCt Set(NftCtKey key, NftRegister source = NftRegister.R1) => new(key) { Source = source };

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_CT_KEY, (uint)Key);
        if (Source is { } source) m.UInt32BigEndian(NFTA_CT_SREG, (uint)source);
        else m.UInt32BigEndian(NFTA_CT_DREG, (uint)Destination);
        if (Direction is { } direction) m.Byte(NFTA_CT_DIRECTION, direction);
    }

    internal static NftCt Read(AttributeReader attributes)
    {
        NftCt ct = new(default(NftCtKey));
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            ct = a.Type switch
            {
                NFTA_CT_KEY => ct with { Key = (NftCtKey)a.UInt32BigEndian },
                NFTA_CT_DREG => ct with { Destination = a.ToRegister() },
                NFTA_CT_SREG => ct with { Source = a.ToRegister() },
                NFTA_CT_DIRECTION => ct with { Direction = a.Byte },
                _ => ct,
            };
        }
        return ct;
    }
}

/// <summary>NFT_CT_*.</summary>
public enum NftCtKey : uint
{
    /// <summary><see cref="NftCtState"/>, 4, host order.</summary>
    State = NFT_CT_STATE,

    /// <summary>0 original, 1 reply; 1 byte.</summary>
    Direction = NFT_CT_DIRECTION,

    /// <summary><see cref="NftCtStatus"/>, 4, host order.</summary>
    Status = NFT_CT_STATUS,

    /// <summary>4, host order.</summary>
    Mark = NFT_CT_MARK,
    Expiration = NFT_CT_EXPIRATION,
    Helper = NFT_CT_HELPER,
    L3Protocol = NFT_CT_L3PROTOCOL,
    Protocol = NFT_CT_PROTOCOL,
    SourcePort = NFT_CT_PROTO_SRC,
    DestinationPort = NFT_CT_PROTO_DST,

    /// <summary>16 bytes: 128 bits.</summary>
    Labels = NFT_CT_LABELS,
    Packets = NFT_CT_PKTS,
    Bytes = NFT_CT_BYTES,

    /// <summary>2, host order. Set it in a chain before connection tracking: priority raw.</summary>
    Zone = NFT_CT_ZONE,
    SourceAddress4 = NFT_CT_SRC_IP,
    DestinationAddress4 = NFT_CT_DST_IP,
    SourceAddress6 = NFT_CT_SRC_IP6,
    DestinationAddress6 = NFT_CT_DST_IP6,
    Id = NFT_CT_ID,
}

/// <summary>Bits of <see cref="NftCtKey.State"/> (NF_CT_STATE_BIT).</summary>
[Flags]
public enum NftCtState : uint
{
    None = 0,
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
    Untracked = 64,
}

/// <summary>Bits of <see cref="NftCtKey.Status"/> (linux/netfilter/nf_conntrack_common.h, IPS_*).</summary>
[Flags]
public enum NftCtStatus : uint
{
    None = 0,
    Expected = 1,
    SeenReply = 2,
    Assured = 4,
    Confirmed = 8,
    SourceNat = 16,
    DestinationNat = 32,
    Dying = 512,
}
