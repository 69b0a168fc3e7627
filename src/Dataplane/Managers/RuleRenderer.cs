using System.Globalization;
using Margay.Api.Resources;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Compiled rules as kernel rules: one for each clause, or for each combination of the parts of the sets it names. A criterion with several values looks them up in a
/// constant set, shared by all rules that name the same values.
/// </summary>
internal sealed class RuleRenderer(IpSetManager ipSets, ConstantSets constants, ushort logGroup)
{
    /// <summary>The rules of one policy in one family. Pass returns from the chain that they stand in.</summary>
    public List<FilterRule> Render(CompiledPolicy policy, bool v6)
    {
        List<FilterRule> rules = [];
        foreach (CompiledRule rule in policy.Rules(v6 ? IpFamily.V6 : IpFamily.V4))
        {
            string label = policy.Missing ? $"{policy.Id} is missing" : string.Create(CultureInfo.InvariantCulture, $"{policy.Id} {rule.Index}");
            foreach (RuleClause clause in rule.Clauses)
            {
                foreach (List<FilterStatement> matches in Alternatives(clause, v6, rule.Action))
                    rules.Add(new FilterRule(label, [.. Family(matches, v6), .. matches, .. Action(rule.Action, policy, rule.Index)]));
            }
        }
        return rules;
    }

    /// <summary>Sets that the policy's rules name: when one changes its shape, the rules must be rendered again.</summary>
    public static IEnumerable<string> SetsOf(CompiledPolicy policy) =>
        policy.V4.Concat(policy.V6).SelectMany(r => r.Clauses).SelectMany(c => c.Matches).Select(m => m switch
        {
            SetMatch s => s.SetId,
            PortSetMatch p => p.SetId,
            _ => null,
        }).OfType<string>().Distinct();

