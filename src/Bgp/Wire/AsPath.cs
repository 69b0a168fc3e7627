using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Margay.Bgp.Wire;

/// <summary>
/// The AS_PATH of a route (RFC 4271 §5.1.2) as a view of its bytes, always with four-octet numbers
/// (RFC 6793). The default value is the empty path. The bytes were validated when they came in.
/// </summary>
public readonly struct AsPath(ReadOnlyMemory<byte> bytes) : IEquatable<AsPath>
{
    public static AsPath Empty => default;

    /// <summary>A path of one sequence.</summary>
    public static AsPath Sequence(params ReadOnlySpan<uint> asns)
    {
        if (asns.IsEmpty) return default;
        if (asns.Length > 255) throw new ArgumentException("a segment holds at most 255 AS numbers", nameof(asns));
        byte[] b = new byte[2 + 4 * asns.Length];
        b[0] = (byte)AsPathSegmentType.Sequence;
        b[1] = (byte)asns.Length;
        for (int i = 0; i < asns.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(b.AsSpan(2 + 4 * i), asns[i]);
        return new AsPath(b);
    }

    public ReadOnlySpan<byte> Bytes => bytes.Span;
    public bool IsEmpty => bytes.IsEmpty;

    /// <summary>Length for route selection: a set counts 1 (RFC 4271 §9.1.2.2), a confederation segment 0 (RFC 5065 §5.3).</summary>
    public int Length => CountHops(bytes.Span);

    /// <summary>The leftmost AS of a leading sequence, 0 if there is none: the neighbouring AS of the route.</summary>
    public uint First => FirstOf(bytes.Span);

    /// <summary>The rightmost AS of the path, 0 if the path is empty.</summary>
    public uint Last
    {
        get
        {
            ReadOnlySpan<byte> s = bytes.Span;
            return s.Length < 6 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(s[^4..]);
        }
    }

    /// <summary>How often <paramref name="asn"/> occurs.</summary>
    public int Count(uint asn)
    {
        int n = 0;
        foreach (uint a in this)
        {
            if (a == asn) n++;
        }
        return n;
    }

    /// <summary>Whether the path begins with these numbers, segments ignored.</summary>
    public bool StartsWith(ReadOnlySpan<uint> asns)
    {
        int i = 0;
        foreach (uint a in this)
        {
            if (i == asns.Length) return true;
            if (a != asns[i++]) return false;
        }
        return i == asns.Length;
    }

    /// <summary>Whether the path begins with the numbers of <paramref name="prefix"/>, segments ignored.</summary>
    public bool StartsWith(AsPath prefix)
    {
        Enumerator own = GetEnumerator();
        foreach (uint asn in prefix)
        {
            if (!own.MoveNext() || own.Current != asn) return false;
        }
        return true;
    }

    /// <summary>All numbers from left to right.</summary>
    public Enumerator GetEnumerator() => new(bytes.Span);

    internal static int CountHops(ReadOnlySpan<byte> s)
    {
        int n = 0;
        for (; s.Length >= 2; s = s[(2 + 4 * s[1])..])
        {
            n += (AsPathSegmentType)s[0] switch
            {
                AsPathSegmentType.Sequence => s[1],
                AsPathSegmentType.Set => 1,
                _ => 0,
            };
        }
        return n;
    }

    internal static uint FirstOf(ReadOnlySpan<byte> s)
    {
        while (s.Length >= 6 && s[0] is (byte)AsPathSegmentType.ConfedSequence or (byte)AsPathSegmentType.ConfedSet) s = s[(2 + 4 * s[1])..];
        return s.Length >= 6 && s[0] == (byte)AsPathSegmentType.Sequence ? BinaryPrimitives.ReadUInt32BigEndian(s[2..]) : 0;
    }

    public override string ToString()
    {
        StringBuilder text = new();
        for (ReadOnlySpan<byte> s = bytes.Span; s.Length >= 2; s = s[(2 + 4 * s[1])..])
        {
            (string open, string close) = (AsPathSegmentType)s[0] switch
            {
                AsPathSegmentType.Set => ("{", "}"),
                AsPathSegmentType.ConfedSequence => ("(", ")"),
                AsPathSegmentType.ConfedSet => ("[", "]"),
                _ => ("", ""),
            };
            if (text.Length > 0) text.Append(' ');
            text.Append(open);
            for (int i = 0; i < s[1]; i++)
            {
                if (i > 0) text.Append(' ');
                text.Append(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadUInt32BigEndian(s[(2 + 4 * i)..])}");
            }
            text.Append(close);
        }
        return text.ToString();
    }

    public bool Equals(AsPath other) => bytes.Span.SequenceEqual(other.Bytes);
    public override bool Equals(object? obj) => obj is AsPath other && Equals(other);

    public override int GetHashCode()
    {
        HashCode h = default;
        h.AddBytes(bytes.Span);
        return h.ToHashCode();
    }

    public static bool operator ==(AsPath a, AsPath b) => a.Equals(b);
    public static bool operator !=(AsPath a, AsPath b) => !a.Equals(b);

    /// <summary>Walks the AS numbers of all segments.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;
        private int _left;

        internal Enumerator(ReadOnlySpan<byte> bytes) => _rest = bytes;

        public uint Current { get; private set; }

        public bool MoveNext()
        {
            while (_left == 0)
            {
                if (_rest.Length < 2) return false;
                _left = _rest[1];
                _rest = _rest[2..];
            }
            Current = BinaryPrimitives.ReadUInt32BigEndian(_rest);
            _rest = _rest[4..];
            _left--;
            return true;
        }
    }
}
