using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Counts packets and bytes that come to it. The numbers given are where it starts.</summary>
public sealed record NftCounter(ulong Packets = 0, ulong Bytes = 0) : NftExpression
{
    public override string Kind => "counter";

    protected internal override void WriteData(ref MessageWriter m)
    {
        if (Bytes != 0) m.UInt64BigEndian(NFTA_COUNTER_BYTES, Bytes);
        if (Packets != 0) m.UInt64BigEndian(NFTA_COUNTER_PACKETS, Packets);
    }

    internal static NftCounter Read(AttributeReader attributes)
    {
        ulong packets = 0;
        ulong bytes = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_COUNTER_BYTES: bytes = a.UInt64BigEndian; break;
                case NFTA_COUNTER_PACKETS: packets = a.UInt64BigEndian; break;
            }
        }
        return new NftCounter(packets, bytes);
    }
}
