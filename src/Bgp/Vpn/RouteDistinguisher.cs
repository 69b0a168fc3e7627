using System.Buffers.Binary;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>A route distinguisher (RFC 4364 §4.2): makes equal prefixes of different networks different routes.</summary>
public readonly record struct RouteDistinguisher(ulong Value)
{
    /// <summary>Type 1: an address of the originating host and a number of its own.</summary>
    public static RouteDistinguisher Of(InetAddress address, ushort number) =>
        address.IsIPv4 ? new(0x0001_0000_0000_0000 | (ulong)address.IPv4Value << 16 | number) : throw new ArgumentException("an IPv4 address is needed", nameof(address));

    internal void Write(Span<byte> to) => BinaryPrimitives.WriteUInt64BigEndian(to, Value);
}
