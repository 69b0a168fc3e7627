namespace Margay.Api.Resources;

/// <summary>BGP settings of the cluster, name "default", or of one node, name "node.NAME" (Calico <c>BGPConfiguration</c>).</summary>
public sealed record BGPConfiguration : Resource
{
    public BGPConfigurationSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record BGPConfigurationSpec
{
    /// <summary>Default 64512.</summary>
    public AsNumber? AsNumber { get; init; }

    /// <summary>Every node peers with every other. Default true.</summary>
    public bool? NodeToNodeMeshEnabled { get; init; }

    /// <summary>TCP port, default 179.</summary>
    public int? ListenPort { get; init; }

    /// <summary>None (all addresses) or NodeIP.</summary>
    public string? BindMode { get; init; }

    public IReadOnlyList<CidrEntry>? ServiceClusterIPs { get; init; }
    public IReadOnlyList<CidrEntry>? ServiceExternalIPs { get; init; }
    public IReadOnlyList<CidrEntry>? ServiceLoadBalancerIPs { get; init; }
    public IReadOnlyList<CommunityDefinition>? Communities { get; init; }
    public IReadOnlyList<PrefixAdvertisement>? PrefixAdvertisements { get; init; }
    public SecretKeySource? NodeMeshPassword { get; init; }

    /// <summary>Graceful restart time of mesh sessions, such as "120s".</summary>
    public string? NodeMeshMaxRestartTime { get; init; }

    public IReadOnlyList<string>? IgnoredInterfaces { get; init; }
    public string? LogSeverityScreen { get; init; }
}

public sealed record CidrEntry
{
    public string? Cidr { get; init; }
}

public sealed record CommunityDefinition
{
    public string? Name { get; init; }

    /// <summary>aa:nn (RFC 1997) or aa:nn:mm (RFC 8092).</summary>
    public string? Value { get; init; }
}

public sealed record PrefixAdvertisement
{
    public string? Cidr { get; init; }
    public IReadOnlyList<string>? Communities { get; init; }
}

/// <summary>A value kept elsewhere. Margay also takes it in place (<see cref="Value"/>), for clusters without a secret store.</summary>
public sealed record SecretKeySource
{
    public SecretKeyRef? SecretKeyRef { get; init; }
    public string? Value { get; init; }
}

public sealed record SecretKeyRef
{
    public string? Name { get; init; }
    public string? Key { get; init; }
}

/// <summary>Peerings of one, some or all nodes (Calico <c>BGPPeer</c>).</summary>
public sealed record BGPPeer : Resource
{
    public BGPPeerSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record BGPPeerSpec
{
    /// <summary>One node; excludes <see cref="NodeSelector"/>. With neither, all nodes.</summary>
    public string? Node { get; init; }

    public string? NodeSelector { get; init; }

    /// <summary>Address, with an optional port: 192.0.2.1, 192.0.2.1:1790, [2001:db8::1]:1790. Excludes <see cref="PeerSelector"/>.</summary>
    public string? PeerIP { get; init; }

    /// <summary>Peers with the nodes that it selects.</summary>
    public string? PeerSelector { get; init; }

    public string? LocalWorkloadSelector { get; init; }

    /// <summary>The peer's AS; forbidden with <see cref="PeerSelector"/>.</summary>
    public AsNumber? AsNumber { get; init; }

    public AsNumber? LocalASNumber { get; init; }

    /// <summary>Auto (default), Self or Keep.</summary>
    public string? NextHopMode { get; init; }

    public bool? KeepOriginalNextHop { get; init; }
    public SecretKeySource? Password { get; init; }

    /// <summary>UseNodeIP (default) or None.</summary>
    public string? SourceAddress { get; init; }

    public string? MaxRestartTime { get; init; }
    public string? KeepaliveTime { get; init; }
    public int? NumAllowedLocalASNumbers { get; init; }

    /// <summary>How many hops the peer may be away (RFC 5082).</summary>
    public int? TtlSecurity { get; init; }

    public string? ReachableBy { get; init; }
    public IReadOnlyList<string>? Filters { get; init; }

    /// <summary>Auto (default: the selected nodes peer back) or Manual.</summary>
    public string? ReversePeering { get; init; }

    /// <summary>Watches the way to the peer and ends the session as soon as it is dead. Absent: off. Margay's own; Calico has no such field.</summary>
    public BfdSettings? Bfd { get; init; }
}

/// <summary>Bidirectional forwarding detection (RFC 5880); an empty object is on, with the defaults. Both sides must have it.</summary>
public sealed record BfdSettings
{
    /// <summary>The peer may send as often as this: "10ms" to "60s", default "300ms".</summary>
    public string? MinRxInterval { get; init; }

    /// <summary>How often we would send: "10ms" to "60s", default "300ms".</summary>
    public string? MinTxInterval { get; init; }

    /// <summary>The way is dead after this many missed packets: 1–255, default 3.</summary>
    public int? Multiplier { get; init; }

    /// <summary>Over routers (RFC 5883) or on the link (RFC 5881). Default: on the link if the peer is in a subnet of the node.</summary>
    public bool? Multihop { get; init; }
}
