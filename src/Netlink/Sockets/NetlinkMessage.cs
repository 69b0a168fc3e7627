using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Margay.Netlink.Sockets;

/// <summary>One message that was received. Valid only during the call it is given to.</summary>
public readonly ref struct NetlinkMessage(NetlinkHeader header, ReadOnlySpan<byte> payload)
{
    public NetlinkHeader Header { get; } = header;
    public ReadOnlySpan<byte> Payload { get; } = payload;
    public ushort Type => Header.Type;
    public ushort Flags => Header.Flags;

    /// <summary>The family header, and a reader over the attributes after it. False when the message is too short.</summary>
    public bool TryRead<T>(out T header, out AttributeReader attributes)
        where T : unmanaged
    {
        int size = NetlinkHeader.Align(Unsafe.SizeOf<T>());
        if (!MemoryMarshal.TryRead(Payload, out header))
        {
            attributes = default;
            return false;
        }
        attributes = new AttributeReader(Payload[Math.Min(size, Payload.Length)..]);
        return true;
    }

    /// <summary>Takes the next message off <paramref name="bytes"/>; false at the end or when what is left is malformed.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> bytes, out NetlinkMessage message)
    {
        message = default;
        if (!MemoryMarshal.TryRead(bytes, out NetlinkHeader header)) return false;
        if (header.Length < NetlinkHeader.Size || header.Length > (uint)bytes.Length) return false;
        message = new NetlinkMessage(header, bytes[NetlinkHeader.Size..(int)header.Length]);
        bytes = bytes[Math.Min(NetlinkHeader.Align((int)header.Length), bytes.Length)..];
        return true;
    }
}

/// <summary>Is given each message of an answer, in order.</summary>
public delegate void MessageHandler<TState>(NetlinkMessage message, TState state);
