using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads a fact about the packet that is not in its bytes into a register, or with <see cref="Source"/> sets it from one.</summary>
public sealed record NftMeta(NftMetaKey Key) : NftExpression
{
    public NftRegister Destination { get; init; } = NftRegister.R1;

    /// <summary>Set the fact (mark, priority, trace …) from this register, instead of loading it.</summary>
    public NftRegister? Source { get; init; }

    public override string Kind => "meta";

    public static NftMeta Set(NftMetaKey key, NftRegister source = NftRegister.R1) => new(key) { Source = source };

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_META_KEY, (uint)Key);
        if (Source is { } source) m.UInt32BigEndian(NFTA_META_SREG, (uint)source);
        else m.UInt32BigEndian(NFTA_META_DREG, (uint)Destination);
    }

    internal static NftMeta Read(AttributeReader attributes)
    {
        NftMeta meta = new(default(NftMetaKey));
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            meta = a.Type switch
            {
                NFTA_META_KEY => meta with { Key = (NftMetaKey)a.UInt32BigEndian },
                NFTA_META_DREG => meta with { Destination = a.ToRegister() },
                NFTA_META_SREG => meta with { Source = a.ToRegister() },
                _ => meta,
            };
        }
        return meta;
    }
}

/// <summary>NFT_META_*, with the length and order of what is loaded.</summary>
public enum NftMetaKey : uint
{
    /// <summary>Bytes of the packet, 4, host order.</summary>
    Length = NFT_META_LEN,

    /// <summary>Ethernet type, 2, network order.</summary>
    Protocol = NFT_META_PROTOCOL,
    Priority = NFT_META_PRIORITY,

    /// <summary>4, host order.</summary>
    Mark = NFT_META_MARK,

    /// <summary>Index, 4, host order.</summary>
    IncomingLink = NFT_META_IIF,
    OutgoingLink = NFT_META_OIF,

    /// <summary>16, padded with zeros.</summary>
    IncomingLinkName = NFT_META_IIFNAME,
    OutgoingLinkName = NFT_META_OIFNAME,
    IncomingLinkType = NFT_META_IIFTYPE,
    OutgoingLinkType = NFT_META_OIFTYPE,
    SocketUser = NFT_META_SKUID,
    SocketGroup = NFT_META_SKGID,

    /// <summary>1: trace the packet.</summary>
    Trace = NFT_META_NFTRACE,

    /// <summary>NFPROTO_IPV4 or NFPROTO_IPV6, 1.</summary>
    NfProto = NFT_META_NFPROTO,

    /// <summary>Transport protocol, 1.</summary>
    L4Proto = NFT_META_L4PROTO,
    PacketType = NFT_META_PKTTYPE,
    Cpu = NFT_META_CPU,
    IncomingLinkGroup = NFT_META_IIFGROUP,
    OutgoingLinkGroup = NFT_META_OIFGROUP,
    Cgroup = NFT_META_CGROUP,
    Random = NFT_META_PRANDOM,
    IncomingLinkKind = NFT_META_IIFKIND,
    OutgoingLinkKind = NFT_META_OIFKIND,
}
