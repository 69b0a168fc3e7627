using System.Runtime.InteropServices;

namespace Margay.Netlink.Sockets;

/// <summary>struct nlmsghdr (linux/netlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NetlinkHeader
{
    /// <summary>NLMSG_HDRLEN.</summary>
    public const int Size = 16;

    internal const int PortIdOffset = 12;

    public uint Length;
    public ushort Type;
    public ushort Flags;
    public uint Sequence;
    public uint PortId;

    /// <summary>Messages and attributes begin at multiples of four bytes.</summary>
    internal static int Align(int length) => (length + 3) & ~3;
}
