using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Dataplane.Drops;

/// <summary>What the headers of an IPv4 or IPv6 packet say of its two ends. Ports and ICMP fields are absent where the packet has none, or was cut before them.</summary>
public readonly record struct PacketHeaders(InetAddress Source, InetAddress Destination, byte Protocol)
{
    private const byte HopByHop = 0, Routing = 43, Fragment = 44, Authentication = 51, NoNextHeader = 59, DestinationOptions = 60, Dccp = 33;

    /// <summary>A packet has few extension headers; more are an attack on whoever walks them.</summary>
    private const int MaxExtensions = 8;

    public ushort? SourcePort { get; init; }
    public ushort? DestinationPort { get; init; }
    public byte? IcmpType { get; init; }
    public byte? IcmpCode { get; init; }

    /// <summary>Reads a packet from its network header on. False for what is neither IPv4 (RFC 791) nor IPv6 (RFC 8200), or is cut within the addresses.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        headers = default;
        if (packet.IsEmpty) return false;
        return (packet[0] >> 4) switch
        {
            4 => TryReadV4(packet, out headers),
            6 => TryReadV6(packet, out headers),
            _ => false,
        };
    }

    private static bool TryReadV4(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        headers = default;
        int length = (packet[0] & 0xf) * 4;
        if (length < 20 || packet.Length < length) return false;
        headers = new PacketHeaders(InetAddress.FromBytes(packet[12..16]), InetAddress.FromBytes(packet[16..20]), packet[9]);
        bool isFirst = (packet[6] & 0x1f) == 0 && packet[7] == 0;
        if (isFirst) headers = headers.WithTransport(packet[length..]);
        return true;
    }

    private static bool TryReadV6(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        headers = default;
        SpanReader reader = new(packet);
        reader.Skip(6);
        byte next = reader.ReadByte();
        reader.Skip(1);
        ReadOnlySpan<byte> source = reader.ReadBytes(16), destination = reader.ReadBytes(16);
        if (reader.Failed) return false;
        headers = new PacketHeaders(InetAddress.FromBytes(source), InetAddress.FromBytes(destination), next);
        bool isFirst = true;
        for (int i = 0; i < MaxExtensions && next is HopByHop or Routing or Fragment or Authentication or DestinationOptions; i++)
        {
            byte following = reader.ReadByte(), length = reader.ReadByte();
            if (next == Fragment)
            {
                isFirst = reader.ReadUInt16BigEndian() >> 3 == 0;
                reader.Skip(4);
            }
            else
            {
                reader.Skip(next == Authentication ? ((length + 2) * 4) - 2 : ((length + 1) * 8) - 2);
            }
            if (reader.Failed) return true;
            next = following;
            headers = headers with { Protocol = next };
        }
        if (isFirst && next != NoNextHeader) headers = headers.WithTransport(reader.Rest);
        return true;
    }

    private PacketHeaders WithTransport(ReadOnlySpan<byte> transport)
    {
        SpanReader reader = new(transport);
        if (Protocol is Api.Resources.Protocol.Tcp or Api.Resources.Protocol.Udp or Api.Resources.Protocol.Sctp or Api.Resources.Protocol.UdpLite or Dccp)
        {
            ushort source = reader.ReadUInt16BigEndian(), destination = reader.ReadUInt16BigEndian();
            return reader.Failed ? this : this with { SourcePort = source, DestinationPort = destination };
        }
        if (Protocol == (Source.IsIPv6 ? Api.Resources.Protocol.IcmpV6 : Api.Resources.Protocol.Icmp))
        {
            byte type = reader.ReadByte(), code = reader.ReadByte();
            return reader.Failed ? this : this with { IcmpType = type, IcmpCode = code };
        }
        return this;
    }
}
