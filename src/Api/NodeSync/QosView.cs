namespace Margay.Api.NodeSync;

/// <summary>The limits of one endpoint with their defaults filled in. Absent: no limit. Ingress is traffic to the endpoint.</summary>
public sealed record QosView
{
    /// <summary>Token bucket on traffic to the endpoint.</summary>
    public BandwidthView? IngressBandwidth { get; init; }

    public BandwidthView? EgressBandwidth { get; init; }

    /// <summary>Packets per second and in a burst, counted before conntrack.</summary>
    public PacketRateView? IngressPacketRate { get; init; }

    public PacketRateView? EgressPacketRate { get; init; }

    /// <summary>Connections to the endpoint at a time; what is beyond is reset (TCP) or dropped.</summary>
    public uint? IngressMaxConnections { get; init; }

    public uint? EgressMaxConnections { get; init; }

    /// <summary>Mark packets of the endpoint that leave the host with this code point, 0–63.</summary>
    public byte? Dscp { get; init; }
}

/// <param name="Rate">Bits per second.</param>
/// <param name="Burst">Bits.</param>
/// <param name="PeakRate">Bits per second at which a burst is sent; null: as fast as the link is.</param>
/// <param name="MinBurst">Bytes that may be sent at once at the peak rate; null: one MTU.</param>
public sealed record BandwidthView(long Rate, long Burst, long? PeakRate, long? MinBurst);

/// <param name="Rate">Packets per second.</param>
/// <param name="Burst">Packets.</param>
public sealed record PacketRateView(uint Rate, uint Burst);
