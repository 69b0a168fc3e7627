using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Margay.Core.Buffers;

/// <summary>
/// Writes numbers and bytes into a fixed span. A write that does not fit writes nothing and makes
/// <see cref="Failed"/> true for good; the caller checks once, then takes a larger buffer or ends the message.
/// </summary>
public ref struct SpanWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public bool Failed { get; private set; }

    /// <summary>How many bytes have been written.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _destination.Length - Position;
    public readonly Span<byte> Written => _destination[..Position];

    /// <summary>The next <paramref name="count"/> bytes to fill in, or an empty span and <see cref="Failed"/>.</summary>
    public Span<byte> Reserve(int count)
    {
        if (Failed || count > Remaining)
        {
            Failed = true;
            return default;
        }
        Span<byte> span = _destination.Slice(Position, count);
        Position += count;
        return span;
    }

    public void WriteByte(byte value)
    {
        if (Reserve(1) is { Length: 1 } s) s[0] = value;
    }

    public void WriteBytes(scoped ReadOnlySpan<byte> bytes)
    {
        Span<byte> s = Reserve(bytes.Length);
        if (!Failed) bytes.CopyTo(s);
    }

    public void WriteUInt16BigEndian(ushort value)
    {
        if (Reserve(2) is { Length: 2 } s) BinaryPrimitives.WriteUInt16BigEndian(s, value);
    }

    public void WriteUInt32BigEndian(uint value)
    {
        if (Reserve(4) is { Length: 4 } s) BinaryPrimitives.WriteUInt32BigEndian(s, value);
    }

    public void WriteUInt64BigEndian(ulong value)
    {
        if (Reserve(8) is { Length: 8 } s) BinaryPrimitives.WriteUInt64BigEndian(s, value);
    }

    public void WriteUInt16Native(ushort value)
    {
        if (Reserve(2) is { Length: 2 } s) MemoryMarshal.Write(s, value);
    }

    public void WriteUInt32Native(uint value)
    {
        if (Reserve(4) is { Length: 4 } s) MemoryMarshal.Write(s, value);
    }

    public void WriteUInt64Native(ulong value)
    {
        if (Reserve(8) is { Length: 8 } s) MemoryMarshal.Write(s, value);
    }

    /// <summary>Overwrites a length written as a placeholder before.</summary>
    public readonly void PatchUInt16BigEndian(int position, ushort value)
    {
        if (!Failed) BinaryPrimitives.WriteUInt16BigEndian(_destination[position..], value);
    }

    public readonly void PatchByte(int position, byte value)
    {
        if (!Failed) _destination[position] = value;
    }

    /// <summary>Takes back everything after <paramref name="position"/>.</summary>
    public void Rewind(int position)
    {
        Position = position;
        Failed = false;
    }
}
