namespace Margay.Bgp;

/// <summary>Bidirectional forwarding detection (RFC 5880) of the way to a peer. A way that goes down ends the BGP session at once.</summary>
/// <param name="MinTx">At least this long between two packets of ours; 10 ms to 60 s. While the way is not Up it is 1 s or more (RFC 5880 §6.8.3).</param>
/// <param name="MinRx">The peer may send as often as this; 10 ms to 60 s.</param>
/// <param name="Multiplier">The peer takes the way for dead after this many missed packets of ours; 1–255.</param>
/// <param name="Multihop">Over routers (RFC 5883, port 4784) or on the link (RFC 5881, port 3784, TTL 255 demanded). Null: on the link if the peer is in a subnet of ours.</param>
public sealed record BfdSpec(TimeSpan MinTx, TimeSpan MinRx, int Multiplier, bool? Multihop = null)
{
    /// <summary>300 ms both ways, three misses: what most routers begin with.</summary>
    public static BfdSpec Default { get; } = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300), 3);
}

/// <summary>Session state (RFC 5880 §4.1), by its number on the wire.</summary>
public enum BfdState : byte
{
    AdminDown = 0,
    Down = 1,
    Init = 2,
    Up = 3,
}

/// <summary>Why a session left Up last (RFC 5880 §4.1), by its number on the wire.</summary>
public enum BfdDiagnostic : byte
{
    None = 0,
    ControlDetectionTimeExpired = 1,
    EchoFunctionFailed = 2,
    NeighborSignaledSessionDown = 3,
    ForwardingPlaneReset = 4,
    PathDown = 5,
    ConcatenatedPathDown = 6,
    AdministrativelyDown = 7,
    ReverseConcatenatedPathDown = 8,
}

/// <summary>The BFD session beside a BGP session: a snapshot.</summary>
public sealed record BfdStatus
{
    public required BfdState State { get; init; }

    /// <summary>Ours: why it left Up last.</summary>
    public required BfdDiagnostic Diagnostic { get; init; }

    /// <summary>As the peer says. <see cref="BfdState.AdminDown"/>: its operator does not want BFD, which says nothing of the way.</summary>
    public required BfdState RemoteState { get; init; }

    public required BfdDiagnostic RemoteDiagnostic { get; init; }

    /// <summary>The peer's BFD does not stop when its routing process does (C bit).</summary>
    public required bool RemoteControlPlaneIndependent { get; init; }

    public required bool Multihop { get; init; }

    /// <summary>Ours, which the peer's packets carry.</summary>
    public required uint LocalDiscriminator { get; init; }

    /// <summary>0: unknown.</summary>
    public required uint RemoteDiscriminator { get; init; }

    /// <summary>Between two packets of ours, before jitter; zero: none are sent.</summary>
    public required TimeSpan TransmitInterval { get; init; }

    /// <summary>Silence of this length ends the session; zero: nothing was heard yet.</summary>
    public required TimeSpan DetectionTime { get; init; }

    public long PacketsSent { get; init; }
    public long PacketsReceived { get; init; }

    /// <summary>Packets that were for this session by their address and changed nothing, because something was wrong with them.</summary>
    public long PacketsRefused { get; init; }

    /// <summary>Times that it came Up.</summary>
    public int TimesUp { get; init; }

    /// <summary>Why nothing can be sent, in words; empty while that works.</summary>
    public string Error { get; init; } = "";
}
