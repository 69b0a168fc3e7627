using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfnetlink;

namespace Margay.Netlink.NfTables;

/// <summary>Types and headers of the messages of nf_tables.</summary>
internal static class NfTablesMessage
{
    internal static NfGenMsg Header(NftFamily family, int resourceId = 0) => NfGenMsg.For((byte)family, resourceId);

    internal static ushort Type(int message) => (ushort)(NFNL_SUBSYS_NFTABLES << 8 | message);

    /// <summary>NFT_MSG_*, or −1 when the message is of another subsystem.</summary>
    internal static int Of(ushort type) => type >> 8 == NFNL_SUBSYS_NFTABLES ? type & 0xff : -1;
}
