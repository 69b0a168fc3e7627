using Margay.Core.Buffers;

namespace Margay.Bgp.Bfd;

/// <summary>Why a packet changes nothing (RFC 5880 §6.8.6, RFC 5881 §5).</summary>
internal enum BfdFault
{
    None,
    Version,
    Length,
    Multiplier,
    Multipoint,
    MyDiscriminator,
    YourDiscriminator,
    Authentication,

    /// <summary>Not sent by a neighbour (TTL below 255).</summary>
    Ttl,

    /// <summary>The discriminator is known, but the packet came from elsewhere.</summary>
    Source,
    AdministrativelyDown,
}

/// <summary>A BFD control packet (RFC 5880 §4.1) without authentication. Intervals are in microseconds.</summary>
internal readonly record struct BfdPacket
{
    internal const int Length = 24;
    private const byte Version = 1;

    internal BfdDiagnostic Diagnostic { get; init; }
    internal BfdState State { get; init; }
    internal bool Poll { get; init; }
    internal bool Final { get; init; }
    internal bool ControlPlaneIndependent { get; init; }
    internal bool Demand { get; init; }
    internal byte DetectMultiplier { get; init; }
    internal uint MyDiscriminator { get; init; }

    /// <summary>0: the sender does not know us yet.</summary>
    internal uint YourDiscriminator { get; init; }
    internal uint DesiredMinTx { get; init; }
    internal uint RequiredMinRx { get; init; }
    internal uint RequiredMinEchoRx { get; init; }

    /// <summary>Takes what RFC 5880 §6.8.6 takes; the checks are in its order.</summary>
    internal static BfdFault TryRead(ReadOnlySpan<byte> bytes, out BfdPacket packet)
    {
        packet = default;
        SpanReader r = new(bytes);
        byte first = r.ReadByte(), second = r.ReadByte(), multiplier = r.ReadByte(), length = r.ReadByte();
        BfdPacket read = new()
        {
            Diagnostic = (BfdDiagnostic)(first & 0x1f),
            State = (BfdState)(second >> 6),
            Poll = (second & 0x20) != 0,
            Final = (second & 0x10) != 0,
            ControlPlaneIndependent = (second & 0x08) != 0,
            Demand = (second & 0x02) != 0,
            DetectMultiplier = multiplier,
            MyDiscriminator = r.ReadUInt32BigEndian(),
            YourDiscriminator = r.ReadUInt32BigEndian(),
            DesiredMinTx = r.ReadUInt32BigEndian(),
            RequiredMinRx = r.ReadUInt32BigEndian(),
            RequiredMinEchoRx = r.ReadUInt32BigEndian(),
        };
        bool authenticated = (second & 0x04) != 0, multipoint = (second & 0x01) != 0;
        if (first >> 5 != Version) return BfdFault.Version;
        if (r.Failed || length < Length || length > bytes.Length) return BfdFault.Length;
        if (multiplier == 0) return BfdFault.Multiplier;
        if (multipoint) return BfdFault.Multipoint;
        if (read.MyDiscriminator == 0) return BfdFault.MyDiscriminator;
        if (read.YourDiscriminator == 0 && read.State > BfdState.Down) return BfdFault.YourDiscriminator;
        if (authenticated) return BfdFault.Authentication;
        packet = read;
        return BfdFault.None;
    }

    /// <summary>Writes the <see cref="Length"/> octets.</summary>
    internal void Write(Span<byte> to)
    {
        SpanWriter w = new(to);
        w.WriteByte((byte)((Version << 5) | (byte)Diagnostic));
        w.WriteByte((byte)(((byte)State << 6) | (Poll ? 0x20 : 0) | (Final ? 0x10 : 0) | (ControlPlaneIndependent ? 0x08 : 0) | (Demand ? 0x02 : 0)));
        w.WriteByte(DetectMultiplier);
        w.WriteByte(Length);
        w.WriteUInt32BigEndian(MyDiscriminator);
        w.WriteUInt32BigEndian(YourDiscriminator);
        w.WriteUInt32BigEndian(DesiredMinTx);
        w.WriteUInt32BigEndian(RequiredMinRx);
        w.WriteUInt32BigEndian(RequiredMinEchoRx);
    }
}
