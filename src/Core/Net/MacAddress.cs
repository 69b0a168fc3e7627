using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Margay.Core.Net;

/// <summary>A 48-bit IEEE MAC address as a value.</summary>
public readonly struct MacAddress : IEquatable<MacAddress>, IComparable<MacAddress>, ISpanFormattable
{
    private readonly ulong _value;

    public MacAddress(ulong value) => _value = value & 0xffff_ffff_ffff;

    /// <summary>The address that every host side of a workload's link carries, so that a workload's neighbour entry stays right wherever it moves.</summary>
    public static MacAddress Gateway => new(0xeeee_eeee_eeee);

    public ulong Value => _value;

    public static MacAddress FromBytes(ReadOnlySpan<byte> b)
    {
        if (b.Length != 6) throw new ArgumentException("a MAC address has 6 bytes", nameof(b));
        return new MacAddress((ulong)b[0] << 40 | (ulong)b[1] << 32 | (ulong)b[2] << 24 | (ulong)b[3] << 16 | (ulong)b[4] << 8 | b[5]);
    }

    public void WriteBytes(Span<byte> destination)
    {
        for (int i = 0; i < 6; i++) destination[i] = (byte)(_value >> (40 - 8 * i));
    }

    /// <summary>fe80::/64 with the modified EUI-64 of this address (RFC 4291, appendix A).</summary>
    public InetAddress ToLinkLocal()
    {
        ulong upper = (_value >> 24) ^ 0x02_0000;
        ulong id = upper << 40 | 0xff_fe00_0000 | (_value & 0xff_ffff);
        return InetAddress.FromIPv6((UInt128)0xfe80_0000_0000_0000 << 64 | id);
    }

    public static MacAddress Parse(string s) => TryParse(s, out MacAddress m) ? m : throw new FormatException($"'{s}' is not a MAC address");

    /// <summary>Six hexadecimal octets joined by colons.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out MacAddress result)
    {
        result = default;
        if (s is not { Length: 17 }) return false;
        ulong value = 0;
        for (int i = 0; i < 6; i++)
        {
            if (i > 0 && s[3 * i - 1] != ':') return false;
            if (!byte.TryParse(s.AsSpan(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet)) return false;
            value = value << 8 | octet;
        }
        result = new MacAddress(value);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{this}");
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture,
            $"{(byte)(_value >> 40):x2}:{(byte)(_value >> 32):x2}:{(byte)(_value >> 24):x2}:{(byte)(_value >> 16):x2}:{(byte)(_value >> 8):x2}:{(byte)_value:x2}",
            out charsWritten);

    public bool Equals(MacAddress other) => _value == other._value;
    public override bool Equals(object? obj) => obj is MacAddress other && Equals(other);
    public override int GetHashCode() => _value.GetHashCode();
    public int CompareTo(MacAddress other) => _value.CompareTo(other._value);
    public static bool operator ==(MacAddress a, MacAddress b) => a._value == b._value;
    public static bool operator !=(MacAddress a, MacAddress b) => a._value != b._value;
    public static bool operator <(MacAddress a, MacAddress b) => a._value < b._value;
    public static bool operator >(MacAddress a, MacAddress b) => a._value > b._value;
    public static bool operator <=(MacAddress a, MacAddress b) => a._value <= b._value;
    public static bool operator >=(MacAddress a, MacAddress b) => a._value >= b._value;
}
