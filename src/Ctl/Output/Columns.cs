using Margay.Api.Resources;

namespace Margay.Ctl.Output;

/// <summary>One column of a kind's table.</summary>
internal sealed record Column(string Header, Func<Resource, string> Of, bool OnlyWide = false);

/// <summary>The columns of each kind, besides NAMESPACE, NAME and AGE.</summary>
internal static class Columns
{
    public static IReadOnlyList<Column> Of(ResourceKind kind) =>
        kind.Kind switch
        {
            "Node" =>
            [
                For<Node>("IPV4", n => n.Spec.Bgp?.Ipv4Address),
                For<Node>("IPV6", n => n.Spec.Bgp?.Ipv6Address),
                For<Node>("AS", n => n.Spec.Bgp?.AsNumber?.ToString()),
                For<Node>("REFLECTOR", n => n.Spec.Bgp?.RouteReflectorClusterID, wide: true),
                For<Node>("AGENT", n => n.Status?.AgentVersion, wide: true),
                For<Node>("LABELS", n => Labels(n.Metadata.Labels), wide: true),
            ],
            "IPPool" =>
            [
                For<IPPool>("CIDR", p => p.Spec.Cidr),
                For<IPPool>("BLOCK", p => p.Spec.BlockSize is { } size ? $"/{size}" : null),
                For<IPPool>("NAT", p => Flag(p.Spec.NatOutgoing)),
                For<IPPool>("DISABLED", p => Flag(p.Spec.Disabled)),
                For<IPPool>("NODES", p => p.Spec.NodeSelector, wide: true),
                For<IPPool>("USES", p => Join(p.Spec.AllowedUses), wide: true),
            ],
            "IPAMBlock" =>
            [
                For<IPAMBlock>("CIDR", b => b.Spec.Cidr),
                For<IPAMBlock>("POOL", b => b.Spec.Pool),
                For<IPAMBlock>("AFFINITY", b => b.Spec.Affinity),
                For<IPAMBlock>("NETWORK", b => b.Spec.Network, wide: true),
            ],
            "BGPConfiguration" =>
            [
                For<BGPConfiguration>("AS", c => c.Spec.AsNumber?.ToString()),
                For<BGPConfiguration>("MESH", c => c.Spec.NodeToNodeMeshEnabled is { } mesh ? Flag(mesh) : null),
                For<BGPConfiguration>("NODES", c => c.Status?.MeshNodes?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                For<BGPConfiguration>("REFLECTORS", c => Join([.. (c.Status?.RouteReflection?.Reflectors ?? []).Select(r => r.Node)])),
                For<BGPConfiguration>("PORT", c => c.Spec.ListenPort?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ],
            "BGPPeer" =>
            [
                For<BGPPeer>("NODES", p => p.Spec.Node ?? p.Spec.NodeSelector ?? "all()"),
                For<BGPPeer>("PEER", p => p.Spec.PeerIP ?? p.Spec.PeerInterface ?? p.Spec.PeerSelector),
                For<BGPPeer>("AS", p => p.Spec.AsNumber?.ToString()),
                For<BGPPeer>("FILTERS", p => Join(p.Spec.Filters)),
                For<BGPPeer>("NEXTHOP", p => p.Spec.NextHopMode, wide: true),
            ],
            "BGPFilter" =>
            [
                For<BGPFilter>("IPV4", f => FilterRules(f.Spec.ImportV4, f.Spec.ExportV4)),
                For<BGPFilter>("IPV6", f => FilterRules(f.Spec.ImportV6, f.Spec.ExportV6)),
            ],
            "WorkloadEndpoint" =>
            [
                For<WorkloadEndpoint>("NODE", e => e.Spec.Node),
                For<WorkloadEndpoint>("ADDRESSES", e => Join(e.Spec.IpNetworks)),
                For<WorkloadEndpoint>("STATE", e => e.Status?.State),
                For<WorkloadEndpoint>("INTERFACE", e => e.Spec.InterfaceName, wide: true),
                For<WorkloadEndpoint>("PROFILES", e => Join(e.Spec.Profiles), wide: true),
                For<WorkloadEndpoint>("LABELS", e => Labels(e.Metadata.Labels), wide: true),
            ],
            "NetworkPolicy" =>
            [
                For<NetworkPolicy>("TIER", p => p.Spec.Tier),
                For<NetworkPolicy>("ORDER", p => Order(p.Spec)),
                For<NetworkPolicy>("SELECTOR", p => Selected(p.Spec.Selector)),
                For<NetworkPolicy>("TYPES", p => Types(p.Spec)),
                For<NetworkPolicy>("RULES", p => Rules(p.Spec.Ingress, p.Spec.Egress), wide: true),
            ],
            "GlobalNetworkPolicy" =>
            [
                For<GlobalNetworkPolicy>("TIER", p => p.Spec.Tier),
                For<GlobalNetworkPolicy>("ORDER", p => Order(p.Spec)),
                For<GlobalNetworkPolicy>("SELECTOR", p => Selected(p.Spec.Selector)),
                For<GlobalNetworkPolicy>("TYPES", p => Types(p.Spec)),
                For<GlobalNetworkPolicy>("NAMESPACES", p => p.Spec.NamespaceSelector, wide: true),
                For<GlobalNetworkPolicy>("RULES", p => Rules(p.Spec.Ingress, p.Spec.Egress), wide: true),
            ],
            "Profile" =>
            [
                For<Profile>("RULES", p => Rules(p.Spec.Ingress, p.Spec.Egress)),
                For<Profile>("LABELS TO APPLY", p => Labels(p.Spec.LabelsToApply), wide: true),
            ],
            "NetworkSet" => [For<NetworkSet>("NETS", s => Join(s.Spec.Nets)), For<NetworkSet>("LABELS", s => Labels(s.Metadata.Labels))],
            "GlobalNetworkSet" => [For<GlobalNetworkSet>("NETS", s => Join(s.Spec.Nets)), For<GlobalNetworkSet>("LABELS", s => Labels(s.Metadata.Labels))],
            "VirtualNetwork" =>
            [
                For<VirtualNetwork>("VNI", n => n.Spec.Vni?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                For<VirtualNetwork>("SUBNETS", n => Join(n.Spec.Subnets?.Select(s => s.Cidr ?? "").ToList())),
                For<VirtualNetwork>("MTU", n => n.Spec.Mtu?.ToString(System.Globalization.CultureInfo.InvariantCulture), wide: true),
            ],
            "FloatingIP" => [For<FloatingIP>("ADDRESS", f => f.Spec.Address), For<FloatingIP>("NETWORK", f => f.Spec.Network), For<FloatingIP>("TARGET", f => f.Spec.Target)],
            "Namespace" => [For<Namespace>("PHASE", n => n.Status?.Phase), For<Namespace>("LABELS", n => Labels(n.Metadata.Labels), wide: true)],
            _ => [],
        };

    private static Column For<T>(string header, Func<T, string?> of, bool wide = false)
        where T : Resource => new(header, resource => of((T)resource) is { Length: > 0 } text ? text : "-", wide);

    private static string Flag(bool? value) => value is true ? "yes" : "no";

    private static string? Order(NetworkPolicySpec spec) => spec.Order?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Selected(string? selector) => string.IsNullOrWhiteSpace(selector) ? "all()" : selector;

    private static string? Types(NetworkPolicySpec spec) => spec.Types is null ? null : string.Join(',', spec.Types);

    private static string Rules(IReadOnlyList<Rule>? ingress, IReadOnlyList<Rule>? egress) => $"{ingress?.Count ?? 0} in, {egress?.Count ?? 0} out";

    private static string FilterRules(IReadOnlyList<BGPFilterRule>? import, IReadOnlyList<BGPFilterRule>? export) => $"{import?.Count ?? 0} import, {export?.Count ?? 0} export";

    private static string? Join(IReadOnlyList<string>? list) => list is null ? null : list.Count <= 3 ? string.Join(',', list) : $"{string.Join(',', list.Take(3))},… ({list.Count})";

    private static string? Labels(IReadOnlyDictionary<string, string>? labels) =>
        labels is null ? null : string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
}
