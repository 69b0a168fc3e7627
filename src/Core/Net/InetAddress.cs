using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Margay.Core.Net;

/// <summary>
/// An IPv4 or IPv6 address as a value: no heap, ordered, hashable. The bits stand left-aligned in 128
/// (an IPv4 address occupies the top 32), so that prefix arithmetic is the same for both families.
/// The default value is <c>0.0.0.0</c>.
/// </summary>
public readonly struct InetAddress : IEquatable<InetAddress>, IComparable<InetAddress>, ISpanFormattable, ISpanParsable<InetAddress>
{
    private readonly UInt128 _bits;
    private readonly bool _isV6;

    private InetAddress(UInt128 bits, bool isV6)
    {
        _bits = bits;
        _isV6 = isV6;
    }

    public static InetAddress AnyV4 => default;
    public static InetAddress AnyV6 => new(0, true);

    public bool IsIPv6 => _isV6;
    public bool IsIPv4 => !_isV6;

    /// <summary>32 or 128.</summary>
    public int BitLength => _isV6 ? 128 : 32;

    /// <summary>4 or 16.</summary>
    public int ByteLength => _isV6 ? 16 : 4;

    /// <summary>The address left-aligned in 128 bits.</summary>
    public UInt128 Bits => _bits;

    /// <summary>The IPv4 address as a number in host order; meaningless for IPv6.</summary>
    public uint IPv4Value => (uint)(_bits >> 96);

    public bool IsUnspecified => _bits == 0;
    public bool IsLoopback => _isV6 ? _bits == 1 : IPv4Value >> 24 == 127;
    public bool IsMulticast => _isV6 ? (uint)(_bits >> 120) == 0xff : IPv4Value >> 28 == 0xe;

    /// <summary>169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291).</summary>
    public bool IsLinkLocal => _isV6 ? (uint)(_bits >> 118) == 0x3fa : IPv4Value >> 16 == 0xa9fe;

    public static InetAddress FromIPv4(uint value) => new((UInt128)value << 96, false);
    public static InetAddress FromIPv6(UInt128 bits) => new(bits, true);

    /// <summary>From left-aligned bits; for IPv4 only the top 32 count.</summary>
    public static InetAddress FromBits(UInt128 bits, bool isV6) => isV6 ? new(bits, true) : new(bits >> 96 << 96, false);

    /// <summary>From 4 or 16 bytes in network order.</summary>
    public static InetAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), true),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(bytes)),
    };

    public static InetAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int n);
        return FromBytes(bytes[..n]);
    }

    /// <summary>Writes 4 or 16 bytes in network order and returns how many.</summary>
    public int WriteBytes(Span<byte> destination)
    {
        if (_isV6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, _bits);
            return 16;
        }
        BinaryPrimitives.WriteUInt32BigEndian(destination, IPv4Value);
        return 4;
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[ByteLength];
        WriteBytes(bytes);
        return bytes;
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteBytes(bytes)]);
    }

    /// <summary>The address <paramref name="offset"/> further on, wrapping within the family.</summary>
    public InetAddress Add(UInt128 offset) => _isV6 ? new(_bits + offset, true) : FromIPv4(IPv4Value + (uint)offset);

    public static InetAddress Parse(string s) => Parse(s, null);
    public static InetAddress Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static InetAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out InetAddress a) ? a : throw new FormatException($"'{s}' is not an IP address");

    public static bool TryParse([NotNullWhen(true)] string? s, out InetAddress result) => TryParse(s.AsSpan(), null, out result);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out InetAddress result) =>
        TryParse(s.AsSpan(), provider, out result);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out InetAddress result)
    {
        result = default;
        // IPAddress accepts "1", "0x7f.1", zone ids and brackets; an API must not.
        if (!s.Contains(':'))
        {
            bool isQuad = TryParseDottedQuad(s, out uint value);
            if (isQuad) result = FromIPv4(value);
            return isQuad;
        }
        if (s.ContainsAny('%', '[', ']') || !IPAddress.TryParse(s, out IPAddress? parsed)) return false;
        result = From(parsed);
        return true;
    }

    private static bool TryParseDottedQuad(ReadOnlySpan<char> s, out uint address)
    {
        int parts = 0, digits = 0;
        uint value = 0;
        address = 0;
        foreach (char c in s)
        {
            if (c == '.')
            {
                if (digits == 0) return false;
                parts++;
                address = address << 8 | value;
                (digits, value) = (0, 0);
                continue;
            }
            if (!char.IsAsciiDigit(c) || (digits == 1 && value == 0)) return false;
            value = value * 10 + (uint)(c - '0');
            if (++digits > 3 || value > 255) return false;
        }
        address = address << 8 | value;
        return parts == 3 && digits > 0;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{this}");

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        if (_isV6) return ToIPAddress().TryFormat(destination, out charsWritten);
        uint v = IPv4Value;
        return destination.TryWrite(CultureInfo.InvariantCulture, $"{v >> 24}.{(v >> 16) & 255}.{(v >> 8) & 255}.{v & 255}", out charsWritten);
    }

    public bool Equals(InetAddress other) => _bits == other._bits && _isV6 == other._isV6;
    public override bool Equals(object? obj) => obj is InetAddress other && Equals(other);
    public override int GetHashCode() => HashCode.Combine((ulong)(_bits >> 64), (ulong)_bits, _isV6);

    /// <summary>IPv4 before IPv6, then by number.</summary>
    public int CompareTo(InetAddress other) => _isV6 != other._isV6 ? (_isV6 ? 1 : -1) : _bits.CompareTo(other._bits);

    public AddressFamily AddressFamily => _isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    public static bool operator ==(InetAddress a, InetAddress b) => a.Equals(b);
    public static bool operator !=(InetAddress a, InetAddress b) => !a.Equals(b);
    public static bool operator <(InetAddress a, InetAddress b) => a.CompareTo(b) < 0;
    public static bool operator >(InetAddress a, InetAddress b) => a.CompareTo(b) > 0;
    public static bool operator <=(InetAddress a, InetAddress b) => a.CompareTo(b) <= 0;
    public static bool operator >=(InetAddress a, InetAddress b) => a.CompareTo(b) >= 0;
}
