using System.Buffers.Binary;
using System.Numerics;
using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>
/// A packet as its bytes, the first of a connection wherever its protocol has such: TCP SYN, SCTP INIT. Its last four bytes are a number, by which it is known again.
/// </summary>
internal static class RawPacket
{
    private const int V4Header = 20, V6Header = 40;

    /// <summary>The header (RFC 3828).</summary>
    private const byte UdpLiteCoverage = 8;

    internal static byte[] Build(Packet packet, uint id)
    {
        byte[] transport = Transport(packet, id);
        BinaryPrimitives.WriteUInt32BigEndian(transport.AsSpan(transport.Length - 4), id);
        Seal(packet, transport);
        return [.. packet.Source.IsIPv6 ? Header6(packet, transport.Length) : Header4(packet, transport.Length), .. transport];
    }

    private static byte[] Transport(Packet packet, uint id)
    {
        byte[] bytes;
        switch (packet.Protocol)
        {
            case Protocol.Tcp:
                bytes = new byte[24];
                Ports(packet, bytes);
                // No options, SYN, a window.
                (bytes[12], bytes[13], bytes[14]) = (5 << 4, 2, 0x10);
                return bytes;
            case Protocol.Udp or Protocol.UdpLite:
                bytes = new byte[12];
                Ports(packet, bytes);
                // The length; of UDP-Lite the coverage.
                bytes[5] = packet.Protocol == Protocol.Udp ? (byte)bytes.Length : UdpLiteCoverage;
                return bytes;
            case Protocol.Sctp:
                // RFC 9260: the common header, an INIT chunk with tag, window, streams and TSN, and in it a parameter that may be skipped.
                bytes = new byte[12 + 4 + 16 + 8];
                Ports(packet, bytes);
                (bytes[12], bytes[15]) = (1, 28);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), id | 1);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), 65536);
                (bytes[25], bytes[27], bytes[31]) = (1, 1, 1);
                (bytes[32], bytes[35]) = (0xc0, 8);
                return bytes;
            case Protocol.Icmp or Protocol.IcmpV6:
                bytes = new byte[12];
                (bytes[0], bytes[1]) = (packet.IcmpType ?? 0, packet.IcmpCode ?? 0);
                // The identifier: each a connection of its own.
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)id);
                return bytes;
            default:
                return new byte[12];
        }
    }

    private static void Ports(Packet packet, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, packet.SourcePort ?? 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], packet.DestinationPort ?? 0);
    }

    /// <summary>Connection tracking looks at checksums.</summary>
    private static void Seal(Packet packet, Span<byte> transport)
    {
        if (packet.Protocol == Protocol.Sctp)
        {
            uint crc = uint.MaxValue;
            foreach (byte b in transport) crc = BitOperations.Crc32C(crc, b);
            BinaryPrimitives.WriteUInt32LittleEndian(transport[8..], ~crc);
            return;
        }
        int at = packet.Protocol switch { Protocol.Tcp => 16, Protocol.Udp or Protocol.UdpLite => 6, Protocol.Icmp or Protocol.IcmpV6 => 2, _ => -1 };
        if (at < 0) return;
        uint sum = packet.Protocol == Protocol.Icmp ? 0 : Sum(packet.Source.ToBytes()) + Sum(packet.Destination.ToBytes()) + SummedProtocol(packet) + (uint)transport.Length;
        sum += Sum(packet.Protocol == Protocol.UdpLite ? transport[..UdpLiteCoverage] : transport);
        BinaryPrimitives.WriteUInt16BigEndian(transport[at..], Fold(sum));
    }

    /// <summary>Connection tracking (6.18) expects UDP's number in the pseudo header of UDP-Lite.</summary>
    private static byte SummedProtocol(Packet packet) => packet.Protocol == Protocol.UdpLite ? Protocol.Udp : packet.Protocol;

    /// <summary>The sum of 16-bit words, to be folded (RFC 1071).</summary>
    internal static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2) sum += (uint)(bytes[i] << 8 | bytes[i + 1]);
        return sum;
    }

    internal static ushort Fold(uint sum)
    {
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>The kernel fills in the checksum.</summary>
    private static byte[] Header4(Packet packet, int payload)
    {
        byte[] header = new byte[V4Header];
        (header[0], header[8], header[9]) = (0x45, 64, packet.Protocol);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(V4Header + payload));
        packet.Source.ToBytes().CopyTo(header, 12);
        packet.Destination.ToBytes().CopyTo(header, 16);
        return header;
    }

    private static byte[] Header6(Packet packet, int payload)
    {
        byte[] header = new byte[V6Header];
        (header[0], header[6], header[7]) = (0x60, packet.Protocol, 64);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)payload);
        packet.Source.ToBytes().CopyTo(header, 8);
        packet.Destination.ToBytes().CopyTo(header, 24);
        return header;
    }
}
