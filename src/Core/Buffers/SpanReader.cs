using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Margay.Core.Buffers;

/// <summary>
/// Reads numbers and slices from bytes. A read past the end returns zero (or an empty span) and makes
/// <see cref="Failed"/> true for good, so that a decoder checks once at the end instead of at every field.
/// Big-endian is named, as is native order (netlink).
/// </summary>
public ref struct SpanReader
{
    private ReadOnlySpan<byte> _rest;
    private readonly int _total;

    public SpanReader(ReadOnlySpan<byte> bytes)
    {
        _rest = bytes;
        _total = bytes.Length;
    }

    public bool Failed { get; private set; }
    public readonly int Remaining => _rest.Length;
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>How many bytes have been consumed.</summary>
    public readonly int Position => _total - _rest.Length;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>The next <paramref name="count"/> bytes, or an empty span and <see cref="Failed"/>.</summary>
    public ReadOnlySpan<byte> ReadBytes(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            Failed = true;
            _rest = default;
            return default;
        }
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>A reader over the next <paramref name="count"/> bytes; a failed one if there are fewer.</summary>
    public SpanReader ReadSlice(int count)
    {
        ReadOnlySpan<byte> taken = ReadBytes(count);
        return new SpanReader(taken) { Failed = Failed };
    }

    public void Skip(int count) => ReadBytes(count);

    public byte ReadByte() => ReadBytes(1) is [byte b] ? b : (byte)0;
    public ushort ReadUInt16BigEndian() => ReadBytes(2) is { Length: 2 } s ? BinaryPrimitives.ReadUInt16BigEndian(s) : (ushort)0;
    public uint ReadUInt32BigEndian() => ReadBytes(4) is { Length: 4 } s ? BinaryPrimitives.ReadUInt32BigEndian(s) : 0;
    public ulong ReadUInt64BigEndian() => ReadBytes(8) is { Length: 8 } s ? BinaryPrimitives.ReadUInt64BigEndian(s) : 0;
    public ushort ReadUInt16Native() => ReadBytes(2) is { Length: 2 } s ? MemoryMarshal.Read<ushort>(s) : (ushort)0;
    public uint ReadUInt32Native() => ReadBytes(4) is { Length: 4 } s ? MemoryMarshal.Read<uint>(s) : 0;
    public ulong ReadUInt64Native() => ReadBytes(8) is { Length: 8 } s ? MemoryMarshal.Read<ulong>(s) : 0;
}
