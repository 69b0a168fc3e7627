using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Margay.Core.Net;

/// <summary>
/// An IP prefix (RFC 4632 CIDR) whose host bits are zero. Parsing is strict about that by default,
/// because a set bit beyond the length is nearly always a typing error in a manifest.
/// </summary>
public readonly struct IpPrefix : IEquatable<IpPrefix>, IComparable<IpPrefix>, ISpanFormattable, ISpanParsable<IpPrefix>
{
    private readonly InetAddress _address;
    private readonly byte _length;

    /// <summary>Host bits of <paramref name="address"/> beyond <paramref name="length"/> are cleared.</summary>
    public IpPrefix(InetAddress address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.BitLength);
        _address = InetAddress.FromBits(address.Bits & Mask(length), address.IsIPv6);
        _length = (byte)length;
    }

    /// <summary>For lengths that came from outside: false when the address has fewer bits than that.</summary>
    public static bool TryCreate(InetAddress address, int length, out IpPrefix prefix)
    {
        bool fits = length >= 0 && length <= address.BitLength;
        prefix = fits ? new IpPrefix(address, length) : default;
        return fits;
    }

    /// <summary>The /32 or /128 of one address.</summary>
    public static IpPrefix Host(InetAddress address) => new(address, address.BitLength);

    public static IpPrefix DefaultV4 => default;
    public static IpPrefix DefaultV6 => new(InetAddress.AnyV6, 0);

    public InetAddress Address => _address;
    public int Length => _length;
    public bool IsIPv6 => _address.IsIPv6;
    public bool IsHost => _length == _address.BitLength;

    /// <summary>The highest address in the prefix.</summary>
    public InetAddress Last => InetAddress.FromBits(_address.Bits | ~Mask(_length), IsIPv6);

    /// <summary>How many addresses; saturates at <see cref="UInt128.MaxValue"/> for ::/0.</summary>
    public UInt128 Count => _address.BitLength - _length == 128 ? UInt128.MaxValue : UInt128.One << (_address.BitLength - _length);

    /// <summary>A left-aligned mask of <paramref name="length"/> ones in 128 bits.</summary>
    public static UInt128 Mask(int length) => length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);

    public bool Contains(InetAddress address) =>
        address.IsIPv6 == IsIPv6 && (address.Bits & Mask(_length)) == _address.Bits;

    /// <summary>Whether <paramref name="other"/> is this prefix or a more specific one within it.</summary>
    public bool Contains(IpPrefix other) => other._length >= _length && Contains(other._address);

    public bool Overlaps(IpPrefix other) => Contains(other) || other.Contains(this);

    /// <summary>The <paramref name="index"/>th subnet of the given length.</summary>
    public IpPrefix Subnet(int length, UInt128 index) => new(_address.Add(index << (_address.BitLength - length)), length);

    public static IpPrefix Parse(string s) => Parse(s, null);
    public static IpPrefix Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static IpPrefix Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out IpPrefix p) ? p : throw new FormatException($"'{s}' is not a prefix with zero host bits");

    public static bool TryParse([NotNullWhen(true)] string? s, out IpPrefix result) => TryParse(s.AsSpan(), null, out result);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out IpPrefix result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <summary>Strict: host bits must be zero. A bare address means its full length.</summary>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out IpPrefix result) =>
        TryParseWithHostBits(s, out InetAddress address, out result) && address == result.Address;

    /// <summary>Accepts host bits (an interface address such as 10.0.0.1/24) and returns them apart.</summary>
    public static bool TryParseWithHostBits(ReadOnlySpan<char> s, out InetAddress address, out IpPrefix prefix)
    {
        prefix = default;
        int slash = s.IndexOf('/');
        if (!InetAddress.TryParse(slash < 0 ? s : s[..slash], null, out address)) return false;
        int length = address.BitLength;
        if (slash >= 0)
        {
            ReadOnlySpan<char> digits = s[(slash + 1)..];
            if (digits.Length > 1 && digits[0] == '0') return false;
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > address.BitLength) return false;
        }
        prefix = new IpPrefix(address, length);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{this}");
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture, $"{_address}/{_length}", out charsWritten);

    public bool Equals(IpPrefix other) => _address == other._address && _length == other._length;
    public override bool Equals(object? obj) => obj is IpPrefix other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(_address, _length);

    /// <summary>By address, the less specific first.</summary>
    public int CompareTo(IpPrefix other)
    {
        int c = _address.CompareTo(other._address);
        return c != 0 ? c : _length.CompareTo(other._length);
    }

    public static bool operator ==(IpPrefix a, IpPrefix b) => a.Equals(b);
    public static bool operator !=(IpPrefix a, IpPrefix b) => !a.Equals(b);
    public static bool operator <(IpPrefix a, IpPrefix b) => a.CompareTo(b) < 0;
    public static bool operator >(IpPrefix a, IpPrefix b) => a.CompareTo(b) > 0;
    public static bool operator <=(IpPrefix a, IpPrefix b) => a.CompareTo(b) <= 0;
    public static bool operator >=(IpPrefix a, IpPrefix b) => a.CompareTo(b) >= 0;
}
