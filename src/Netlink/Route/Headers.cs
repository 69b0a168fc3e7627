using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Netlink.Route;

/// <summary>struct ifinfomsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IfInfoMsg
{
    public byte Family;
    public byte Pad;
    public ushort Type;
    public int Index;
    public uint Flags;
    public uint Change;
}

/// <summary>struct ifaddrmsg (linux/if_addr.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IfAddrMsg
{
    public byte Family;
    public byte PrefixLength;
    public byte Flags;
    public byte Scope;
    public int Index;
}

/// <summary>struct rtmsg (linux/rtnetlink.h), and struct fib_rule_hdr, which has the same shape.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RtMsg
{
    public byte Family;
    public byte DestinationLength;
    public byte SourceLength;
    public byte Tos;
    public byte Table;
    public byte Protocol;
    public byte Scope;
    public byte Type;
    public uint Flags;
}

/// <summary>struct ndmsg (linux/neighbour.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NdMsg
{
    public byte Family;
    public byte Pad1;
    public ushort Pad2;
    public int Index;
    public ushort State;
    public byte Flags;
    public byte Type;
}

/// <summary>struct ndtmsg (linux/neighbour.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NdtMsg
{
    public byte Family;
    public byte Pad1;
    public ushort Pad2;
}

/// <summary>struct nhmsg (linux/nexthop.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NhMsg
{
    public byte Family;
    public byte Scope;
    public byte Protocol;
    public byte Reserved;
    public uint Flags;
}

/// <summary>struct rtgenmsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RtGenMsg
{
    public byte Family;
}

/// <summary>Address families by their socket.h numbers.</summary>
internal static class Family
{
    internal const byte Unspec = 0;
    internal const byte Inet = 2;
    internal const byte Bridge = 7;
    internal const byte Inet6 = 10;

    internal static byte Of(InetAddress address) => address.IsIPv6 ? Inet6 : Inet;
    internal static byte Of(IpPrefix prefix) => prefix.IsIPv6 ? Inet6 : Inet;
}
