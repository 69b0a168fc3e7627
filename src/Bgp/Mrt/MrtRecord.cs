using System.Text;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Mrt;

/// <summary>A peer in the index of a dump.</summary>
internal readonly record struct MrtPeer(uint RouterId, InetAddress Address, uint Asn);

/// <summary>A path in a RIB record.</summary>
/// <param name="Since">Seconds of Unix time.</param>
internal readonly record struct MrtEntry(ushort Peer, uint Since, uint PathId, PathAttributes Attributes);

/// <summary>TABLE_DUMP_V2 records as bytes (RFC 6396 §4.3).</summary>
internal static class MrtRecord
{
    internal const int HeaderLength = 12;

    private static int Begin(ref SpanWriter w, TableDumpV2Subtype subtype, uint time)
    {
        int start = w.Position;
        w.WriteUInt32BigEndian(time);
        w.WriteUInt16BigEndian((ushort)MrtType.TableDumpV2);
        w.WriteUInt16BigEndian((ushort)subtype);
        w.WriteUInt32BigEndian(0);
        return start;
    }

    private static void End(ref SpanWriter w, int start)
    {
        int length = w.Position - start - HeaderLength;
        w.PatchUInt16BigEndian(start + 8, (ushort)(length >> 16));
        w.PatchUInt16BigEndian(start + 10, (ushort)length);
    }

    /// <summary>PEER_INDEX_TABLE: the first record of a dump.</summary>
    internal static byte[] PeerIndexTable(uint time, uint collector, string view, IReadOnlyList<MrtPeer> peers)
    {
        byte[] name = Encoding.UTF8.GetBytes(view);
        byte[] buffer = new byte[HeaderLength + 8 + name.Length + 25 * peers.Count];
        SpanWriter w = new(buffer);
        int start = Begin(ref w, TableDumpV2Subtype.PeerIndexTable, time);
        w.WriteUInt32BigEndian(collector);
        w.WriteUInt16BigEndian((ushort)name.Length);
        w.WriteBytes(name);
        w.WriteUInt16BigEndian((ushort)peers.Count);
        foreach (MrtPeer p in peers)
        {
            // Bit 0: IPv6 address; bit 1: four-octet AS number.
            w.WriteByte((byte)(p.Address.IsIPv6 ? 3 : 2));
            w.WriteUInt32BigEndian(p.RouterId);
            p.Address.WriteBytes(w.Reserve(p.Address.ByteLength));
            w.WriteUInt32BigEndian(p.Asn);
        }
        End(ref w, start);
        return w.Written.ToArray();
    }

    /// <summary>Room that a record of these paths takes at most.</summary>
    internal static int MaxSize(IReadOnlyList<MrtEntry> entries) => HeaderLength + 16 + NlriCodec.MaxEncoded + entries.Sum(e => 64 + e.Attributes.Encoded.Length);

    /// <summary>The paths of one prefix, which all have the same NLRI and do or do not have path ids.</summary>
    /// <param name="payload">Of the NLRI: labels, ESI, gateway.</param>
    internal static void WriteRib(ref SpanWriter w, uint time, uint sequence, int family, bool addPath, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> payload, IReadOnlyList<MrtEntry> entries)
    {
        TableDumpV2Subtype subtype = family switch
        {
            0 => addPath ? TableDumpV2Subtype.RibIpv4UnicastAddPath : TableDumpV2Subtype.RibIpv4Unicast,
            1 => addPath ? TableDumpV2Subtype.RibIpv6UnicastAddPath : TableDumpV2Subtype.RibIpv6Unicast,
            _ => addPath ? TableDumpV2Subtype.RibGenericAddPath : TableDumpV2Subtype.RibGeneric,
        };
        int start = Begin(ref w, subtype, time);
        w.WriteUInt32BigEndian(sequence);
        if (family > 1)
        {
            w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(family).Afi);
            w.WriteByte((byte)KnownFamilies.Of(family).Safi);
        }
        NlriCodec.Write(ref w, family, false, 0, key, payload);
        w.WriteUInt16BigEndian((ushort)entries.Count);
        foreach (MrtEntry e in entries) WriteEntry(ref w, family, addPath, e);
        End(ref w, start);
    }

    private static void WriteEntry(ref SpanWriter w, int family, bool addPath, in MrtEntry e)
    {
        w.WriteUInt16BigEndian(e.Peer);
        w.WriteUInt32BigEndian(e.Since);
        if (addPath) w.WriteUInt32BigEndian(e.PathId);
        int at = w.Position;
        w.WriteUInt16BigEndian(0);
        ReadOnlySpan<byte> hop = RouteWriting.NextHop(family, e.Attributes, stackalloc byte[48]);
        if (family == 0 && hop.Length == 4)
        {
            RouteWriting.WriteAttributes(ref w, e.Attributes, hop);
        }
        else
        {
            RouteWriting.WriteAttributes(ref w, e.Attributes, default);
            // RFC 6396 §4.3.4: of MP_REACH_NLRI only the next hop.
            w.WriteByte((byte)AttributeFlags.Optional);
            w.WriteByte((byte)AttributeType.MpReachNlri);
            w.WriteByte((byte)(hop.Length + 1));
            w.WriteByte((byte)hop.Length);
            w.WriteBytes(hop);
        }
        w.PatchUInt16BigEndian(at, (ushort)(w.Position - at - 2));
    }
}
