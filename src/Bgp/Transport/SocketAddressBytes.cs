using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>struct sockaddr_in and sockaddr_in6 as bytes.</summary>
internal static class SocketAddressBytes
{
    internal const int Size = 28;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;

    internal static int FamilyOf(InetAddress address) => address.IsIPv6 ? AF_INET6 : AF_INET;

    /// <summary>Fills 16 (IPv4) or 28 (IPv6) bytes; returns how many.</summary>
    internal static int Write(Span<byte> to, InetAddress address, ushort port, uint scope)
    {
        to[..Size].Clear();
        ushort family = (ushort)FamilyOf(address);
        MemoryMarshal.Write(to, family);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], port);
        address.WriteBytes(to[(address.IsIPv6 ? 8 : 4)..]);
        if (!address.IsIPv6) return 16;
        MemoryMarshal.Write(to[24..], scope);
        return Size;
    }

    /// <summary>The interface of a link-local IPv6 address; null for others.</summary>
    internal static string? InterfaceOf(ReadOnlySpan<byte> from)
    {
        if (Read(from).Address is not { IsIPv6: true, IsLinkLocal: true }) return null;
        Span<byte> name = stackalloc byte[16];
        return Libc.if_indextoname(MemoryMarshal.Read<uint>(from[24..]), ref name[0]) == 0 ? null : Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]);
    }

    internal static (InetAddress Address, ushort Port) Read(ReadOnlySpan<byte> from)
    {
        bool v6 = MemoryMarshal.Read<ushort>(from) == AF_INET6;
        InetAddress address = InetAddress.FromBytes(v6 ? from.Slice(8, 16) : from.Slice(4, 4));
        return (address, BinaryPrimitives.ReadUInt16BigEndian(from[2..]));
    }
}
