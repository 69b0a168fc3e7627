using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Core.Net;

namespace Margay.Netlink.NfTables;

/// <summary>
/// Bytes as the kernel holds them in a register or a set: addresses and ports in network order, marks and states in host order, names padded with
/// zeros. Compared by content. At most 64 bytes.
/// </summary>
public readonly struct NftValue : IEquatable<NftValue>, IComparable<NftValue>
{
    private readonly byte[]? _bytes;

    private NftValue(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Span => _bytes;
    public int Length => _bytes?.Length ?? 0;
    public bool IsEmpty => Length == 0;

    public static NftValue FromBytes(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());
    public static NftValue From(InetAddress address) => new(address.ToBytes());

    public static NftValue From(MacAddress mac)
    {
        byte[] bytes = new byte[6];
        mac.WriteBytes(bytes);
        return new NftValue(bytes);
    }

    /// <summary>One byte: a protocol number, an ICMP type.</summary>
    public static NftValue Byte(byte value) => new([value]);

    /// <summary>Network order: a port, an Ethernet type.</summary>
    public static NftValue BigEndian(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return new NftValue(bytes);
    }

    /// <summary>Network order.</summary>
    public static NftValue BigEndian(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return new NftValue(bytes);
    }

    public static NftValue Port(ushort port) => BigEndian(port);

    /// <summary>Host order: a mark, a link index, a conntrack state.</summary>
    public static NftValue Native(uint value)
    {
        byte[] bytes = new byte[4];
        MemoryMarshal.Write(bytes, value);
        return new NftValue(bytes);
    }

    public static NftValue Mark(uint mark) => Native(mark);

    /// <summary>Host order: a conntrack zone.</summary>
    public static NftValue Native(ushort value)
    {
        byte[] bytes = new byte[2];
        MemoryMarshal.Write(bytes, value);
        return new NftValue(bytes);
    }

    /// <summary>16 bytes, padded with zeros.</summary>
    public static NftValue IfName(string name)
    {
        byte[] bytes = new byte[16];
        if (!Encoding.UTF8.TryGetBytes(name, bytes.AsSpan(0, 15), out int written) || written == 0)
            throw new ArgumentException($"'{name}' is not a link name: 1 to 15 bytes", nameof(name));
        return new NftValue(bytes);
    }

    /// <summary>The bytes of a name without padding, to match names that begin so (<c>eth*</c>).</summary>
    public static NftValue IfNamePrefix(string prefix) => new(Encoding.UTF8.GetBytes(prefix));

    /// <summary>The fields one after the other, each padded to four bytes, as a concatenated key is.</summary>
    public static NftValue Concat(params ReadOnlySpan<NftValue> fields)
    {
        int length = 0;
        foreach (NftValue field in fields) length += (field.Length + 3) & ~3;
        byte[] bytes = new byte[length];
        int at = 0;
        foreach (NftValue field in fields)
        {
            field.Span.CopyTo(bytes.AsSpan(at));
            at += (field.Length + 3) & ~3;
        }
        return new NftValue(bytes);
    }

    /// <summary>The next value in network order, or null past the last: the kernel writes the end of an interval as the first value after it.</summary>
    internal NftValue? Next() => Step(1);

    internal NftValue? Previous() => Step(-1);

    private NftValue? Step(int by)
    {
        byte[] bytes = Span.ToArray();
        byte wrapped = by > 0 ? (byte)0 : (byte)0xff;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = (byte)(bytes[i] + by);
            if (bytes[i] != wrapped) return new NftValue(bytes);
        }
        return null;
    }

    public bool Equals(NftValue other) => Span.SequenceEqual(other.Span);
    public override bool Equals(object? obj) => obj is NftValue other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public int CompareTo(NftValue other) => Span.SequenceCompareTo(other.Span);
    public override string ToString() => Convert.ToHexStringLower(Span);

    public static bool operator ==(NftValue a, NftValue b) => a.Equals(b);
    public static bool operator !=(NftValue a, NftValue b) => !a.Equals(b);
    public static bool operator <(NftValue a, NftValue b) => a.CompareTo(b) < 0;
    public static bool operator >(NftValue a, NftValue b) => a.CompareTo(b) > 0;
    public static bool operator <=(NftValue a, NftValue b) => a.CompareTo(b) <= 0;
    public static bool operator >=(NftValue a, NftValue b) => a.CompareTo(b) >= 0;
}
