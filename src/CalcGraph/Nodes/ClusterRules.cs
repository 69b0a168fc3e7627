using System.Globalization;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>Cluster network policies in the words of Calico's: one rule for each peer and protocol.</summary>
internal static class ClusterRules
{
    public static string? TierOf(string? tier) => tier switch { "Admin" => Tier.KubeAdmin, "Baseline" => Tier.KubeBaseline, _ => null };

    public static RuleList Ingress(ClusterNetworkPolicySpec spec) =>
        Build(spec.Ingress ?? [], r => (r.From ?? []).Select(PeerOf), (peer, ports) => (peer, ports is null ? null : new EntityRule { Ports = ports }));

    public static RuleList Egress(ClusterNetworkPolicySpec spec) =>
        Build(spec.Egress ?? [], r => (r.To ?? []).Select(PeerOf), (peer, ports) => (null, ports is null ? peer : peer with { Ports = ports }));

    /// <summary>Namespaces and pods, as selectors.</summary>
    public static (string Namespaces, string Pods) TextsOf(ClusterSubject subject) => subject.Pods is { } pods
        ? (pods.NamespaceSelector?.ToSelectorText() ?? "all()", KubernetesRules.PodsText(pods.PodSelector))
        : (subject.Namespaces?.ToSelectorText() ?? "all()", KubernetesRules.PodsText(null));

    private static RuleList Build<TRule>(
        IReadOnlyList<TRule> rules, Func<TRule, IEnumerable<EntityRule>> peersOf, Func<EntityRule, IReadOnlyList<Port>?, (EntityRule? Source, EntityRule? Destination)> sides)
        where TRule : ClusterRule
    {
        KubernetesRules.Builder built = new();
        foreach (TRule rule in rules)
        {
            foreach (EntityRule peer in peersOf(rule))
            {
                foreach ((Protocol? protocol, IReadOnlyList<Port>? ports) in Ports(rule.Protocols))
                {
                    (EntityRule? source, EntityRule? destination) = sides(peer, ports);
                    built.Add(new Rule { Action = ActionOf(rule.Action), Protocol = protocol, Source = source, Destination = destination });
                }
            }
            built.Next();
        }
        return built.Build();
    }

    private static RuleAction? ActionOf(ClusterRuleAction? action) => action switch
    {
        ClusterRuleAction.Accept => RuleAction.Allow,
        ClusterRuleAction.Deny => RuleAction.Deny,
        ClusterRuleAction.Pass => RuleAction.Pass,
        _ => null,
    };

    private static EntityRule PeerOf(ClusterSubject peer)
    {
        if (peer is ClusterEgressPeer { Networks: { Count: > 0 } networks }) return new EntityRule { Nets = networks };
        (string namespaces, string pods) = TextsOf(peer);
        return new EntityRule { NamespaceSelector = namespaces, Selector = pods };
    }

    private static IEnumerable<(Protocol? Protocol, IReadOnlyList<Port>? Ports)> Ports(IReadOnlyList<ClusterProtocol>? protocols)
    {
        if (protocols is not { Count: > 0 }) return [(null, null)];
        return protocols.Select(p => p.DestinationNamedPort is { } name ? (null, [new Port(name)])
            : p.Tcp is { } tcp ? (new Protocol("TCP"), PortsOf(tcp))
            : p.Udp is { } udp ? (new Protocol("UDP"), PortsOf(udp))
            : ((Protocol?)new Protocol("SCTP"), PortsOf(p.Sctp ?? new ClusterTransport())));
    }

    private static IReadOnlyList<Port>? PortsOf(ClusterTransport transport) => transport.DestinationPort switch
    {
        null => null,
        { Range: { Start: { } start, End: { } end } } => [new Port(string.Create(CultureInfo.InvariantCulture, $"{start}:{end}"))],
        { Number: { } number } => [Port.FromNumber(number)],
        // No port at all would be every port: this text is no port, and makes the policy invalid.
        _ => [new Port("0")],
    };
}
