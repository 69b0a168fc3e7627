using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Margay.Netlink.Constants;

namespace Margay.Netlink.Sockets;

/// <summary>struct nfgenmsg (linux/netfilter/nfnetlink.h): the header of every netfilter message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NfGenMsg
{
    public byte Family;
    public byte Version;
    public ushort ResourceIdBigEndian;

    internal static NfGenMsg For(byte family, int resourceId = 0) =>
        new() { Family = family, Version = LinuxNfnetlink.NFNETLINK_V0, ResourceIdBigEndian = BinaryPrimitives.ReverseEndianness((ushort)resourceId) };
}
