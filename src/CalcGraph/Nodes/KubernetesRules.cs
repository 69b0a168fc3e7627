using System.Globalization;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Kubernetes network policies in the words of Calico's: one rule for each peer and protocol. Peers are pods: what is no workload is never selected by labels.
/// </summary>
internal static class KubernetesRules
{
    private static readonly string IsWorkload = $"has({DerivedLabels.Orchestrator})";

    public static RuleList Ingress(KubernetesNetworkPolicySpec spec)
    {
        Builder rules = new();
        foreach (KubernetesIngressRule rule in spec.Ingress ?? [])
        {
            foreach (EntityRule? peer in Peers(rule.From))
            {
                foreach ((Protocol? protocol, IReadOnlyList<Port>? ports) in Ports(rule.Ports))
                    rules.Add(new Rule { Action = RuleAction.Allow, Protocol = protocol, Source = peer, Destination = ports is null ? null : new EntityRule { Ports = ports } });
            }
            rules.Next();
        }
        return rules.Build();
    }

    public static RuleList Egress(KubernetesNetworkPolicySpec spec)
    {
        Builder rules = new();
        foreach (KubernetesEgressRule rule in spec.Egress ?? [])
        {
            foreach (EntityRule? peer in Peers(rule.To))
            {
                foreach ((Protocol? protocol, IReadOnlyList<Port>? ports) in Ports(rule.Ports))
                    rules.Add(new Rule { Action = RuleAction.Allow, Protocol = protocol, Destination = ports is null ? peer : (peer ?? new EntityRule()) with { Ports = ports } });
            }
            rules.Next();
        }
        return rules.Build();
    }

    /// <summary>Which pods of a namespace, as a selector over all that is there.</summary>
    public static string PodsText(LabelSelector? selector) => selector?.ToSelectorText() is { } text && text != "all()" ? $"{IsWorkload} && {text}" : IsWorkload;

    private static IEnumerable<EntityRule?> Peers(IReadOnlyList<KubernetesPeer>? peers)
    {
        if (peers is not { Count: > 0 }) return [null];
        return peers.Select(p => p.IpBlock is { } block
            ? new EntityRule { Nets = block.Cidr is null ? null : [block.Cidr], NotNets = block.Except }
            : new EntityRule { Selector = PodsText(p.PodSelector), NamespaceSelector = p.NamespaceSelector?.ToSelectorText() });
    }

    /// <summary>By protocol; null ports mean all of them, and no protocol every packet.</summary>
    private static IEnumerable<(Protocol? Protocol, IReadOnlyList<Port>? Ports)> Ports(IReadOnlyList<KubernetesPort>? ports)
    {
        if (ports is not { Count: > 0 }) return [(null, null)];
        return ports.GroupBy(p => p.Protocol ?? new Protocol("TCP")).Select(g => ((Protocol?)g.Key, g.Any(p => p.Port is null) ? null : (IReadOnlyList<Port>)[.. g.Select(PortOf)]));
    }

    private static Port PortOf(KubernetesPort port) =>
        port.EndPort is { } end ? new Port($"{port.Port!.Value.Text}:{end.ToString(CultureInfo.InvariantCulture)}") : port.Port!.Value;

    /// <summary>Collects rules and remembers which of the resource's they came of.</summary>
    internal sealed class Builder
    {
        private readonly List<Rule> _rules = [];
        private readonly List<int> _indexes = [];
        private int _index;

        public void Add(Rule rule)
        {
            _rules.Add(rule);
            _indexes.Add(_index);
        }

        public void Next() => _index++;
        public RuleList Build() => new(_rules, [.. _indexes]);
    }
}
