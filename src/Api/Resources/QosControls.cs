namespace Margay.Api.Resources;

/// <summary>
/// Limits of one endpoint (Calico <c>QoSControls</c>). Also given as annotations <c>qos.projectcalico.org/FIELD</c>; a field given here wins. Ingress is traffic to
/// the endpoint.
/// </summary>
public sealed record QosControls
{
    /// <summary>Bits per second, 1e3 to 1e15.</summary>
    public long? IngressBandwidth { get; init; }

    /// <summary>Bits per second, 1e3 to 1e15.</summary>
    public long? EgressBandwidth { get; init; }

    /// <summary>Bits; default 4 Gi.</summary>
    public long? IngressBurst { get; init; }

    /// <summary>Bits; default 4 Gi.</summary>
    public long? EgressBurst { get; init; }

    /// <summary>Bits per second.</summary>
    public long? IngressPeakrate { get; init; }

    /// <summary>Bits per second.</summary>
    public long? EgressPeakrate { get; init; }

    /// <summary>Bytes.</summary>
    public long? IngressMinburst { get; init; }

    /// <summary>Bytes.</summary>
    public long? EgressMinburst { get; init; }

    /// <summary>Packets per second, 1 to 10,000.</summary>
    public long? IngressPacketRate { get; init; }

    /// <summary>Packets per second, 1 to 10,000.</summary>
    public long? EgressPacketRate { get; init; }

    /// <summary>Packets; default 5.</summary>
    public long? IngressPacketBurst { get; init; }

    /// <summary>Packets; default 5.</summary>
    public long? EgressPacketBurst { get; init; }

    /// <summary>Connections at a time, 1 to 2³²−1.</summary>
    public long? IngressMaxConnections { get; init; }

    /// <summary>Connections at a time, 1 to 2³²−1.</summary>
    public long? EgressMaxConnections { get; init; }

    /// <summary>What packets that leave the host are marked with: 0–63, or DF, EF, AF11–AF43, CS0–CS6 (RFC 2474, 2597, 3246).</summary>
    public Dscp? Dscp { get; init; }
}
