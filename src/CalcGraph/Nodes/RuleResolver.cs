using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>Turns rules as written into rules over sets and numbers, and takes hold of the sets that they need.</summary>
internal static class RuleResolver
{
    /// <summary>The name under which all ports of a service stand.</summary>
    public const string AnyPort = "";

    /// <summary>Whether every number, prefix and selector can be read. (The server's validator says more, and to the user.)</summary>
    public static bool IsValid(Rule rule, string? policyNamespace) =>
        rule.Action is not null
        && rule.IpVersion is null or 4 or 6
        && rule.Protocol is null or { Number: not null }
        && rule.NotProtocol is null or { Number: not null }
        && IsValid(rule.Icmp) && IsValid(rule.NotICMP)
        && IsValid(rule.Source, policyNamespace) && IsValid(rule.Destination, policyNamespace);

    private static bool IsValid(IcmpFields? icmp) => icmp is null || (icmp.Type is null or (>= 0 and <= 255) && icmp.Code is null or (>= 0 and <= 255));

    private static bool IsValid(EntityRule? side, string? policyNamespace) =>
        side is null
        || ((side.Nets ?? []).Concat(side.NotNets ?? []).All(n => IpPrefix.TryParse(n, out _))
            && (side.Ports ?? []).Concat(side.NotPorts ?? []).All(p => !p.IsNumeric || p.TryGetRange(out _))
            && ScopedSelectors.TryOfSide(side, policyNamespace, out _)
            && ScopedSelectors.TryOfNotSelector(side, out _));

    /// <summary>Every label key that the selectors of a valid rule mention.</summary>
    public static IEnumerable<string> LabelsOf(Rule rule, string? policyNamespace)
    {
        foreach (EntityRule side in new[] { rule.Source, rule.Destination }.OfType<EntityRule>())
        {
            ScopedSelectors.TryOfSide(side, policyNamespace, out Selector? positive);
            ScopedSelectors.TryOfNotSelector(side, out Selector? negative);
            foreach (Selector selector in new[] { positive, negative }.OfType<Selector>())
            {
                foreach (string label in SelectorRequirements.LabelsOf(selector.Root)) yield return label;
            }
        }
    }

    /// <summary>Resolves the rules of one direction.</summary>
    /// <param name="rules">Valid rules.</param>
    /// <param name="policyNamespace">The namespace that scopes their selectors, or null.</param>
    /// <param name="use">Gives the id of a set of addresses, or with a port name of ports.</param>
    public static IReadOnlyList<RuleView> Resolve(RuleList rules, string? policyNamespace, Func<Selector, string?, string> use) =>
        [.. rules.Rules.Select((rule, position) => Resolve(rule, rules.IndexOf(position), policyNamespace, use))];

    private static RuleView Resolve(Rule rule, int index, string? policyNamespace, Func<Selector, string?, string> use)
    {
        // Nothing here looks into HTTP. Matching all of the connection instead would allow more than was asked.
        bool never = rule.Http is not null;
        return new RuleView
        {
            Action = rule.Action!.Value,
            Index = index,
            IpVersion = rule.IpVersion,
            Protocol = rule.Protocol?.Number,
            NotProtocol = rule.NotProtocol?.Number,
            Icmp = rule.Icmp,
            NotIcmp = rule.NotICMP,
            Source = never ? null : ResolveSide(rule.Source, policyNamespace, use, withPorts: false),
            Destination = never ? null : ResolveSide(rule.Destination, policyNamespace, use, withPorts: true),
            Never = never,
            Note = never ? "it matches HTTP, which is not looked into" : null,
            Annotations = rule.Metadata?.Annotations is { Count: > 0 } annotations ? annotations : null,
        };
    }

    /// <param name="side">What the rule says of it.</param>
    /// <param name="policyNamespace">The namespace that scopes its selectors, or null.</param>
    /// <param name="use">Gives the id of a set.</param>
    /// <param name="withPorts">A service means its ports too (destinations), or only its addresses (sources).</param>
    private static SideView? ResolveSide(EntityRule? side, string? policyNamespace, Func<Selector, string?, string> use, bool withPorts)
    {
        if (side is null) return null;
        ScopedSelectors.TryOfSide(side, policyNamespace, out Selector? positive);
        ScopedSelectors.TryOfNotSelector(side, out Selector? negative);
        List<string> sets = positive is null ? [] : [use(positive, null)];
        // A named port means the ports of that name at whatever the side selects.
        List<string> portSets = [.. Named(side.Ports).Select(p => use(positive ?? Selector.All, p.PortName!))];
        if (side.Services is { } services)
        {
            Selector service = ScopedSelectors.OfService(services.Namespace ?? policyNamespace ?? "", services.Name ?? "");
            if (withPorts) portSets.Add(use(service, AnyPort));
            else sets.Add(use(service, null));
        }
        return new SideView
        {
            Nets = side.Nets,
            NotNets = side.NotNets,
            Sets = NullIfEmpty(sets),
            NotSets = negative is null ? null : [use(negative, null)],
            Ports = NullIfEmpty(Ranges(side.Ports)),
            PortSets = NullIfEmpty(portSets),
            NotPorts = NullIfEmpty(Ranges(side.NotPorts)),
            NotPortSets = NullIfEmpty([.. Named(side.NotPorts).Select(p => use(Selector.All, p.PortName!))]),
        };
    }

    private static List<PortRange> Ranges(IReadOnlyList<Port>? ports)
    {
        List<PortRange> ranges = [];
        foreach (Port port in ports ?? [])
        {
            if (port.TryGetRange(out PortRange range)) ranges.Add(range);
        }
        return ranges;
    }

    private static IEnumerable<Port> Named(IReadOnlyList<Port>? ports) => (ports ?? []).Where(p => !p.IsNumeric);

    private static List<T>? NullIfEmpty<T>(List<T> list) => list.Count == 0 ? null : list;
}
