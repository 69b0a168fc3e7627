using System.Buffers.Binary;
using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>The header of every message: marker, length, type (RFC 4271 §4.1).</summary>
internal static class MessageHeader
{
    internal const int Length = 19;
    internal const int MaxMessage = 4096;

    /// <summary>With RFC 8654 agreed.</summary>
    internal const int MaxExtendedMessage = 65535;

    private static ReadOnlySpan<byte> Marker => [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];

    /// <summary>Checks the 19 octets of a header (RFC 4271 §6.1). Null if it is good.</summary>
    internal static NotificationMessage? Check(ReadOnlySpan<byte> header, int maximum, out int length, out MessageType type)
    {
        length = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        type = (MessageType)header[18];
        if (!header[..16].SequenceEqual(Marker)) return new(ErrorCode.MessageHeader, (byte)HeaderSubcode.ConnectionNotSynchronized, []);
        // OPEN and KEEPALIVE stay at 4096 octets under RFC 8654 too.
        int most = type is MessageType.Open or MessageType.Keepalive ? MaxMessage : maximum;
        if (length < Length || length > most) return BadLength(header);
        switch (type)
        {
            case MessageType.Open when length < 29:
            case MessageType.Update when length < 23:
            case MessageType.Notification when length < 21:
            case MessageType.Keepalive when length != Length:
                return BadLength(header);
            case MessageType.RouteRefresh when length < 23:
                return new(ErrorCode.RouteRefresh, 1, header.ToArray());
            case MessageType.Open or MessageType.Update or MessageType.Notification or MessageType.Keepalive or MessageType.RouteRefresh:
                return null;
            default:
                return new(ErrorCode.MessageHeader, (byte)HeaderSubcode.BadMessageType, [header[18]]);
        }
    }

    private static NotificationMessage BadLength(ReadOnlySpan<byte> header) =>
        new(ErrorCode.MessageHeader, (byte)HeaderSubcode.BadMessageLength, header.Slice(16, 2).ToArray());

    /// <summary>Writes a header with the length left open; returns where the message begins, for <see cref="End"/>.</summary>
    internal static int Begin(ref SpanWriter w, MessageType type)
    {
        int start = w.Position;
        w.WriteBytes(Marker);
        w.WriteUInt16BigEndian(0);
        w.WriteByte((byte)type);
        return start;
    }

    internal static void End(ref SpanWriter w, int start) => w.PatchUInt16BigEndian(start + 16, (ushort)(w.Position - start));

    internal static byte[] Keepalive { get; } = Whole(MessageType.Keepalive, []);

    internal static byte[] Whole(MessageType type, ReadOnlySpan<byte> body)
    {
        byte[] message = new byte[Length + body.Length];
        SpanWriter w = new(message);
        int start = Begin(ref w, type);
        w.WriteBytes(body);
        End(ref w, start);
        return message;
    }
}
