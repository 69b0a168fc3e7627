using System.Buffers.Binary;

namespace Margay.Bgp.Wire;

/// <summary>AS paths between two- and four-octet speakers (RFC 6793).</summary>
internal static class AsPathWidening
{
    internal const ushort AsTrans = 23456;

    /// <summary>Whether the segments fill the value exactly, none is empty, each type is known, and no AS is 0 (RFC 7606 §7.2, RFC 7607).</summary>
    internal static bool IsValid(ReadOnlySpan<byte> path, int asSize)
    {
        while (!path.IsEmpty)
        {
            if (path.Length < 2 || path[0] is < 1 or > 4 || path[1] == 0) return false;
            int size = 2 + asSize * path[1];
            if (path.Length < size) return false;
            for (int i = 2; i < size; i += asSize)
            {
                if (!path.Slice(i, asSize).ContainsAnyExcept((byte)0)) return false;
            }
            path = path[size..];
        }
        return true;
    }

    /// <summary>Of a valid path.</summary>
    internal static bool HasConfederation(ReadOnlySpan<byte> path, int asSize)
    {
        for (; !path.IsEmpty; path = path[(2 + asSize * path[1])..])
        {
            if (path[0] is (byte)AsPathSegmentType.ConfedSequence or (byte)AsPathSegmentType.ConfedSet) return true;
        }
        return false;
    }

    /// <summary>Two-octet numbers to four.</summary>
    internal static byte[] Widen(ReadOnlySpan<byte> path)
    {
        byte[] wide = new byte[2 * path.Length];
        int n = 0;
        for (; path.Length >= 2; path = path[(2 + 2 * path[1])..])
        {
            wide[n++] = path[0];
            wide[n++] = path[1];
            for (int i = 0; i < path[1]; i++)
            {
                n += 2;
                path.Slice(2 + 2 * i, 2).CopyTo(wide.AsSpan(n));
                n += 2;
            }
        }
        return wide[..n];
    }

    /// <summary>
    /// The path from AS_PATH (already widened) and AS4_PATH: as many leading hops of the former as it is longer, then the latter
    /// (RFC 6793 §4.2.3). A longer AS4_PATH is ignored.
    /// </summary>
    internal static byte[] Merge(ReadOnlySpan<byte> path, ReadOnlySpan<byte> path4)
    {
        int keep = AsPath.CountHops(path) - AsPath.CountHops(path4);
        if (keep < 0) return path.ToArray();
        List<byte> merged = [];
        for (; keep > 0 && path.Length >= 2; path = path[(2 + 4 * path[1])..])
        {
            AsPathSegmentType type = (AsPathSegmentType)path[0];
            int count = path[1];
            int taken = type == AsPathSegmentType.Sequence ? Math.Min(count, keep) : count;
            keep -= type switch
            {
                AsPathSegmentType.Sequence => taken,
                AsPathSegmentType.Set => 1,
                _ => 0,
            };
            merged.Add(path[0]);
            merged.Add((byte)taken);
            merged.AddRange(path.Slice(2, 4 * taken));
        }
        merged.AddRange(path4);
        return [.. merged];
    }

    /// <summary>Four-octet numbers to two; numbers that do not fit become AS_TRANS. True if any did not.</summary>
    internal static bool Narrow(ReadOnlySpan<byte> path, out byte[] narrow)
    {
        bool lossy = false;
        narrow = new byte[path.Length];
        int n = 0;
        for (; path.Length >= 2; path = path[(2 + 4 * path[1])..])
        {
            narrow[n++] = path[0];
            narrow[n++] = path[1];
            for (int i = 0; i < path[1]; i++, n += 2)
            {
                uint asn = BinaryPrimitives.ReadUInt32BigEndian(path[(2 + 4 * i)..]);
                lossy |= asn > ushort.MaxValue;
                BinaryPrimitives.WriteUInt16BigEndian(narrow.AsSpan(n), asn > ushort.MaxValue ? AsTrans : (ushort)asn);
            }
        }
        narrow = narrow[..n];
        return lossy;
    }
}
