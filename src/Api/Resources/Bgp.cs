using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>BGP settings of the cluster, name "default", or of one node, name "node.NAME" (Calico <c>BGPConfiguration</c>).</summary>
public sealed record BGPConfiguration : Resource
{
    public BGPConfigurationSpec Spec { get; init => field = value ?? new(); } = new();
    public BGPConfigurationStatus? Status { get; init; }
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

    /// <summary>BFD on mesh sessions, those with elected reflectors included; an empty object is on. Margay's own. Only in the BGPConfiguration called default.</summary>
    public BfdSettings? NodeMeshBfd { get; init; }

    public IReadOnlyList<string>? IgnoredInterfaces { get; init; }
    public string? LogSeverityScreen { get; init; }

    /// <summary>Priority of this node's IPv4 routes, 1 to 2147483646, the lower the better; default 1024.</summary>
    public int? Ipv4NormalRoutePriority { get; init; }

    public int? Ipv6NormalRoutePriority { get; init; }

    /// <summary>Margay's own: what becomes of the mesh when it grows too large.</summary>
    public RouteReflectionSpec? RouteReflection { get; init; }
}

/// <summary>How the server elects route reflectors in place of a mesh that has grown too large. Only in the BGPConfiguration called default.</summary>
public sealed record RouteReflectionSpec
{
    /// <summary>Automatic (default) or Manual: the mesh stays a mesh, whatever its size.</summary>
    public string? Mode { get; init; }

    /// <summary>A mesh of more nodes than this is replaced by reflectors. Default 100.</summary>
    public int? MeshLimit { get; init; }

    /// <summary>Reflectors that each node peers with, 2 to 8. Default 2.</summary>
    public int? ReflectorsPerClient { get; init; }

    /// <summary>Nodes that one reflector serves about; more reflectors are elected when there are more. Default 500.</summary>
    public int? ClientsPerReflector { get; init; }

    /// <summary>The node label that says what fails together; reflectors are spread over its values. Default rack.</summary>
    public string? TopologyLabel { get; init; }

    /// <summary>Nodes that may be elected; all when not given.</summary>
    public string? NodeSelector { get; init; }

    /// <summary>How long the agent of a reflector may be silent before another takes its place. Default 60s.</summary>
    public string? LossTime { get; init; }

    /// <summary>How long sessions of before and after are held side by side. Default 30s.</summary>
    public string? TransitionTime { get; init; }
}

public sealed record BGPConfigurationStatus
{
    /// <summary>Nodes that take part in the mesh, or would without reflectors.</summary>
    public int? MeshNodes { get; init; }

    public RouteReflectionStatus? RouteReflection { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>How the nodes hang together now, as the server has decided.</summary>
public sealed record RouteReflectionStatus
{
    /// <summary>Every node peers with every other.</summary>
    public bool Mesh { get; init; }

    /// <summary>When a transition began last.</summary>
    [JsonConverter(typeof(TimestampJsonConverter))]
    public DateTimeOffset? Since { get; init; }

    public IReadOnlyList<ReflectorStatus> Reflectors { get; init => field = value ?? []; } = [];
}

public sealed record ReflectorStatus
{
    public string Node { get; init => field = value ?? ""; } = "";
    public ReflectorState State { get; init; }
}

/// <summary>The part of an elected reflector in a transition. All of them reflect.</summary>
public enum ReflectorState
{
    /// <summary>Will serve; what is to be replaced is still there.</summary>
    Joining,

    Active,

    /// <summary>Serves until the transition is over.</summary>
    Leaving,
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

    /// <summary>
    /// Unnumbered: the peer is whoever sends router advertisements on this interface of the node; we send them too, and speak between link-local addresses.
    /// Excludes <see cref="PeerSelector"/>; with <see cref="PeerIP"/>, which is then link-local, nothing is discovered. Margay's own; Calico has no such field.
    /// </summary>
    public string? PeerInterface { get; init; }

    /// <summary>With <see cref="PeerInterface"/> and without <see cref="AsNumber"/>: External (default, any AS but ours) or Internal (ours). Margay's own.</summary>
    public string? PeerType { get; init; }

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

    /// <summary>
    /// What the session carries, of <see cref="BgpAddressFamilies"/>. Absent: the family of its addresses, and routes of virtual networks where the peer is one of our nodes or
    /// <see cref="Networks"/> or <see cref="RouteTargets"/> is given. Margay's own.
    /// </summary>
    public IReadOnlyList<string>? AddressFamilies { get; init; }

    /// <summary>
    /// The virtual networks that the peer may speak for, NAMESPACE/NAME: it is told of their routes alone, and believed about them alone. Absent, and <see cref="RouteTargets"/> too: all; empty: none. Margay's own.
    /// </summary>
    public IReadOnlyList<string>? Networks { get; init; }

    /// <summary>The same by route targets ("64512:10001"), besides those of <see cref="Networks"/>. What the peer says that it wants (RFC 4684) narrows it down, and never widens it. Margay's own.</summary>
    public IReadOnlyList<string>? RouteTargets { get; init; }
}

/// <summary>Address families by the names that <see cref="BGPPeerSpec.AddressFamilies"/> has for them.</summary>
public static class BgpAddressFamilies
{
    public const string IPv4Unicast = "ipv4Unicast", IPv6Unicast = "ipv6Unicast";

    /// <summary>Routes of virtual networks (RFC 7432, 9136), and with them what each side wants to hear of (RFC 4684).</summary>
    public const string Evpn = "l2vpnEvpn";
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
