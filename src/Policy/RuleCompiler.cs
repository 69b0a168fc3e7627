using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Policy;

/// <summary>
/// Turns one rule of a view into clauses for one family. Alternatives of different kinds (port 80 or a named port) become clauses of their own;
/// prefixes of the other family are left out, and a list that this empties, positive or negative, removes the rule from the family (as Calico renders it).
/// </summary>
internal static class RuleCompiler
{
    /// <summary>The protocols whose ports a rule can name.</summary>
    internal static readonly EquatableArray<byte> PortProtocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    public static CompiledRule Compile(RuleView rule, IpFamily family)
    {
        List<List<RuleMatch>> clauses = [[]];
        string? never = rule.Never ? rule.Note ?? "it can match nothing as written" : AddFamilyAndProtocol(rule, family, clauses);
        if (never is null && rule.Source is { } source) never = AddSide(source, PacketSide.Source, rule, family, clauses);
        if (never is null && rule.Destination is { } destination) never = AddSide(destination, PacketSide.Destination, rule, family, clauses);
        return new CompiledRule
        {
            Action = rule.Action,
            Index = rule.Index,
            Clauses = never is null ? [.. clauses.Select(c => new RuleClause([.. c.OrderBy(Cost)]))] : [],
            NeverBecause = never,
            Annotations = rule.Annotations is { Count: > 0 } given ? [.. given.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => new RuleAnnotation(a.Key, a.Value))] : [],
        };
    }

    private static string? AddFamilyAndProtocol(RuleView rule, IpFamily family, List<List<RuleMatch>> clauses)
    {
        if (rule.IpVersion is { } version && version != (family == IpFamily.V4 ? 4 : 6)) return $"it is for IPv{version} only";
        if (rule.Protocol is { } protocol) Require(clauses, new ProtocolMatch([protocol]));
        if (rule.NotProtocol is { } not) Require(clauses, new ProtocolMatch([not], Negated: true));
        if (rule.Icmp is { } icmp && AddIcmp(icmp, negated: false, rule, family, clauses) is { } reason) return reason;
        return rule.NotIcmp is { } notIcmp ? AddIcmp(notIcmp, negated: true, rule, family, clauses) : null;
    }

    private static string? AddIcmp(IcmpFields fields, bool negated, RuleView rule, IpFamily family, List<List<RuleMatch>> clauses)
    {
        byte icmp = family == IpFamily.V4 ? Protocol.Icmp : Protocol.IcmpV6;
        if (rule.Protocol is { } protocol && protocol != icmp) return $"its ICMP type belongs to the other family (protocol {protocol})";
        if (fields.Type is not { } type) return null;
        if (!negated && rule.Protocol is null) Require(clauses, new ProtocolMatch([icmp]));
        IcmpMatch match = new((byte)type, (byte?)fields.Code, negated);
        if (!negated || rule.Protocol is not null) Require(clauses, match);
        else AnyOf(clauses, rule.Action, [new ProtocolMatch([icmp], Negated: true)], [new ProtocolMatch([icmp]), match]);
        return null;
    }

    private static string? AddSide(SideView side, PacketSide which, RuleView rule, IpFamily family, List<List<RuleMatch>> clauses)
    {
        string words = which == PacketSide.Source ? "source" : "destination";
        if (side.Nets is { Count: > 0 } nets)
        {
            if (Prefixes(nets, family) is not { IsEmpty: false } kept) return $"its {words} nets are all of the other family";
            Require(clauses, new NetMatch(which, kept));
        }
        if (side.NotNets is { Count: > 0 } notNets)
        {
            if (Prefixes(notNets, family) is not { IsEmpty: false } kept) return $"its excluded {words} nets are all of the other family";
            Require(clauses, new NetMatch(which, kept, Negated: true));
        }
        foreach (string set in side.Sets ?? []) Require(clauses, new SetMatch(which, set));
        foreach (string set in side.NotSets ?? []) Require(clauses, new SetMatch(which, set, Negated: true));
        AddPorts(side, which, rule, clauses);
        return null;
    }

    private static void AddPorts(SideView side, PacketSide which, RuleView rule, List<List<RuleMatch>> clauses)
    {
        bool protocolHasPorts = rule.Protocol is { } p && PortProtocols.Contains(p);
        List<RuleMatch[]> alternatives = [];
        if (side.Ports is { Count: > 0 } ports)
        {
            PortMatch match = new(which, Merge(ports));
            alternatives.Add(protocolHasPorts ? [match] : [new ProtocolMatch(PortProtocols), match]);
        }
        foreach (string set in side.PortSets ?? []) alternatives.Add([new PortSetMatch(which, set)]);
        if (alternatives.Count > 0) AnyOf(clauses, rule.Action, [.. alternatives]);

        foreach (string set in side.NotPortSets ?? []) Require(clauses, new PortSetMatch(which, set, Negated: true));
        if (side.NotPorts is not { Count: > 0 } notPorts) return;
        PortMatch not = new(which, Merge(notPorts), Negated: true);
        if (protocolHasPorts) Require(clauses, not);
        else AnyOf(clauses, rule.Action, [new ProtocolMatch(PortProtocols, Negated: true)], [new ProtocolMatch(PortProtocols), not]);
    }

    private static void Require(List<List<RuleMatch>> clauses, RuleMatch match)
    {
        foreach (List<RuleMatch> clause in clauses) clause.Add(match);
    }

    /// <summary>
    /// Multiplies the clauses by the alternatives. A Log rule must log a packet once: there each alternative also excludes those before it
    /// (whose last match is the one that tells them apart).
    /// </summary>
    private static void AnyOf(List<List<RuleMatch>> clauses, RuleAction action, params RuleMatch[][] alternatives)
    {
        List<List<RuleMatch>> product = [];
        foreach (List<RuleMatch> clause in clauses)
        {
            for (int i = 0; i < alternatives.Length; i++)
            {
                if (action != RuleAction.Log || i == 0)
                {
                    product.Add([.. clause, .. alternatives[i]]);
                    continue;
                }
                foreach (RuleMatch[] rest in Excluding(alternatives.AsSpan(0, i))) product.Add([.. clause, .. alternatives[i], .. rest]);
            }
        }
        clauses.Clear();
        clauses.AddRange(product);
    }

    private static IEnumerable<RuleMatch[]> Excluding(ReadOnlySpan<RuleMatch[]> earlier)
    {
        // not (a and b) = not a, or (a and not b): disjoint by construction.
        List<RuleMatch[]> result = [[]];
        foreach (RuleMatch[] conjunction in earlier)
        {
            List<RuleMatch[]> next = [];
            foreach (RuleMatch[] prefix in result)
            {
                for (int i = 0; i < conjunction.Length; i++)
                {
                    next.Add([.. prefix, .. conjunction[..i], conjunction[i] with { Negated = !conjunction[i].Negated }]);
                }
            }
            result = next;
        }
        return result;
    }

    /// <summary>Protocol first (the others rely on it), then comparisons, then lookups.</summary>
    private static int Cost(RuleMatch match) => match switch
    {
        ProtocolMatch => 0,
        IcmpMatch => 1,
        PortMatch => 2,
        NetMatch => 3,
        SetMatch => 4,
        _ => 5,
    };

    private static EquatableArray<IpPrefix> Prefixes(IReadOnlyList<string> nets, IpFamily family)
    {
        List<IpPrefix> kept = [];
        // Sorted, a prefix comes right before what lies within it.
        foreach (IpPrefix net in nets.Select(IpPrefix.Parse).Where(n => n.IsIPv6 == (family == IpFamily.V6)).Order())
        {
            if (kept.Count == 0 || !kept[^1].Contains(net)) kept.Add(net);
        }
        return [.. kept];
    }

    private static EquatableArray<PortRange> Merge(IReadOnlyList<PortRange> ranges)
    {
        List<PortRange> merged = [];
        foreach (PortRange range in ranges.OrderBy(r => r.First))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
                merged[^1] = new PortRange(merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else merged.Add(range);
        }
        return [.. merged];
    }
}
