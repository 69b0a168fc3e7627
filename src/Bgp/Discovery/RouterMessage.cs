using Margay.Core.Buffers;

namespace Margay.Bgp.Discovery;

/// <summary>Types of ICMPv6 messages (IANA) that routers find each other by.</summary>
internal enum RouterMessageType : byte
{
    RouterSolicitation = 133,
    RouterAdvertisement = 134,
}

/// <summary>
/// Router solicitations and advertisements (RFC 4861 §4.1, 4.2), as far as two routers on a cable need them: that the other is there. Prefixes and all other
/// options are for hosts; they are checked for their form and not looked at.
/// </summary>
/// <param name="Lifetime">Of an advertisement: how long the sender is a default router; zero: it is none (any more).</param>
internal readonly record struct RouterMessage(RouterMessageType Type, TimeSpan Lifetime)
{
    private const int SolicitationLength = 8;
    private const int AdvertisementLength = 16;

    /// <summary>The longest that is written.</summary>
    internal const int MaxLength = AdvertisementLength;

    /// <summary>False for what RFC 4861 §6.1 has discarded, and for other types. Source and hop limit are the caller's to check.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out RouterMessage message)
    {
        message = default;
        SpanReader r = new(bytes);
        RouterMessageType type = (RouterMessageType)r.ReadByte();
        byte code = r.ReadByte();
        // The checksum: the kernel has seen to it.
        r.Skip(2);
        if (code != 0 || type is not (RouterMessageType.RouterSolicitation or RouterMessageType.RouterAdvertisement)) return false;
        ushort lifetime = 0;
        if (type == RouterMessageType.RouterSolicitation)
        {
            r.Skip(4);
        }
        else
        {
            // Hop limit and flags; lifetime; reachable and retransmission time.
            r.Skip(2);
            lifetime = r.ReadUInt16BigEndian();
            r.Skip(8);
        }
        if (r.Failed || !OptionsAreSound(r)) return false;
        message = new RouterMessage(type, TimeSpan.FromSeconds(lifetime));
        return true;
    }

    // §4.6: type, length in units of 8 octets, never zero.
    private static bool OptionsAreSound(SpanReader r)
    {
        while (!r.AtEnd)
        {
            r.Skip(1);
            int length = 8 * r.ReadByte();
            if (length == 0) return false;
            r.Skip(length - 2);
            if (r.Failed) return false;
        }
        return true;
    }

    /// <summary>Writes it without options and with a zero checksum, which the kernel fills in; returns how many octets.</summary>
    internal int Write(Span<byte> to)
    {
        to[..MaxLength].Clear();
        to[0] = (byte)Type;
        if (Type == RouterMessageType.RouterSolicitation) return SolicitationLength;
        ushort seconds = (ushort)Lifetime.TotalSeconds;
        to[6] = (byte)(seconds >> 8);
        to[7] = (byte)seconds;
        return AdvertisementLength;
    }
}
