using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Core.Net;

namespace Margay.Netlink.Sockets;

/// <summary>One attribute that was read. A number read from a value that is too short is zero, so that a decoder need not check each.</summary>
public readonly ref struct NetlinkAttribute(int type, ReadOnlySpan<byte> value)
{
    /// <summary>Without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.</summary>
    public int Type { get; } = type;

    public ReadOnlySpan<byte> Value { get; } = value;

    public byte Byte => Value.Length >= 1 ? Value[0] : (byte)0;
    public ushort UInt16 => Value.Length >= 2 ? MemoryMarshal.Read<ushort>(Value) : (ushort)0;
    public uint UInt32 => Value.Length >= 4 ? MemoryMarshal.Read<uint>(Value) : 0;
    public int Int32 => (int)UInt32;
    public ulong UInt64 => Value.Length >= 8 ? MemoryMarshal.Read<ulong>(Value) : 0;
    public ushort UInt16BigEndian => Value.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Value) : (ushort)0;
    public uint UInt32BigEndian => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;
    public ulong UInt64BigEndian => Value.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(Value) : 0;

    /// <summary>A time in milliseconds, big-endian in 64 bits; what a TimeSpan cannot hold reads as its longest.</summary>
    public TimeSpan Milliseconds =>
        UInt64BigEndian is var ms && ms < long.MaxValue / TimeSpan.TicksPerMillisecond ? TimeSpan.FromMilliseconds((long)ms) : TimeSpan.MaxValue;

    /// <summary>Text up to the first NUL.</summary>
    public string String
    {
        get
        {
            int nul = Value.IndexOf((byte)0);
            return Encoding.UTF8.GetString(nul < 0 ? Value : Value[..nul]);
        }
    }

    /// <summary>An address of 4 or 16 bytes, otherwise null.</summary>
    public InetAddress? Address => Value.Length is 4 or 16 ? InetAddress.FromBytes(Value) : null;

    /// <summary>A MAC address of 6 bytes, otherwise null.</summary>
    public MacAddress? Mac => Value.Length == 6 ? MacAddress.FromBytes(Value) : null;

    public AttributeReader Nested => new(Value);

    public T Struct<T>()
        where T : unmanaged => MemoryMarshal.TryRead(Value, out T value) ? value : default;
}