    /// <summary>
    /// A rule that looks at addresses says of which family, though its chain is never entered by the other: without that nft lists bytes, not addresses. A rule that does not,
    /// is the same for both families.
    /// </summary>
    private static FilterStatement[] Family(List<FilterStatement> matches, bool v6) => matches.Exists(IsOfFamily)
        ? [new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(v6 ? (byte)10 : (byte)2))]
        : [];

    private static bool IsOfFamily(FilterStatement statement) => statement switch
    {
        FilterCompare s => s.Field.IsAddress(),
        FilterLookup s => s.Fields.Any(f => f.IsAddress()),
        _ => false,
    };

    private FilterStatement[] Action(RuleAction action, CompiledPolicy policy, int index) => action switch
    {
        RuleAction.Allow => [FilterVerdict.Accept],
        RuleAction.Deny => [new FilterCounter(), FilterVerdict.Drop],
        RuleAction.Pass => [FilterVerdict.Return],
        _ => [new FilterLog(logGroup, LogPrefix(policy, index))],
    };

    /// <summary>NFLOG carries at most 127 bytes: direction, rule and the end of the policy's id.</summary>
    private static string LogPrefix(CompiledPolicy policy, int index)
    {
        string id = policy.Id.Length > 90 ? policy.Id[^90..] : policy.Id;
        return string.Create(CultureInfo.InvariantCulture, $"{ChainNames.Direction(policy.Direction)} {index} {id}");
    }

    private List<List<FilterStatement>> Alternatives(RuleClause clause, bool v6, RuleAction action)
    {
        List<List<FilterStatement>> result = [[]];
        foreach (RuleMatch match in clause.Matches)
        {
            if (match is SetMatch { Negated: false } set)
            {
                result = Multiply(result, set, v6, action);
                continue;
            }
            foreach (FilterStatement statement in Statements(match, v6))
                foreach (List<FilterStatement> matches in result) matches.Add(statement);
        }
        return result;
    }

    /// <summary>The address may be in any part of the set. A Log rule must not log twice, so there each part also excludes those before it.</summary>
    private List<List<FilterStatement>> Multiply(List<List<FilterStatement>> before, SetMatch set, bool v6, RuleAction action)
    {
        FilterField address = Address(set.Side, v6);
        IReadOnlyList<SetPart> parts = ipSets.Parts(set.SetId, v6);
        List<List<FilterStatement>> product = [];
        for (int i = 0; i < parts.Count; i++)
        {
            FilterStatement[] exclusions = action == RuleAction.Log ? [.. parts.Take(i).Select(p => new FilterLookup(address, p.Name, negate: true, p.Mask))] : [];
            foreach (List<FilterStatement> matches in before)
                product.Add([.. matches, new FilterLookup(address, parts[i].Name, mask: parts[i].Mask), .. exclusions]);
        }
        return product;
    }

    private IEnumerable<FilterStatement> Statements(RuleMatch match, bool v6) => match switch
    {
        ProtocolMatch m => [Protocols(m)],
        IcmpMatch { Code: null } m => [new FilterCompare(FilterField.IcmpType, NftValue.Byte(m.Type), m.Negated)],
        IcmpMatch m => [new FilterCompare(FilterField.IcmpTypeAndCode, NftValue.FromBytes([m.Type, m.Code!.Value]), m.Negated)],
        PortMatch m => [Ports(m)],
        NetMatch m => [Nets(m, v6)],
        // Not in the set is: in none of its parts.
        SetMatch m => ipSets.Parts(m.SetId, v6).Select(p => new FilterLookup(Address(m.Side, v6), p.Name, negate: true, p.Mask)),
        PortSetMatch m => PortSet(m, v6),
        _ => throw new InvalidOperationException($"unknown match {match.GetType().Name}"),
    };

    private FilterStatement Protocols(ProtocolMatch match) => match.Protocols.Count == 1
        ? new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(match.Protocols[0]), match.Negated)
        : new FilterLookup(FilterField.TransportProtocol,
            constants.Get("protocols", FilterField.TransportProtocol, [.. match.Protocols.Select(p => (FilterElementKey)NftValue.Byte(p))]), match.Negated);

    private FilterStatement Ports(PortMatch match)
    {
        FilterField field = match.Side == PacketSide.Source ? FilterField.SourcePort : FilterField.DestinationPort;
        if (match.Ranges.Count > 1)
            return new FilterLookup(field, constants.Get("ports", FilterField.DestinationPort, [.. match.Ranges.Select(Range)]), match.Negated);
        PortRange range = match.Ranges[0];
        return range.First == range.Last
            ? new FilterCompare(field, NftValue.Port(range.First), match.Negated)
            : new FilterRange(field, NftValue.Port(range.First), NftValue.Port(range.Last), match.Negated);
    }

    private static FilterElementKey Range(PortRange range) =>
        range.First == range.Last ? NftValue.Port(range.First) : new FilterElementKey(NftValue.Port(range.First), NftValue.Port(range.Last));

    private FilterStatement Nets(NetMatch match, bool v6)
    {
        FilterField field = Address(match.Side, v6);
        if (match.Nets.Count > 1)
            return new FilterLookup(field, constants.Get("nets", v6 ? FilterField.SourceV6 : FilterField.SourceV4, [.. Intervals.Of(match.Nets)]), match.Negated);
        Core.Net.IpPrefix net = match.Nets[0];
        return new FilterCompare(field, NftValue.From(net.Address), match.Negated, net.IsHost ? null : IpSetManager.Mask(net.Length, v6));
    }

    private IEnumerable<FilterStatement> PortSet(PortSetMatch match, bool v6)
    {
        FilterField port = match.Side == PacketSide.Source ? FilterField.SourcePort : FilterField.DestinationPort;
        IReadOnlyList<SetPart> parts = ipSets.Parts(match.SetId, v6);
        // Nothing is in a set that is not there.
        if (parts.Count == 0 && !match.Negated) return [new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(0))];
        return parts.Select(p => new FilterLookup([Address(match.Side, v6), FilterField.TransportProtocol, port], p.Name, match.Negated));
    }

    private static FilterField Address(PacketSide side, bool v6) => (side, v6) switch
    {
        (PacketSide.Source, false) => FilterField.SourceV4,
        (PacketSide.Source, true) => FilterField.SourceV6,
        (_, false) => FilterField.DestinationV4,
        _ => FilterField.DestinationV6,
    };
}
