using System.Buffers.Binary;
using System.Collections.Immutable;
using Margay.Core.Net;

namespace Margay.Bgp.Wire;

/// <summary>One attribute in a validated list.</summary>
internal readonly ref struct RawAttribute(AttributeFlags flags, AttributeType type, ReadOnlySpan<byte> value, ReadOnlySpan<byte> whole, int valueAt)
{
    public AttributeFlags Flags { get; } = flags;
    public AttributeType Type { get; } = type;
    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>Header and value.</summary>
    public ReadOnlySpan<byte> Whole { get; } = whole;

    /// <summary>Where the value begins in the list.</summary>
    public int ValueAt { get; } = valueAt;
}

/// <summary>Walks a list of attributes whose lengths are known to be right.</summary>
internal readonly ref struct AttributeList(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public Enumerator GetEnumerator() => new(_bytes);

    internal ref struct Enumerator(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;
        private int _valueAt;
        private int _next;

        public readonly RawAttribute Current =>
            new((AttributeFlags)_bytes[_at], (AttributeType)_bytes[_at + 1], _bytes[_valueAt.._next], _bytes[_at.._next], _valueAt);

        public bool MoveNext()
        {
            if (_next >= _bytes.Length) return false;
            _at = _next;
            bool extended = (_bytes[_at] & (byte)AttributeFlags.ExtendedLength) != 0;
            _valueAt = _at + (extended ? 4 : 3);
            _next = _valueAt + (extended ? BinaryPrimitives.ReadUInt16BigEndian(_bytes[(_at + 2)..]) : _bytes[_at + 2]);
            return true;
        }
    }
}

/// <summary>The communities that the speaker itself acts on.</summary>
[Flags]
internal enum WellKnownCommunities : byte
{
    None = 0,
    NoExport = 1,
    NoAdvertise = 2,
    NoExportSubconfed = 4,
    LlgrStale = 8,
    NoLlgr = 16,
}

/// <summary>Values of attributes as objects.</summary>
internal static class AttributeReading
{
    internal static bool HasCommunity(ReadOnlySpan<byte> value, uint community)
    {
        for (; value.Length >= 4; value = value[4..])
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(value) == community) return true;
        }
        return false;
    }

    internal static WellKnownCommunities WellKnownCommunities(ReadOnlySpan<byte> value)
    {
        WellKnownCommunities found = 0;
        for (; value.Length >= 4; value = value[4..])
        {
            found |= BinaryPrimitives.ReadUInt32BigEndian(value) switch
            {
                0xffffff01 => Wire.WellKnownCommunities.NoExport,
                0xffffff02 => Wire.WellKnownCommunities.NoAdvertise,
                0xffffff03 => Wire.WellKnownCommunities.NoExportSubconfed,
                0xffff0006 => Wire.WellKnownCommunities.LlgrStale,
                0xffff0007 => Wire.WellKnownCommunities.NoLlgr,
                _ => 0,
            };
        }
        return found;
    }

    internal static ulong Mobility(ReadOnlySpan<byte> value)
    {
        for (; value.Length >= 8; value = value[8..])
        {
            ulong c = BinaryPrimitives.ReadUInt64BigEndian(value);
            if (c >> 48 == 0x0600) return (uint)c | (c >> 40 & 1) << 32;
        }
        return 0;
    }

    internal static ImmutableArray<Community> Communities(ReadOnlySpan<byte> value)
    {
        ImmutableArray<Community>.Builder all = ImmutableArray.CreateBuilder<Community>(value.Length / 4);
        for (; value.Length >= 4; value = value[4..]) all.Add(new Community(BinaryPrimitives.ReadUInt32BigEndian(value)));
        return all.MoveToImmutable();
    }

    internal static ImmutableArray<ExtendedCommunity> ExtendedCommunities(ReadOnlySpan<byte> value)
    {
        ImmutableArray<ExtendedCommunity>.Builder all = ImmutableArray.CreateBuilder<ExtendedCommunity>(value.Length / 8);
        for (; value.Length >= 8; value = value[8..]) all.Add(new ExtendedCommunity(BinaryPrimitives.ReadUInt64BigEndian(value)));
        return all.MoveToImmutable();
    }

    internal static ImmutableArray<LargeCommunity> LargeCommunities(ReadOnlySpan<byte> value)
    {
        ImmutableArray<LargeCommunity>.Builder all = ImmutableArray.CreateBuilder<LargeCommunity>(value.Length / 12);
        for (; value.Length >= 12; value = value[12..])
        {
            all.Add(new LargeCommunity(BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]),
                BinaryPrimitives.ReadUInt32BigEndian(value[8..])));
        }
        return all.MoveToImmutable();
    }

    internal static ImmutableArray<InetAddress> Addresses(ReadOnlySpan<byte> value)
    {
        ImmutableArray<InetAddress>.Builder all = ImmutableArray.CreateBuilder<InetAddress>(value.Length / 4);
        for (; value.Length >= 4; value = value[4..]) all.Add(InetAddress.FromBytes(value[..4]));
        return all.MoveToImmutable();
    }
}
