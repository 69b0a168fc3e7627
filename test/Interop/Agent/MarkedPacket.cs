using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Margay.Core.Net;
using Margay.Interop.Dataplane;

namespace Margay.Interop.Agent;

/// <summary>IP packets with right checksums and a mark in their payload, by which a <see cref="Witness"/> knows them again, however they are wrapped.</summary>
internal static class MarkedPacket
{
    private const byte Udp = 17, Fragment = 44;
    private const int V4Header = 20, V6Header = 40, UdpHeader = 8, FragmentHeader = 8, Digits = 6;
    private static ReadOnlySpan<byte> Magic => "a-mark-of-margay:"u8;

    internal static byte[] Mark(int mark) => [.. Magic, .. Encoding.ASCII.GetBytes(mark.ToString("D6", CultureInfo.InvariantCulture))];

    /// <summary>The first mark in a frame, or null.</summary>
    internal static int? MarkIn(ReadOnlySpan<byte> frame)
    {
        int at = frame.IndexOf(Magic);
        return at >= 0 && frame.Length >= at + Magic.Length + Digits && int.TryParse(frame.Slice(at + Magic.Length, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out int mark) ? mark : null;
    }

    /// <summary>A datagram of UDP, from its IP header on.</summary>
    internal static byte[] Datagram(string source, string destination, ushort port, int mark, params byte[] before)
    {
        InetAddress from = InetAddress.Parse(source), to = InetAddress.Parse(destination);
        byte[] payload = [.. before, .. Mark(mark)];
        byte[] udp = new byte[UdpHeader + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(udp, 40_000);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), port);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        payload.CopyTo(udp, UdpHeader);
        byte[] summed = udp.Length % 2 == 0 ? udp : [.. udp, 0];
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(6), RawPacket.Fold(RawPacket.Sum(from.ToBytes()) + RawPacket.Sum(to.ToBytes()) + Udp + (uint)udp.Length + RawPacket.Sum(summed)));
        return Ip(from, to, Udp, udp);
    }

    /// <summary>A packet of any protocol.</summary>
    internal static byte[] Ip(InetAddress from, InetAddress to, byte protocol, byte[] payload)
    {
        byte[] header = new byte[from.IsIPv6 ? V6Header : V4Header];
        if (from.IsIPv6)
        {
            (header[0], header[6], header[7]) = (0x60, protocol, 64);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)payload.Length);
        }
        else
        {
            (header[0], header[8], header[9]) = (0x45, 64, protocol);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + payload.Length));
        }
        from.ToBytes().CopyTo(header, from.IsIPv6 ? 8 : 12);
        to.ToBytes().CopyTo(header, from.IsIPv6 ? 24 : 16);
        if (from.IsIPv4) BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), RawPacket.Fold(RawPacket.Sum(header)));
        return [.. header, .. payload];
    }

    /// <summary>A part of a packet's payload as a fragment (RFC 791 §3.2, RFC 8200 §4.5).</summary>
    /// <param name="offset">In the payload, a multiple of 8.</param>
    internal static byte[] FragmentOf(byte[] packet, ushort id, int offset, int length, bool more)
    {
        bool v6 = packet[0] >> 4 == 6;
        int headerLength = v6 ? V6Header : V4Header;
        byte[] header = packet[..headerLength], part = packet.AsSpan(headerLength + offset, length).ToArray();
        if (v6)
        {
            byte[] extension = new byte[FragmentHeader];
            extension[0] = header[6];
            header[6] = Fragment;
            BinaryPrimitives.WriteUInt16BigEndian(extension.AsSpan(2), (ushort)(offset | (more ? 1 : 0)));
            BinaryPrimitives.WriteUInt32BigEndian(extension.AsSpan(4), id);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(FragmentHeader + length));
            return [.. header, .. extension, .. part];
        }
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(headerLength + length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)(offset / 8 | (more ? 0x2000 : 0)));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), 0);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), RawPacket.Fold(RawPacket.Sum(header)));
        return [.. header, .. part];
    }
}
