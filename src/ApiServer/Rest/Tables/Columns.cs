using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.Tables;

/// <summary>One column of <c>kubectl get</c>. Wide ones show with <c>-o wide</c>.</summary>
internal sealed record Column(string Name, string Description, Func<Resource, DateTimeOffset, string> Cell, bool Wide = false);

/// <summary>The columns of each kind: what an operator looks for first; the rest is in wide.</summary>
internal static class Columns
{
    private const string None = "<none>";

    private static readonly Column Name = new("Name", "Name of the object", (r, _) => r.Name);
    private static readonly Column Age = new("Age", "Time since creation", (r, now) => r.Metadata.CreationTimestamp is { } created ? HumanDuration.Of(now - created) : "<unknown>");

    private static readonly Dictionary<string, Column[]> ByKind = new(StringComparer.Ordinal)
    {
        ["Namespace"] = [Of<Namespace>("Status", "Phase", n => n.Status?.Phase)],
        ["Node"] =
        [
            Of<Node>("Ready", "Whether its agent reports that it is ready", n => n.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status),
            Of<Node>("IPv4", "Address that it routes and peers from", n => n.Spec.Bgp?.Ipv4Address),
            Of<Node>("IPv6", "Address that it routes and peers from", n => n.Spec.Bgp?.Ipv6Address),
            Of<Node>("ASN", "Its own autonomous system, or that of the cluster", n => n.Spec.Bgp?.AsNumber?.ToString() ?? "(cluster)"),
            Of<Node>("Reflector", "Route reflector cluster id", n => n.Spec.Bgp?.RouteReflectorClusterID, wide: true),
            Of<Node>("Agent", "Version of its agent", n => n.Status?.AgentVersion, wide: true),
        ],
        ["IPPool"] =
        [
            Of<IPPool>("CIDR", "Range", p => p.Spec.Cidr),
            Of<IPPool>("Block", "Prefix length of the blocks that nodes own", p => p.Spec.BlockSize is { } size ? $"/{size}" : null),
            Of<IPPool>("NAT", "Masquerade what leaves the pools", p => Yes(p.Spec.NatOutgoing)),
            Of<IPPool>("Disabled", "Nothing new is allocated from it", p => Yes(p.Spec.Disabled)),
            Of<IPPool>("Selector", "Nodes that may use it", p => p.Spec.NodeSelector, wide: true),
            Of<IPPool>("Exported", "Announced over BGP", p => Yes(p.Spec.DisableBGPExport is not true), wide: true),
        ],
        ["IPAMBlock"] =
        [
            Of<IPAMBlock>("CIDR", "Range", b => b.Spec.Cidr),
            Of<IPAMBlock>("Affinity", "Owner", b => b.Spec.Affinity),
            Of<IPAMBlock>("Pool", "Pool that it is of", b => b.Spec.Pool),
            Of<IPAMBlock>("Network", "Virtual network", b => b.Spec.Network, wide: true),
        ],
        ["BGPConfiguration"] =
        [
            Of<BGPConfiguration>("ASN", "Autonomous system", c => c.Spec.AsNumber?.ToString()),
            Of<BGPConfiguration>("Mesh", "Every node peers with every other", c => Yes(c.Spec.NodeToNodeMeshEnabled)),
            Of<BGPConfiguration>("Nodes", "Nodes of the mesh, or clients of elected reflectors", c => Text(c.Status?.MeshNodes)),
            Of<BGPConfiguration>("Reflectors", "Elected route reflectors", c => Join(c.Status?.RouteReflection?.Reflectors.Select(r => r.Node)), wide: true),
            Of<BGPConfiguration>("Port", "TCP port", c => Text(c.Spec.ListenPort), wide: true),
        ],
        ["BGPPeer"] =
        [
            Of<BGPPeer>("Peer", "Address, or the nodes that are peers", p => p.Spec.PeerIP ?? p.Spec.PeerInterface ?? p.Spec.PeerSelector ?? p.Spec.LocalWorkloadSelector),
            Of<BGPPeer>("ASN", "Autonomous system of the peer", p => p.Spec.AsNumber?.ToString()),
            Of<BGPPeer>("Nodes", "Nodes that hold the session", p => p.Spec.Node ?? p.Spec.NodeSelector ?? "all()"),
            Of<BGPPeer>("NextHop", "Next hop mode", p => p.Spec.NextHopMode, wide: true),
            Of<BGPPeer>("Filters", "Filters in order", p => Join(p.Spec.Filters), wide: true),
        ],
        ["BGPFilter"] =
        [
            Of<BGPFilter>("ExportV4", "Number of rules", f => Count(f.Spec.ExportV4)),
            Of<BGPFilter>("ImportV4", "Number of rules", f => Count(f.Spec.ImportV4)),
            Of<BGPFilter>("ExportV6", "Number of rules", f => Count(f.Spec.ExportV6)),
            Of<BGPFilter>("ImportV6", "Number of rules", f => Count(f.Spec.ImportV6)),
        ],
        ["WorkloadEndpoint"] =
        [
            Of<WorkloadEndpoint>("Workload", "What it is an interface of", e => e.Spec.Pod ?? e.Spec.Workload),
            Of<WorkloadEndpoint>("Node", "Where it runs", e => e.Spec.Node),
            Of<WorkloadEndpoint>("Networks", "Its addresses", e => Join(e.Spec.IpNetworks)),
            Of<WorkloadEndpoint>("State", "Up once its policy and routes are in the kernel", e => e.Status?.State),
            Of<WorkloadEndpoint>("Interface", "Host-side interface", e => e.Spec.InterfaceName, wide: true),
            Of<WorkloadEndpoint>("Profiles", "Profiles in order", e => Join(e.Spec.Profiles), wide: true),
            Of<WorkloadEndpoint>("Network", "Virtual network", e => e.Spec.Network, wide: true),
        ],
        ["Profile"] =
        [
            Of<Profile>("Ingress", "Number of rules", p => Count(p.Spec.Ingress)),
            Of<Profile>("Egress", "Number of rules", p => Count(p.Spec.Egress)),
        ],
        ["VirtualNetwork"] =
        [
            Of<VirtualNetwork>("VNI", "VXLAN network identifier", n => Text(n.Spec.Vni)),
            Of<VirtualNetwork>("Subnets", "Ranges of its addresses", n => Join(n.Spec.Subnets?.Select(s => s.Cidr ?? ""))),
            Of<VirtualNetwork>("Programmed", "Whether every node that has workloads of it has programmed them", n => n.Status?.Conditions?.FirstOrDefault(c => c.Type == "Programmed")?.Status ?? ""),
            Of<VirtualNetwork>("MTU", "MTU of workload links; none is automatic", n => Text(n.Spec.Mtu), wide: true),
        ],
        ["FloatingIP"] =
        [
            Of<FloatingIP>("Address", "Seen by the world", f => f.Spec.Address),
            Of<FloatingIP>("Network", "Virtual network of the same namespace", f => f.Spec.Network),
            Of<FloatingIP>("Target", "Address in the network that it stands for", f => f.Spec.Target),
        ],
        ["NetworkPolicy"] = PolicyColumns<NetworkPolicy>(p => p.Spec),
        ["GlobalNetworkPolicy"] = PolicyColumns<GlobalNetworkPolicy>(p => p.Spec),
        ["StagedNetworkPolicy"] = [Of<StagedNetworkPolicy>("Action", "What making it real would do", p => p.Spec.StagedAction?.ToString()), .. PolicyColumns<StagedNetworkPolicy>(p => p.Spec)],
        ["StagedGlobalNetworkPolicy"] = [Of<StagedGlobalNetworkPolicy>("Action", "What making it real would do", p => p.Spec.StagedAction?.ToString()), .. PolicyColumns<StagedGlobalNetworkPolicy>(p => p.Spec)],
        ["StagedKubernetesNetworkPolicy"] =
        [
            Of<StagedKubernetesNetworkPolicy>("Action", "What making it real would do", p => p.Spec.StagedAction?.ToString()),
            .. KubernetesColumns<StagedKubernetesNetworkPolicy>(p => p.Spec),
        ],
        ["KubernetesNetworkPolicy"] = KubernetesColumns<KubernetesNetworkPolicy>(p => p.Spec),
        ["ClusterNetworkPolicy"] =
        [
            Of<ClusterNetworkPolicy>("Tier", "Admin or Baseline", p => p.Spec.Tier),
            Of<ClusterNetworkPolicy>("Priority", "Position in the tier, lowest first", p => Text(p.Spec.Priority)),
            Of<ClusterNetworkPolicy>("Ingress", "Number of rules", p => Count(p.Spec.Ingress), wide: true),
            Of<ClusterNetworkPolicy>("Egress", "Number of rules", p => Count(p.Spec.Egress), wide: true),
        ],
        ["Tier"] =
        [
            Of<Tier>("Order", "Position among the tiers, lowest first", t => Order(t.Spec.Order)),
            Of<Tier>("Default", "What happens to packets that none of its policies decided", t => t.Spec.DefaultAction?.ToString()),
        ],
        ["HostEndpoint"] =
        [
            Of<HostEndpoint>("Node", "The host", h => h.Spec.Node),
            Of<HostEndpoint>("Interface", "Its interface", h => h.Spec.InterfaceName),
            Of<HostEndpoint>("Addresses", "What selectors resolve to", h => Join(h.Spec.ExpectedIPs)),
            Of<HostEndpoint>("Profiles", "Profiles in order", h => Join(h.Spec.Profiles), wide: true),
        ],
        ["EndpointSlice"] =
        [
            Of<EndpointSlice>("Service", "The service that it is of", s => s.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceLabel)),
            Of<EndpointSlice>("Ports", "Its ports", s => Join(s.Ports?.Select(p => p.Port?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "*"))),
            Of<EndpointSlice>("Endpoints", "Number of endpoints", s => Count(s.Endpoints)),
        ],
        ["NetworkSet"] = SetColumns<NetworkSet>(s => s.Spec),
        ["GlobalNetworkSet"] = SetColumns<GlobalNetworkSet>(s => s.Spec),
    };

    // By the name of the record, which is unique where two groups call their kinds the same.
    public static IReadOnlyList<Column> Of(ResourceKind kind) => [Name, .. ByKind.GetValueOrDefault(kind.TypeInfo.Type.Name, []), Age];

    private static Column[] PolicyColumns<T>(Func<T, NetworkPolicySpec> spec) where T : Resource =>
    [
        Of<T>("Tier", "Tier", p => spec(p).Tier),
        Of<T>("Order", "Position in the tier, lowest first", p => Order(spec(p).Order)),
        Of<T>("Selector", "Endpoints that it applies to", p => string.IsNullOrEmpty(spec(p).Selector) ? "all()" : spec(p).Selector),
        Of<T>("Types", "Directions", p => Join(spec(p).Types?.Select(t => t.ToString())), wide: true),
        Of<T>("Ingress", "Number of rules", p => Count(spec(p).Ingress), wide: true),
        Of<T>("Egress", "Number of rules", p => Count(spec(p).Egress), wide: true),
    ];

    private static Column[] KubernetesColumns<T>(Func<T, KubernetesNetworkPolicySpec> spec) where T : Resource =>
    [
        Of<T>("Types", "Directions", p => Join(spec(p).PolicyTypes?.Select(t => t.ToString()))),
        Of<T>("Ingress", "Number of rules", p => Count(spec(p).Ingress), wide: true),
        Of<T>("Egress", "Number of rules", p => Count(spec(p).Egress), wide: true),
    ];

    private static Column[] SetColumns<T>(Func<T, NetworkSetSpec> spec) where T : Resource =>
    [
        Of<T>("Nets", "Number of prefixes", s => Count(spec(s).Nets)),
        Of<T>("Prefixes", "The prefixes", s => Join(spec(s).Nets), wide: true),
    ];

    private static Column Of<T>(string name, string description, Func<T, string?> cell, bool wide = false) where T : Resource =>
        new(name, description, (r, _) => cell((T)r) is { Length: > 0 } text ? text : None, wide);

    private static string Order(double? value) => value is { } order ? order.ToString(System.Globalization.CultureInfo.InvariantCulture) : "last";
    private static string Yes(bool? value) => value is true ? "true" : "false";
    private static string? Join(IEnumerable<string>? values) => values is null ? null : string.Join(",", values);
    private static string Count<T>(IReadOnlyList<T>? values) => Text(values?.Count ?? 0)!;
    private static string? Text(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
