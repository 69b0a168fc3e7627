using System.Text;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Bmp;

/// <summary>Whom a message is about: the per-peer header without its time (RFC 7854 §4.2).</summary>
internal readonly record struct BmpPeerHeader(BmpPeerType Type, BmpPeerFlags Flags, InetAddress Address, uint Asn, uint RouterId);

/// <summary>BMP messages as bytes (RFC 7854 §4, version 3).</summary>
internal static class BmpMessage
{
    internal const int HeaderLength = 6;
    internal const int PeerHeaderLength = 42;

    /// <summary>Writes the common header with the length left open; returns where the message begins, for <see cref="End"/>.</summary>
    internal static int Begin(ref SpanWriter w, BmpMessageType type)
    {
        int start = w.Position;
        w.WriteByte(3);
        w.WriteUInt32BigEndian(0);
        w.WriteByte((byte)type);
        return start;
    }

    internal static int Begin(ref SpanWriter w, BmpMessageType type, in BmpPeerHeader peer, DateTimeOffset time)
    {
        int start = Begin(ref w, type);
        w.WriteByte((byte)peer.Type);
        w.WriteByte((byte)(peer.Address.IsIPv6 ? peer.Flags | BmpPeerFlags.IPv6 : peer.Flags));
        w.WriteUInt64BigEndian(0);
        WriteAddress(ref w, peer.Address);
        w.WriteUInt32BigEndian(peer.Asn);
        w.WriteUInt32BigEndian(peer.RouterId);
        w.WriteUInt32BigEndian((uint)time.ToUnixTimeSeconds());
        w.WriteUInt32BigEndian((uint)(time.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
        return start;
    }

    internal static void End(ref SpanWriter w, int start)
    {
        int length = w.Position - start;
        w.PatchUInt16BigEndian(start + 1, (ushort)(length >> 16));
        w.PatchUInt16BigEndian(start + 3, (ushort)length);
    }

    // IPv4 addresses stand in the last four of the sixteen octets.
    private static void WriteAddress(ref SpanWriter w, InetAddress address)
    {
        Span<byte> octets = w.Reserve(16);
        if (octets.IsEmpty) return;
        octets.Clear();
        address.WriteBytes(address.IsIPv6 ? octets : octets[12..]);
    }

    internal static byte[] Initiation(string description, string name)
    {
        SpanWriter w = new(stackalloc byte[HeaderLength + 2 * (4 + 255)]);
        int start = Begin(ref w, BmpMessageType.InitiationMessage);
        WriteText(ref w, BmpInformation.SysDescr, description);
        WriteText(ref w, BmpInformation.SysName, name);
        End(ref w, start);
        return w.Written.ToArray();
    }

    internal static byte[] Termination(BmpTerminationReason reason)
    {
        SpanWriter w = new(stackalloc byte[HeaderLength + 6]);
        int start = Begin(ref w, BmpMessageType.TerminationMessage);
        w.WriteUInt16BigEndian(1);
        w.WriteUInt16BigEndian(2);
        w.WriteUInt16BigEndian((ushort)reason);
        End(ref w, start);
        return w.Written.ToArray();
    }

    /// <summary>Peer Up with both OPENs, whole messages (RFC 7854 §4.10). Information TLVs are optional, and decoders in use stumble over them: there are none.</summary>
    internal static byte[] PeerUp(in BmpPeerHeader peer, DateTimeOffset time, BmpEndpoints endpoints, ReadOnlySpan<byte> sent, ReadOnlySpan<byte> received)
    {
        byte[] buffer = new byte[HeaderLength + PeerHeaderLength + 20 + sent.Length + received.Length];
        SpanWriter w = new(buffer);
        int start = Begin(ref w, BmpMessageType.PeerUpNotification, peer, time);
        WriteAddress(ref w, endpoints.LocalAddress);
        w.WriteUInt16BigEndian(endpoints.LocalPort);
        w.WriteUInt16BigEndian(endpoints.RemotePort);
        w.WriteBytes(sent);
        w.WriteBytes(received);
        End(ref w, start);
        return buffer;
    }

    /// <param name="data">A whole NOTIFICATION, an FSM event code, or nothing, as the reason demands (RFC 7854 §4.9).</param>
    internal static byte[] PeerDown(in BmpPeerHeader peer, DateTimeOffset time, BmpPeerDownReason reason, ReadOnlySpan<byte> data)
    {
        byte[] buffer = new byte[HeaderLength + PeerHeaderLength + 1 + data.Length];
        SpanWriter w = new(buffer);
        int start = Begin(ref w, BmpMessageType.PeerDownNotification, peer, time);
        w.WriteByte((byte)reason);
        w.WriteBytes(data);
        End(ref w, start);
        return buffer;
    }

    /// <summary>At most 255 octets of the text, cut between characters.</summary>
    private static void WriteText(ref SpanWriter w, BmpInformation type, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(255, utf8.Length);
        while (length < utf8.Length && length > 0 && (utf8[length] & 0xc0) == 0x80) length--;
        w.WriteUInt16BigEndian((ushort)type);
        w.WriteUInt16BigEndian((ushort)length);
        w.WriteBytes(utf8.AsSpan(0, length));
    }
}

/// <summary>The ends of a peer's TCP connection, as Peer Up tells them.</summary>
internal readonly record struct BmpEndpoints(InetAddress LocalAddress, ushort LocalPort, ushort RemotePort);

/// <summary>A Stats Report being written (RFC 7854 §4.8).</summary>
internal ref struct BmpStatsWriter
{
    private SpanWriter _w;
    private readonly int _start;
    private uint _count;

    internal BmpStatsWriter(Span<byte> buffer, in BmpPeerHeader peer, DateTimeOffset time)
    {
        _w = new SpanWriter(buffer);
        _start = BmpMessage.Begin(ref _w, BmpMessageType.StatisticsReport, peer, time);
        _w.WriteUInt32BigEndian(0);
    }

    /// <summary>A counter of 32 bits, which wraps.</summary>
    internal void Counter(BmpStatistic type, long value)
    {
        Header(type, 4);
        _w.WriteUInt32BigEndian((uint)value);
    }

    internal void Gauge(BmpStatistic type, long value)
    {
        Header(type, 8);
        _w.WriteUInt64BigEndian((ulong)value);
    }

    internal void Gauge(BmpStatistic type, Family family, long value)
    {
        Header(type, 11);
        _w.WriteUInt16BigEndian((ushort)family.Afi);
        _w.WriteByte((byte)family.Safi);
        _w.WriteUInt64BigEndian((ulong)value);
    }

    private void Header(BmpStatistic type, int length)
    {
        _count++;
        _w.WriteUInt16BigEndian((ushort)type);
        _w.WriteUInt16BigEndian((ushort)length);
    }

    internal byte[] End()
    {
        int at = _start + BmpMessage.HeaderLength + BmpMessage.PeerHeaderLength;
        _w.PatchUInt16BigEndian(at, (ushort)(_count >> 16));
        _w.PatchUInt16BigEndian(at + 2, (ushort)_count);
        BmpMessage.End(ref _w, _start);
        return _w.Written.ToArray();
    }
}
