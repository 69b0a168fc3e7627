using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Margay.Netlink.Constants;

namespace Margay.Netlink.NfTables;

/// <summary>struct nfgenmsg (linux/netfilter/nfnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NfGenMsg
{
    public byte Family;
    public byte Version;
    public ushort ResourceIdBigEndian;

    internal readonly ushort ResourceId => BinaryPrimitives.ReverseEndianness(ResourceIdBigEndian);

    internal static NfGenMsg For(NftFamily family, ushort resourceId = 0) =>
        new() { Family = (byte)family, Version = LinuxNfnetlink.NFNETLINK_V0, ResourceIdBigEndian = BinaryPrimitives.ReverseEndianness(resourceId) };

    internal static ushort Type(int message) => (ushort)(LinuxNfnetlink.NFNL_SUBSYS_NFTABLES << 8 | message);

    /// <summary>NFT_MSG_*, or −1 when the message is of another subsystem.</summary>
    internal static int MessageOf(ushort type) => type >> 8 == LinuxNfnetlink.NFNL_SUBSYS_NFTABLES ? type & 0xff : -1;
}
