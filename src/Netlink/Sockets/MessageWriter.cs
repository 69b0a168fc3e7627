using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Core.Net;
using Margay.Netlink.Constants;

namespace Margay.Netlink.Sockets;

/// <summary>
/// Writes one message into a <see cref="MessageBuffer"/>: the family header first, then attributes (type, length, value,
/// padding). Numbers are in host order unless the name says otherwise, as rtnetlink wants; nf_tables wants big-endian.
/// A nested attribute is begun, filled and ended:
/// <code>int nest = message.BeginNested(IFLA_LINKINFO); message.String(IFLA_INFO_KIND, "veth"); message.EndNested(nest);</code>
/// </summary>
public ref struct MessageWriter
{
    /// <summary>The length of an attribute is 16 bits wide: header and value together.</summary>
    public const int MaxAttributeLength = ushort.MaxValue;

    private const int AttributeHeader = 4;
    private readonly ref MessageBuffer _buffer;
    private readonly int _start;

    internal MessageWriter(ref MessageBuffer buffer, int start)
    {
        _buffer = ref buffer;
        _start = start;
    }

    /// <summary>Bytes of this message so far.</summary>
    public readonly int Length => _buffer.Length - _start;

    /// <summary>The fixed header of the family (rtmsg, ifinfomsg, nfgenmsg …), straight after the netlink header.</summary>
    public readonly void Header<T>(in T header)
        where T : unmanaged
    {
        Span<byte> bytes = _buffer.Reserve(NetlinkHeader.Align(Unsafe.SizeOf<T>()));
        bytes.Clear();
        MemoryMarshal.Write(bytes, in header);
    }

    /// <summary>Room for the value of an attribute, padded with zeros after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<byte> Reserve(int type, int length)
    {
        int total = AttributeHeader + length;
        if (total > MaxAttributeLength) ThrowTooLong(type, length);
        int padded = NetlinkHeader.Align(total);
        Span<byte> bytes = _buffer.Reserve(padded);
        if (padded != total) Unsafe.WriteUnaligned(ref bytes[padded - 4], 0);
        Unsafe.WriteUnaligned(ref bytes[0], (uint)total | (uint)type << 16);
        return bytes.Slice(AttributeHeader, length);
    }

    public readonly void Bytes(int type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Reserve(type, value.Length));
    public readonly void Flag(int type) => Reserve(type, 0);
    public readonly void Byte(int type, byte value) => Reserve(type, 1)[0] = value;
    public readonly void UInt16(int type, ushort value) => MemoryMarshal.Write(Reserve(type, 2), value);
    public readonly void UInt32(int type, uint value) => MemoryMarshal.Write(Reserve(type, 4), value);
    public readonly void UInt64(int type, ulong value) => MemoryMarshal.Write(Reserve(type, 8), value);
    public readonly void UInt16BigEndian(int type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(type, 2), value);
    public readonly void UInt32BigEndian(int type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(type, 4), value);
    public readonly void UInt64BigEndian(int type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(type, 8), value);

    public readonly void Struct<T>(int type, in T value)
        where T : unmanaged => MemoryMarshal.Write(Reserve(type, Unsafe.SizeOf<T>()), in value);

    /// <summary>UTF-8 with the closing NUL.</summary>
    public readonly void String(int type, string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        Span<byte> bytes = Reserve(type, length + 1);
        Encoding.UTF8.GetBytes(value, bytes);
        bytes[length] = 0;
    }

    /// <summary>4 or 16 bytes in network order.</summary>
    public readonly void Address(int type, InetAddress address) => address.WriteBytes(Reserve(type, address.ByteLength));

    public readonly void Mac(int type, MacAddress mac) => mac.WriteBytes(Reserve(type, 6));

    /// <summary>Begins a nested attribute (<c>NLA_F_NESTED</c> is added) and returns the token that ends it.</summary>
    public readonly int BeginNested(int type) => BeginPlain(type | LinuxNetlink.NLA_F_NESTED);

    /// <summary>As <see cref="BeginNested"/> without the flag, for attributes that hold something else than attributes.</summary>
    public readonly int BeginPlain(int type)
    {
        int at = _buffer.Length;
        Unsafe.WriteUnaligned(ref _buffer.Reserve(AttributeHeader)[0], (uint)type << 16);
        return at;
    }

    public readonly void EndNested(int token)
    {
        int length = _buffer.Length - token;
        if (length > MaxAttributeLength) ThrowTooLong(MemoryMarshal.Read<ushort>(_buffer.Written[(token + 2)..]), length);
        MemoryMarshal.Write(_buffer.Written[token..], (ushort)length);
    }

    /// <summary>Raw bytes inside a plain nested attribute, padded to four.</summary>
    public readonly Span<byte> ReserveRaw(int length)
    {
        Span<byte> bytes = _buffer.Reserve(NetlinkHeader.Align(length));
        bytes.Clear();
        return bytes[..length];
    }

    /// <summary>Bytes written to the whole buffer; a token for <see cref="PatchUInt16"/>.</summary>
    public readonly int Position => _buffer.Length;

    public readonly void PatchUInt16(int position, ushort value) => MemoryMarshal.Write(_buffer.Written[position..], value);

    /// <summary>Sets the length of the message. Nothing may be written to it afterwards.</summary>
    public readonly void End() => MemoryMarshal.Write(_buffer.Written[_start..], (uint)Length);

    private static void ThrowTooLong(int type, int length) =>
        throw new ArgumentException($"attribute {type & LinuxNetlink.NLA_TYPE_MASK} has {length} bytes; an attribute holds at most {MaxAttributeLength}");
}
