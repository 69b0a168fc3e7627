using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>Routes as they were received, or are held, put back into wire format: for those who look on (BMP, MRT), not for peers, whom policy changes things for.</summary>
internal static class RouteWriting
{
    /// <summary>The next hop's octets as the family has them; zero where a route names none, being our own.</summary>
    internal static ReadOnlySpan<byte> NextHop(int family, PathAttributes attributes, Span<byte> buffer)
    {
        Family f = KnownFamilies.Of(family);
        int rd = f.Safi == Safi.MplsVpn ? 8 : 0;
        ReadOnlySpan<byte> hop = attributes.NextHopBytes;
        int length = hop.IsEmpty ? f.Afi == Afi.IPv6 ? 16 : 4 : hop.Length;
        Span<byte> result = buffer[..(rd + length)];
        result.Clear();
        hop.CopyTo(result[rd..]);
        return result;
    }

    /// <summary>All attributes, sorted by type, with NEXT_HOP in its place if <paramref name="nextHop"/> is not empty.</summary>
    internal static void WriteAttributes(ref SpanWriter w, PathAttributes attributes, scoped ReadOnlySpan<byte> nextHop)
    {
        bool done = nextHop.IsEmpty;
        foreach (RawAttribute a in new AttributeList(attributes.Encoded))
        {
            if (!done && a.Type > AttributeType.NextHop) WriteNextHop(ref w, nextHop, out done);
            w.WriteBytes(a.Whole);
        }
        if (!done) WriteNextHop(ref w, nextHop, out _);
    }

    private static void WriteNextHop(ref SpanWriter w, scoped ReadOnlySpan<byte> nextHop, out bool done)
    {
        AttributeWriting.Write(ref w, AttributeType.NextHop, AttributeFlags.Transitive, nextHop);
        done = true;
    }

    /// <summary>MP_REACH_NLRI or MP_UNREACH_NLRI up to where its routes begin; <see cref="EndMultiprotocol"/> fills in the length.</summary>
    internal static int BeginMultiprotocol(ref SpanWriter w, AttributeType type, int family, scoped ReadOnlySpan<byte> nextHop)
    {
        int start = w.Position;
        w.WriteByte((byte)(AttributeFlags.Optional | AttributeFlags.ExtendedLength));
        w.WriteByte((byte)type);
        w.WriteUInt16BigEndian(0);
        w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(family).Afi);
        w.WriteByte((byte)KnownFamilies.Of(family).Safi);
        if (type == AttributeType.MpUnreachNlri) return start;
        w.WriteByte((byte)nextHop.Length);
        w.WriteBytes(nextHop);
        w.WriteByte(0);
        return start;
    }

    internal static void EndMultiprotocol(ref SpanWriter w, int start) => w.PatchUInt16BigEndian(start + 2, (ushort)(w.Position - start - 4));
}
