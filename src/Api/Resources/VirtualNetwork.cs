using System.Globalization;

namespace Margay.Api.Resources;

/// <summary>
/// A routing domain of its own (a VRF): its addresses mean nothing outside of it, so any number of networks may use the same ones. It belongs to the tenant whose
/// namespace it is in; workloads of that namespace may attach to it. Everywhere else it is called <c>NAMESPACE.NAME</c> (<see cref="FullName"/>).
/// </summary>
public sealed record VirtualNetwork : Resource
{
    public VirtualNetworkSpec Spec { get; init => field = value ?? new(); } = new();
    public VirtualNetworkStatus? Status { get; init; }

    /// <summary>The name by which endpoints, blocks, routes and logs mean this network. Both parts are DNS labels, so it reads one way only.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string FullName => FullNameOf(Namespace ?? "default", Name);

    public static string FullNameOf(string ns, string name) => $"{ns}.{name}";

    /// <summary>What a workload of <paramref name="ns"/> means by <paramref name="name"/>: a bare name is a network of its own namespace.</summary>
    public static string Resolve(string? name, string? ns) =>
        name is null or "default" ? "default" : name.Contains('.', StringComparison.Ordinal) ? name : FullNameOf(ns ?? "default", name);
}

public sealed record VirtualNetworkSpec
{
    /// <summary>Ranges that workloads get addresses from, of either family. A range may be added; one that is in use stays.</summary>
    public IReadOnlyList<NetworkSubnet>? Subnets { get; init; }

    /// <summary>VXLAN network identifier, 1 to 16777215, of this network alone. Chosen by the server when not given. Immutable.</summary>
    public int? Vni { get; init; }

    /// <summary>Which routes this network takes and under what targets it gives its own; all automatic when not given.</summary>
    public NetworkRouteTargets? RouteTargets { get; init; }

    /// <summary>MTU of workload links, in bytes; the underlay's less the VXLAN overhead (50 over IPv4, 70 over IPv6) when not given.</summary>
    public int? Mtu { get; init; }

    /// <summary>How workloads reach what is outside of the network; not at all when not given.</summary>
    public NetworkEgress? Egress { get; init; }

    /// <summary>Other networks that this one and theirs reach each other with, as soon as they consent (<see cref="Exports"/>).</summary>
    public IReadOnlyList<NetworkReference>? Imports { get; init; }

    /// <summary>The networks that may import this one.</summary>
    public IReadOnlyList<NetworkReference>? Exports { get; init; }

    /// <summary>How much of a host and of the cluster the network may use; as much as there is when not given.</summary>
    public NetworkLimits? Limits { get; init; }
}

/// <summary>Caps of a network, each without one when not given. What goes beyond is refused with the reason; what there is stays when a cap is lowered.</summary>
public sealed record NetworkLimits
{
    /// <summary>Workload endpoints in the whole cluster.</summary>
    public int? Endpoints { get; init; }

    /// <summary>Routes learnt from BGP that are in use, on each host.</summary>
    public int? Routes { get; init; }

    /// <summary>Connections that begin or end at workloads of the network, or go through, on each host.</summary>
    public int? Connections { get; init; }

    /// <summary>Neighbours that the kernel holds for it beyond those that the agent writes, on each host, 128 at least: link-local addresses that its workloads speak under. Kept by rate: so many may come in about two minutes.</summary>
    public int? Neighbours { get; init; }
}

/// <summary>Another virtual network.</summary>
public sealed record NetworkReference
{
    /// <summary>NAMESPACE/NAME, NAME of the same namespace, or in exports * for every one.</summary>
    public string? Network { get; init; }
}

/// <summary>The way out of a virtual network.</summary>
public sealed record NetworkEgress
{
    public const string None = "None", Snat = "Snat";

    /// <summary>
    /// None (default), or Snat: what leaves the network bears the address of the host that it leaves by. Hosts themselves and other networks are not reached by it.
    /// </summary>
    public string? Mode { get; init; }

    /// <summary>With Snat: the nodes that let the network's packets out, for all hosts; each host itself when not given.</summary>
    public string? NodeSelector { get; init; }
}

/// <summary>A range of a virtual network.</summary>
public sealed record NetworkSubnet
{
    public string? Cidr { get; init; }

    /// <summary>Prefix length of the blocks that nodes own: 20–32 (default 26) or 116–128 (default 122), never shorter than the subnet.</summary>
    public int? BlockSize { get; init; }

    /// <summary>Addresses within it that no workload gets unless it asks for them by name: prefixes, single addresses, or FIRST-LAST.</summary>
    public IReadOnlyList<string>? Reserved { get; init; }

    public bool Equals(NetworkSubnet? other) => other is not null && Cidr == other.Cidr && BlockSize == other.BlockSize && (Reserved ?? []).SequenceEqual(other.Reserved ?? []);

    public override int GetHashCode() => HashCode.Combine(Cidr, BlockSize);
}

/// <summary>Route targets (RFC 4364 §4.3.1), each as ASN:NUMBER or ADDRESS:NUMBER. Absent lists mean the automatic one, AS:VNI.</summary>
public sealed record NetworkRouteTargets
{
    public IReadOnlyList<string>? Import { get; init; }

    /// <summary>On host routes (/32, /128).</summary>
    public IReadOnlyList<string>? Export { get; init; }

    /// <summary>On the blocks of each host; none are announced when not given. A switch that imports these alone keeps one route for each block instead of one for each workload.</summary>
    public IReadOnlyList<string>? ExportAggregates { get; init; }

    /// <summary>The target of a network that names none itself.</summary>
    /// <param name="asNumber">The cluster's, of which 16 bits fit.</param>
    public static string Automatic(uint asNumber, int vni) => string.Create(CultureInfo.InvariantCulture, $"{asNumber & 0xffff}:{vni}");

    /// <summary>The one text of all that say the same target: numbers without leading zeros.</summary>
    public static string Canonical(string target) =>
        string.Join(':', target.Split(':').Select(part => uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number.ToString(CultureInfo.InvariantCulture) : part));
}

public sealed record VirtualNetworkStatus
{
    /// <summary>The VXLAN network identifier in use.</summary>
    public int? Vni { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}
