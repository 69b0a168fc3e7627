using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>One NLRI as read: the key identifies the route, the payload is the rest (labels, ESI, gateway).</summary>
internal struct NlriItem
{
    /// <summary>ADD-PATH identifier, 0 without.</summary>
    public uint PathId;

    /// <summary>How many octets of the key buffer are the key; the octets after them are zero.</summary>
    public int KeyLength;

    public int PayloadLength;
}

/// <summary>What became of an attempt to read one NLRI.</summary>
internal enum NlriOutcome
{
    Ok,

    /// <summary>This one is malformed or of an unknown type, but its length is known: it is skipped.</summary>
    Skip,

    /// <summary>The rest of the field cannot be read.</summary>
    Broken,
}

/// <summary>
/// NLRI of all families to and from (key, payload). Keys:
/// <code>
/// unicast       bits prefix…                                payload –
/// EVPN          type length fields that identify            payload ESI, gateway, labels (RFC 7432 §7, RFC 9136 §3.1)
/// VPN           bits RD prefix…   (bits without labels)     payload labels (RFC 8277)
/// route target  bits origin-AS RT…                          payload – (RFC 4684 §4)
/// </code>
/// </summary>
internal static class NlriCodec
{
    internal const int MaxKey = 40;
    internal const int MaxPayload = 64;
    internal const int MaxEncoded = 72;

    /// <summary>How many 64-bit words a key of the family takes.</summary>
    internal static int KeyWords(int family) => family switch
    {
        0 => 1,
        1 => 3,
        2 => 5,
        3 => 2,
        4 => 4,
        _ => 2,
    };

    /// <summary>The length of a key from its first octets.</summary>
    internal static int KeyLength(int family, ReadOnlySpan<byte> key) => family switch
    {
        2 => 2 + key[1],
        _ => 1 + (key[0] + 7) / 8,
    };

    /// <summary>Reads the next NLRI; <paramref name="key"/> (40 octets) and <paramref name="payload"/> (64) are filled, the key zero-padded.</summary>
    [SkipLocalsInit]
    internal static NlriOutcome Read(ref SpanReader r, int family, bool addPath, bool withdraw, Span<byte> key, Span<byte> payload, out NlriItem item)
    {
        item = default;
        if (addPath) item.PathId = r.ReadUInt32BigEndian();
        key.Clear();
        return family switch
        {
            0 => ReadPrefix(ref r, 32, key, ref item),
            1 => ReadPrefix(ref r, 128, key, ref item),
            2 => ReadEvpn(ref r, key, payload, ref item),
            3 => ReadVpn(ref r, 32, withdraw, key, payload, ref item),
            4 => ReadVpn(ref r, 128, withdraw, key, payload, ref item),
            _ => ReadRouteTarget(ref r, key, ref item),
        };
    }

    private static NlriOutcome ReadPrefix(ref SpanReader r, int most, Span<byte> key, ref NlriItem item)
    {
        int bits = r.ReadByte();
        if (bits > most) return NlriOutcome.Broken;
        ReadOnlySpan<byte> octets = r.ReadBytes((bits + 7) / 8);
        if (r.Failed) return NlriOutcome.Broken;
        key[0] = (byte)bits;
        octets.CopyTo(key[1..]);
        // RFC 4271 §4.3: trailing bits are irrelevant.
        if ((bits & 7) != 0) key[octets.Length] &= (byte)(0xff00 >> (bits & 7));
        item.KeyLength = 1 + octets.Length;
        return NlriOutcome.Ok;
    }

    private static NlriOutcome ReadRouteTarget(ref SpanReader r, Span<byte> key, ref NlriItem item)
    {
        int bits = r.ReadByte();
        ReadOnlySpan<byte> octets = r.ReadBytes((bits + 7) / 8);
        if (r.Failed || bits > 96) return NlriOutcome.Broken;
        // RFC 4684 §4: 0, or at least the origin AS.
        if (bits is > 0 and < 32) return NlriOutcome.Skip;
        key[0] = (byte)bits;
        octets.CopyTo(key[1..]);
        if ((bits & 7) != 0) key[octets.Length] &= (byte)(0xff00 >> (bits & 7));
        item.KeyLength = 1 + octets.Length;
        return NlriOutcome.Ok;
    }

    private static NlriOutcome ReadVpn(ref SpanReader r, int most, bool withdraw, Span<byte> key, Span<byte> payload, ref NlriItem item)
    {
        int bits = r.ReadByte();
        SpanReader body = r.ReadSlice((bits + 7) / 8);
        if (r.Failed) return NlriOutcome.Broken;
        int labels = 0;
        while (true)
        {
            ReadOnlySpan<byte> label = body.ReadBytes(3);
            if (body.Failed || labels + 3 > payload.Length) return NlriOutcome.Broken;
            label.CopyTo(payload[labels..]);
            labels += 3;
            // RFC 8277 §2.4: in a withdrawal the one label field says nothing.
            if (withdraw || (label[2] & 1) != 0 || BinaryPrimitives.ReadUInt16BigEndian(label) == 0x8000) break;
        }
        int rest = bits - 8 * labels;
        // RFC 7606 §5.3.
        if (rest < 64 || rest > 64 + most) return NlriOutcome.Broken;
        key[0] = (byte)rest;
        ReadOnlySpan<byte> octets = body.Rest;
        octets.CopyTo(key[1..]);
        if ((rest & 7) != 0) key[octets.Length] &= (byte)(0xff00 >> (rest & 7));
        item.KeyLength = 1 + octets.Length;
        item.PayloadLength = labels;
        return NlriOutcome.Ok;
    }

