using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Logs the packet: to the kernel log, or with a group to programs that listen to it (NFLOG).</summary>
/// <param name="Prefix">At most 127 bytes.</param>
/// <param name="SnapLength">Bytes of the packet to copy; with a group.</param>
/// <param name="QueueThreshold">Packets to gather before they are passed on; with a group.</param>
/// <param name="Level">NFT_LOGLEVEL_*; without a group.</param>
/// <param name="Flags">NF_LOG_*; without a group.</param>
public sealed record NftLog(string? Prefix = null, ushort? Group = null, uint? SnapLength = null, ushort? QueueThreshold = null, uint? Level = null, uint? Flags = null) : NftExpression
{
    public override string Kind => "log";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Prefix is not null) m.String(NFTA_LOG_PREFIX, Prefix);
        if (Group is not null) m.UInt16BigEndian(NFTA_LOG_GROUP, (ushort)Group.Value);
        if (SnapLength is not null) m.UInt32BigEndian(NFTA_LOG_SNAPLEN, (uint)SnapLength.Value);
        if (QueueThreshold is not null) m.UInt16BigEndian(NFTA_LOG_QTHRESHOLD, (ushort)QueueThreshold.Value);
        if (Level is not null) m.UInt32BigEndian(NFTA_LOG_LEVEL, (uint)Level.Value);
        if (Flags is not null) m.UInt32BigEndian(NFTA_LOG_FLAGS, (uint)Flags.Value);
    }

    internal static NftLog Read(AttributeReader attributes)
    {
        string? prefix = null;
        ushort? group = null;
        uint? snapLength = null;
        ushort? queueThreshold = null;
        uint? level = null;
        uint? flags = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_LOG_PREFIX: prefix = a.String; break;
                case NFTA_LOG_GROUP: group = a.UInt16BigEndian; break;
                case NFTA_LOG_SNAPLEN: snapLength = a.UInt32BigEndian; break;
                case NFTA_LOG_QTHRESHOLD: queueThreshold = a.UInt16BigEndian; break;
                case NFTA_LOG_LEVEL: level = a.UInt32BigEndian; break;
                case NFTA_LOG_FLAGS: flags = a.UInt32BigEndian; break;
            }
        }
        return new NftLog(prefix, group, snapLength, queueThreshold, level, flags);
    }
}
