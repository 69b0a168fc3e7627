using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>
/// How agents guard their hosts: for all, name "default", or for one, name "node.NAME", which wins field by field (Calico <c>FelixConfiguration</c>, of whose many
/// parameters these mean something here).
/// </summary>
public sealed record FelixConfiguration : Resource
{
    public FelixConfigurationSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record FelixConfigurationSpec
{
    /// <summary>What may always reach the host, whatever policy says. Absent: the built-in list; empty: nothing.</summary>
    public IReadOnlyList<ProtoPort>? FailsafeInboundHostPorts { get; init; }

    /// <summary>What the host may always reach. Absent: the built-in list; empty: nothing.</summary>
    public IReadOnlyList<ProtoPort>? FailsafeOutboundHostPorts { get; init; }

    /// <summary>What happens to packets of a workload to its own host that its egress policy allows: Drop (default), Return (the host's other rules decide) or Accept.</summary>
    public string? DefaultEndpointToHostAction { get; init; }
}

/// <summary>A port that stays open, for everyone or for a prefix.</summary>
public sealed record ProtoPort
{
    /// <summary>TCP, UDP or SCTP, in any case.</summary>
    public string? Protocol { get; init; }

    public int? Port { get; init; }

    /// <summary>The other side's prefix; absent: everyone.</summary>
    public string? Net { get; init; }

    /// <summary>What <see cref="Protocol"/> means (absent: TCP), or null when it means nothing.</summary>
    [JsonIgnore]
    public byte? ProtocolNumber => Protocol?.ToUpperInvariant() switch
    {
        null or "" or "TCP" => Resources.Protocol.Tcp,
        "UDP" => Resources.Protocol.Udp,
        "SCTP" => Resources.Protocol.Sctp,
        _ => null,
    };
}