    private static NlriOutcome ReadEvpn(ref SpanReader r, Span<byte> key, Span<byte> payload, ref NlriItem item)
    {
        byte type = r.ReadByte();
        SpanReader b = r.ReadSlice(r.ReadByte());
        if (r.Failed) return NlriOutcome.Broken;
        SpanWriter k = new(key);
        SpanWriter p = new(payload);
        k.WriteByte(type);
        k.WriteByte(0);
        switch (type, b.Remaining)
        {
            case (1, 25):
                k.WriteBytes(b.ReadBytes(22));
                break;
            case (2, 33 or 36 or 37 or 40 or 49 or 52):
                k.WriteBytes(b.ReadBytes(8));
                p.WriteBytes(b.ReadBytes(10));
                k.WriteBytes(b.ReadBytes(4));
                if (b.Rest[0] != 48) return NlriOutcome.Skip;
                k.WriteBytes(b.ReadBytes(7));
                int ipBits = b.Rest[0];
                if (ipBits is not (0 or 32 or 128) || b.Remaining - 1 - ipBits / 8 is not (3 or 6)) return NlriOutcome.Skip;
                k.WriteBytes(b.ReadBytes(1 + ipBits / 8));
                break;
            case (3, 17 or 29):
                if (b.Rest[12] != 8 * (b.Remaining - 13)) return NlriOutcome.Skip;
                k.WriteBytes(b.ReadBytes(b.Remaining));
                break;
            case (4, 23 or 35):
                if (b.Rest[18] != 8 * (b.Remaining - 19)) return NlriOutcome.Skip;
                k.WriteBytes(b.ReadBytes(b.Remaining));
                break;
            case (5, 34 or 58):
                int size = b.Remaining == 34 ? 4 : 16;
                k.WriteBytes(b.ReadBytes(8));
                p.WriteBytes(b.ReadBytes(10));
                k.WriteBytes(b.ReadBytes(4));
                if (b.Rest[0] > 8 * size) return NlriOutcome.Skip;
                k.WriteBytes(b.ReadBytes(1 + size));
                break;
            default:
                return NlriOutcome.Skip;
        }
        p.WriteBytes(b.Rest);
        key[1] = (byte)(k.Position - 2);
        item.KeyLength = k.Position;
        item.PayloadLength = p.Position;
        return NlriOutcome.Ok;
    }

    /// <summary>Writes an NLRI; a withdrawal needs no payload. Returns false if it does not fit.</summary>
    internal static bool Write(ref SpanWriter w, int family, bool addPath, uint pathId, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> payload)
    {
        int start = w.Position;
        if (addPath) w.WriteUInt32BigEndian(pathId);
        switch (family)
        {
            case 2:
                WriteEvpn(ref w, key, payload);
                break;
            case 3 or 4:
                // RFC 8277 §2.4: 0x800000 where there is no label.
                scoped ReadOnlySpan<byte> labels = payload.IsEmpty ? [0x80, 0, 0] : payload;
                w.WriteByte((byte)(key[0] + 8 * labels.Length));
                w.WriteBytes(labels);
                w.WriteBytes(key[1..]);
                break;
            default:
                w.WriteBytes(key);
                break;
        }
        if (!w.Failed) return true;
        w.Rewind(start);
        return false;
    }

    private static ReadOnlySpan<byte> NoPayload => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static void WriteEvpn(ref SpanWriter w, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> zero = NoPayload;
        ReadOnlySpan<byte> fields = key[2..];
        w.WriteByte(key[0]);
        switch (key[0])
        {
            case 1:
                payload = payload.IsEmpty ? zero[..3] : payload;
                w.WriteByte((byte)(fields.Length + payload.Length));
                w.WriteBytes(fields);
                w.WriteBytes(payload);
                break;
            case 2 or 5:
                if (payload.IsEmpty) payload = zero[..(key[0] == 2 ? 13 : fields.Length == 17 ? 17 : 29)];
                w.WriteByte((byte)(fields.Length + payload.Length));
                w.WriteBytes(fields[..8]);
                w.WriteBytes(payload[..10]);
                w.WriteBytes(fields[8..]);
                w.WriteBytes(payload[10..]);
                break;
            default:
                w.WriteByte((byte)fields.Length);
                w.WriteBytes(fields);
                break;
        }
    }
}
