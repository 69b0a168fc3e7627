using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Loads bytes of the packet into a register, or with <see cref="Source"/> writes a register over them.</summary>
/// <param name="Base">Where <paramref name="Offset"/> counts from.</param>
/// <param name="Offset">Bytes.</param>
/// <param name="Length">Bytes, at most 16 into one register.</param>
public sealed record NftPayload(NftPayloadBase Base, uint Offset, uint Length) : NftExpression
{
    public const uint NoChecksum = NFT_PAYLOAD_CSUM_NONE, InternetChecksum = NFT_PAYLOAD_CSUM_INET;

    public NftRegister Destination { get; init; } = NftRegister.R1;

    /// <summary>Write this register into the packet, instead of loading.</summary>
    public NftRegister? Source { get; init; }

    /// <summary>When writing: NFT_PAYLOAD_CSUM_*, the checksum to correct.</summary>
    public uint ChecksumKind { get; init; }

    /// <summary>When writing: where that checksum is.</summary>
    public uint ChecksumOffset { get; init; }

    /// <summary>When writing: NFT_PAYLOAD_L4CSUM_PSEUDOHDR, the bytes are part of the pseudo header.</summary>
    public uint ChecksumFlags { get; init; }

    public override string Kind => "payload";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Source is { } source) m.UInt32BigEndian(NFTA_PAYLOAD_SREG, (uint)source);
        else m.UInt32BigEndian(NFTA_PAYLOAD_DREG, (uint)Destination);
        m.UInt32BigEndian(NFTA_PAYLOAD_BASE, (uint)Base);
        m.UInt32BigEndian(NFTA_PAYLOAD_OFFSET, Offset);
        m.UInt32BigEndian(NFTA_PAYLOAD_LEN, Length);
        if (Source is null) return;
        m.UInt32BigEndian(NFTA_PAYLOAD_CSUM_TYPE, ChecksumKind);
        m.UInt32BigEndian(NFTA_PAYLOAD_CSUM_OFFSET, ChecksumOffset);
        if (ChecksumFlags != 0) m.UInt32BigEndian(NFTA_PAYLOAD_CSUM_FLAGS, ChecksumFlags);
    }

    internal static NftPayload Read(AttributeReader attributes)
    {
        NftPayload payload = new(default, 0, 0);
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            uint value = a.UInt32BigEndian;
            payload = a.Type switch
            {
                NFTA_PAYLOAD_DREG => payload with { Destination = (NftRegister)value },
                NFTA_PAYLOAD_SREG => payload with { Source = (NftRegister)value },
                NFTA_PAYLOAD_BASE => payload with { Base = (NftPayloadBase)value },
                NFTA_PAYLOAD_OFFSET => payload with { Offset = value },
                NFTA_PAYLOAD_LEN => payload with { Length = value },
                NFTA_PAYLOAD_CSUM_TYPE => payload with { ChecksumKind = value },
                NFTA_PAYLOAD_CSUM_OFFSET => payload with { ChecksumOffset = value },
                NFTA_PAYLOAD_CSUM_FLAGS => payload with { ChecksumFlags = value },
                _ => payload,
            };
        }
        return payload;
    }
}

/// <summary>NFT_PAYLOAD_*_HEADER.</summary>
public enum NftPayloadBase : uint
{
    LinkLayer = NFT_PAYLOAD_LL_HEADER,
    Network = NFT_PAYLOAD_NETWORK_HEADER,
    Transport = NFT_PAYLOAD_TRANSPORT_HEADER,
    Inner = NFT_PAYLOAD_INNER_HEADER,
}
