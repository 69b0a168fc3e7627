using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>Attributes as bytes.</summary>
internal static class AttributeWriting
{
    /// <summary>Header with the extended-length flag as needed, and value.</summary>
    internal static void Write(ref SpanWriter w, AttributeType type, AttributeFlags flags, scoped ReadOnlySpan<byte> value)
    {
        if (value.Length > 255)
        {
            w.WriteByte((byte)(flags | AttributeFlags.ExtendedLength));
            w.WriteByte((byte)type);
            w.WriteUInt16BigEndian((ushort)value.Length);
        }
        else
        {
            w.WriteByte((byte)(flags & ~AttributeFlags.ExtendedLength));
            w.WriteByte((byte)type);
            w.WriteByte((byte)value.Length);
        }
        w.WriteBytes(value);
    }
}

/// <summary>Changes to AS_PATH octets.</summary>
internal static class AsPathEdit
{
    /// <summary>The path without confederation segments, which do not leave the confederation (RFC 5065 §4).</summary>
    internal static byte[] WithoutConfederation(ReadOnlySpan<byte> path)
    {
        byte[] result = new byte[path.Length];
        int n = 0;
        for (; path.Length >= 2; path = path[(2 + 4 * path[1])..])
        {
            if (path[0] is (byte)AsPathSegmentType.ConfedSequence or (byte)AsPathSegmentType.ConfedSet) continue;
            path[..(2 + 4 * path[1])].CopyTo(result.AsSpan(n));
            n += 2 + 4 * path[1];
        }
        return n == result.Length ? result : result[..n];
    }

    /// <summary>Puts <paramref name="asns"/> in front; joins a leading sequence while it has room (RFC 4271 §5.1.2).</summary>
    internal static byte[] Prepend(ReadOnlySpan<byte> path, ReadOnlySpan<uint> asns)
    {
        if (asns.IsEmpty) return path.ToArray();
        bool join = path.Length >= 2 && path[0] == (byte)AsPathSegmentType.Sequence && path[1] + asns.Length <= 255;
        byte[] result = new byte[path.Length + 4 * asns.Length + (join ? 0 : 2)];
        result[0] = (byte)AsPathSegmentType.Sequence;
        result[1] = (byte)(asns.Length + (join ? path[1] : 0));
        for (int i = 0; i < asns.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(result.AsSpan(2 + 4 * i), asns[i]);
        path[(join ? 2 : 0)..].CopyTo(result.AsSpan(2 + 4 * asns.Length));
        return result;
    }
}

/// <summary>Hash of short byte strings. Tables that peers can fill pass a secret seed, so that nobody can aim at one bucket.</summary>
internal static class ByteHash
{
    internal static int Of(ReadOnlySpan<byte> bytes, ulong seed = 0x9e37_79b9_7f4a_7c15UL)
    {
        ulong h = seed ^ (uint)bytes.Length;
        while (bytes.Length >= 8)
        {
            h = Mix(h, MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }
        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++) tail |= (ulong)bytes[i] << (8 * i);
        h = Mix(h, tail);
        return (int)(h ^ h >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong h, ulong v)
    {
        ulong high = Math.BigMul(h ^ v, 0xd6e8_feb8_6659_fd93UL, out ulong low);
        return high ^ low;
    }
}
