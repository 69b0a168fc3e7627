using System.Runtime.InteropServices;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;

namespace Margay.Bgp.Bmp;

/// <summary>One route to be told: announced with attributes, or withdrawn if <see cref="Attributes"/> is 0.</summary>
internal readonly record struct MonitoredRoute(int Family, int Prefix, uint PathId, bool AddPath, int Attributes, uint Since, BmpPeerHeader Peer);

/// <summary>Writes Route Monitoring messages (RFC 7854 §4.6): routes with the same peer, attributes and time go together in one UPDATE.</summary>
internal static class RouteMonitoring
{
    /// <summary>Room that a message may need.</summary>
    internal const int MaxMessage = BmpMessage.HeaderLength + BmpMessage.PeerHeaderLength + MessageHeader.MaxExtendedMessage;

    /// <summary>What a route adds at most, without its attributes: headers, next hop, NLRI.</summary>
    internal const int MaxOverhead = BmpMessage.HeaderLength + BmpMessage.PeerHeaderLength + MessageHeader.Length + 4 + 60 + NlriCodec.MaxEncoded;

    /// <summary>Writes all; sorts <paramref name="routes"/>. Returns the number of messages.</summary>
    internal static int Write(ref SpanWriter w, List<MonitoredRoute> routes, ReadOnlySpan<RibTable> tables, DateTimeOffset now)
    {
        routes.Sort(Compare);
        int messages = 0;
        for (ReadOnlySpan<MonitoredRoute> rest = CollectionsMarshal.AsSpan(routes); !rest.IsEmpty; messages++)
        {
            int same = 1;
            while (same < rest.Length && Compare(rest[same], rest[0]) == 0) same++;
            rest = rest[WriteOne(ref w, rest[..same], tables[rest[0].Family], now)..];
        }
        return messages;
    }

    // Withdrawals have no time of their own.
    private static int Compare(MonitoredRoute a, MonitoredRoute b)
    {
        int c = a.Family.CompareTo(b.Family);
        if (c == 0) c = a.Peer.Type.CompareTo(b.Peer.Type);
        if (c == 0) c = a.Peer.Address.CompareTo(b.Peer.Address);
        if (c == 0) c = a.Peer.Flags.CompareTo(b.Peer.Flags);
        if (c == 0) c = a.Attributes.CompareTo(b.Attributes);
        return c == 0 && a.Attributes != 0 ? a.Since.CompareTo(b.Since) : c;
    }

    /// <summary>One message with as many of the routes as an ordinary UPDATE holds, and one in any case; returns how many.</summary>
    private static int WriteOne(ref SpanWriter w, ReadOnlySpan<MonitoredRoute> routes, RibTable table, DateTimeOffset now)
    {
        MonitoredRoute first = routes[0];
        DateTimeOffset time = first.Attributes != 0 && first.Since != 0 ? DateTimeOffset.FromUnixTimeSeconds(first.Since) : now;
        int start = BmpMessage.Begin(ref w, BmpMessageType.RouteMonitoring, first.Peer, time);
        int update = MessageHeader.Begin(ref w, MessageType.Update);
        int n = first.Attributes == 0 ? WriteWithdrawals(ref w, update, routes, table) : WriteAnnouncements(ref w, update, routes, table);
        MessageHeader.End(ref w, update);
        BmpMessage.End(ref w, start);
        return n;
    }

    private static int WriteWithdrawals(ref SpanWriter w, int update, ReadOnlySpan<MonitoredRoute> routes, RibTable table)
    {
        int at = w.Position;
        w.WriteUInt16BigEndian(0);
        if (routes[0].Family == 0)
        {
            int n = WriteNlri(ref w, update, routes, table, default, 2);
            w.PatchUInt16BigEndian(at, (ushort)(w.Position - at - 2));
            w.WriteUInt16BigEndian(0);
            return n;
        }
        w.WriteUInt16BigEndian(0);
        int unreach = RouteWriting.BeginMultiprotocol(ref w, AttributeType.MpUnreachNlri, routes[0].Family, default);
        int count = WriteNlri(ref w, update, routes, table, default, 0);
        RouteWriting.EndMultiprotocol(ref w, unreach);
        w.PatchUInt16BigEndian(at + 2, (ushort)(w.Position - at - 4));
        return count;
    }

    private static int WriteAnnouncements(ref SpanWriter w, int update, ReadOnlySpan<MonitoredRoute> routes, RibTable table)
    {
        PathAttributes attributes = table.Attributes[routes[0].Attributes];
        ReadOnlySpan<byte> hop = RouteWriting.NextHop(table.Family, attributes, stackalloc byte[48]);
        int at = w.Position;
        w.WriteUInt32BigEndian(0);
        if (table.Family == 0 && hop.Length == 4)
        {
            RouteWriting.WriteAttributes(ref w, attributes, hop);
            w.PatchUInt16BigEndian(at + 2, (ushort)(w.Position - at - 4));
            return WriteNlri(ref w, update, routes, table, attributes.Payload, 0);
        }
        int reach = RouteWriting.BeginMultiprotocol(ref w, AttributeType.MpReachNlri, table.Family, hop);
        int n = WriteNlri(ref w, update, routes, table, attributes.Payload, attributes.Encoded.Length);
        RouteWriting.EndMultiprotocol(ref w, reach);
        RouteWriting.WriteAttributes(ref w, attributes, default);
        w.PatchUInt16BigEndian(at + 2, (ushort)(w.Position - at - 4));
        return n;
    }

    private static int WriteNlri(ref SpanWriter w, int update, ReadOnlySpan<MonitoredRoute> routes, RibTable table, ReadOnlySpan<byte> payload, int reserve)
    {
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        int n = 0;
        while (n < routes.Length && (n == 0 || w.Position - update + NlriCodec.MaxEncoded + reserve <= MessageHeader.MaxMessage))
        {
            int length = table.CopyKey(routes[n].Prefix, key);
            NlriCodec.Write(ref w, table.Family, routes[n].AddPath, routes[n].PathId, key[..length], payload);
            n++;
        }
        return n;
    }

    /// <summary>End-of-RIB of a family, as seen from a peer (RFC 7854 §5).</summary>
    internal static void WriteEndOfRib(ref SpanWriter w, int family, in BmpPeerHeader peer, DateTimeOffset now)
    {
        int start = BmpMessage.Begin(ref w, BmpMessageType.RouteMonitoring, peer, now);
        w.WriteBytes(EndOfRib.Message(family));
        BmpMessage.End(ref w, start);
    }
}
