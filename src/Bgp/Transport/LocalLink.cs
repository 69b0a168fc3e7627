using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>The interface that has one of our addresses, and the subnet that the address is in.</summary>
/// <param name="LinkLocal">The IPv6 link-local address of the same interface, if it has one.</param>
public readonly record struct LocalLink(string Interface, IpPrefix Subnet, InetAddress? LinkLocal)
{
    // struct ifaddrs on 64 bit: next, name, flags, address, netmask.
    private const int NameAt = 8, AddressAt = 24, NetmaskAt = 32;

    /// <summary>What the kernel says of <paramref name="address"/>, in the caller's network namespace; null if no interface has it.</summary>
    internal static LocalLink? Find(InetAddress address)
    {
        if (Libc.getifaddrs(out nint first) != 0) return null;
        try
        {
            if (FindEntry(first, (_, a) => a == address) is not { } found) return null;
            (string name, nint entry) = found;
            InetAddress mask = AddressOf(Marshal.ReadIntPtr(entry, NetmaskAt)) ?? default;
            InetAddress? linkLocal = FindEntry(first, (n, a) => n == name && a is { IsIPv6: true, IsLinkLocal: true }) is { } ll
                ? AddressOf(Marshal.ReadIntPtr(ll.Entry, AddressAt)) : null;
            return new LocalLink(name, SubnetOf(address, mask), linkLocal);
        }
        finally
        {
            Libc.freeifaddrs(first);
        }
    }

    private static IpPrefix SubnetOf(InetAddress address, InetAddress mask)
    {
        int length = BitOperations.PopCount((ulong)(mask.Bits >> 64)) + BitOperations.PopCount((ulong)mask.Bits);
        return new IpPrefix(InetAddress.FromBits(address.Bits & IpPrefix.Mask(length), address.IsIPv6), length);
    }

    private static (string Name, nint Entry)? FindEntry(nint first, Func<string, InetAddress, bool> wanted)
    {
        for (nint e = first; e != 0; e = Marshal.ReadIntPtr(e))
        {
            if (AddressOf(Marshal.ReadIntPtr(e, AddressAt)) is not { } a) continue;
            string name = Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(e, NameAt)) ?? "";
            if (wanted(name, a)) return (name, e);
        }
        return null;
    }

    private static InetAddress? AddressOf(nint address)
    {
        if (address == 0) return null;
        switch (Marshal.ReadInt16(address))
        {
            case SocketAddressBytes.AF_INET:
                return InetAddress.FromIPv4(BinaryPrimitives.ReverseEndianness((uint)Marshal.ReadInt32(address, 4)));
            case SocketAddressBytes.AF_INET6:
                byte[] bytes = new byte[16];
                Marshal.Copy(address + 8, bytes, 0, bytes.Length);
                return InetAddress.FromBytes(bytes);
            default:
                return null;
        }
    }
}
