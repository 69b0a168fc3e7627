using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Wire;

/// <summary>An OPEN (RFC 4271 §4.2).</summary>
/// <param name="Asn">The sender's AS: of the four-octet capability if there is one.</param>
/// <param name="HoldSeconds">0, or 3 and more.</param>
public sealed record OpenMessage(uint Asn, ushort HoldSeconds, InetAddress RouterId, Capabilities Capabilities)
{
    private const ushort AsTrans = 23456;

    /// <summary>Reads the body of an OPEN. Faults that RFC 4271 §6.2 names come back as the NOTIFICATION to send.</summary>
    internal static NotificationMessage? TryRead(ReadOnlySpan<byte> body, out OpenMessage open)
    {
        open = new OpenMessage(0, 0, InetAddress.AnyV4, new Capabilities());
        SpanReader r = new(body);
        if (r.ReadByte() != 4) return Error(OpenSubcode.UnsupportedVersionNumber, [0, 4]);
        ushort as2 = r.ReadUInt16BigEndian();
        ushort hold = r.ReadUInt16BigEndian();
        InetAddress id = InetAddress.FromIPv4(r.ReadUInt32BigEndian());
        int length = r.ReadByte();
        Capabilities known = new();
        // RFC 9072: 255 as length and as first type announces the extended format.
        bool extended = length == 255 && r.Remaining >= 3 && r.Rest[0] == 255;
        if (extended)
        {
            r.Skip(1);
            length = r.ReadUInt16BigEndian();
        }
        if (r.Failed || length != r.Remaining) return Error(0, []);
        while (!r.AtEnd)
        {
            byte type = r.ReadByte();
            int size = extended ? r.ReadUInt16BigEndian() : r.ReadByte();
            ReadOnlySpan<byte> value = r.ReadBytes(size);
            if (r.Failed) return Error(0, []);
            if (type != 2) return Error(OpenSubcode.UnsupportedOptionalParameter, [type]);
            if (!Capabilities.TryRead(value, ref known)) return Error(0, []);
        }
        uint asn = known.FourOctetAs ?? as2;
        if (asn == 0) return Error(OpenSubcode.BadPeerAs, []);
        if (hold is 1 or 2) return Error(OpenSubcode.UnacceptableHoldTime, []);
        if (id.IsUnspecified) return Error(OpenSubcode.BadBgpIdentifier, []);
        open = new OpenMessage(asn, hold, id, known);
        return null;
    }

    internal byte[] ToMessage()
    {
        Span<byte> buffer = stackalloc byte[MessageHeader.Length + 10 + 2 + 255 + 64];
        SpanWriter w = new(buffer);
        int start = MessageHeader.Begin(ref w, MessageType.Open);
        w.WriteByte(4);
        w.WriteUInt16BigEndian(Asn > ushort.MaxValue ? AsTrans : (ushort)Asn);
        w.WriteUInt16BigEndian(HoldSeconds);
        w.WriteUInt32BigEndian(RouterId.IPv4Value);
        int lengthAt = w.Position;
        w.WriteByte(0);
        w.WriteByte(2);
        w.WriteByte(0);
        Capabilities.Write(ref w);
        int size = w.Position - lengthAt - 3;
        if (size == 0)
        {
            w.Rewind(lengthAt + 1);
        }
        else
        {
            // All that we can announce takes well below 253 octets.
            w.PatchByte(lengthAt, checked((byte)(size + 2)));
            w.PatchByte(lengthAt + 2, checked((byte)size));
        }
        MessageHeader.End(ref w, start);
        return w.Written.ToArray();
    }

    private static NotificationMessage Error(OpenSubcode subcode, byte[] data) => new(ErrorCode.OpenMessage, (byte)subcode, data);
}

/// <summary>A ROUTE-REFRESH (RFC 2918) and its demarcation (RFC 7313).</summary>
/// <param name="Subtype">0 request, 1 beginning, 2 end of a refresh.</param>
internal readonly record struct RouteRefreshMessage(ushort Afi, byte Subtype, byte Safi)
{
    internal static RouteRefreshMessage Of(int family, byte subtype) => new((ushort)KnownFamilies.Of(family).Afi, subtype, (byte)KnownFamilies.Of(family).Safi);

    internal static RouteRefreshMessage Read(ReadOnlySpan<byte> body)
    {
        SpanReader r = new(body);
        return new(r.ReadUInt16BigEndian(), r.ReadByte(), r.ReadByte());
    }

    internal byte[] ToMessage() => MessageHeader.Whole(MessageType.RouteRefresh, [(byte)(Afi >> 8), (byte)Afi, Subtype, Safi]);
}
