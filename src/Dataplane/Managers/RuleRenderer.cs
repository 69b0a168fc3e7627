using System.Globalization;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>A policy's rules in one family.</summary>
/// <param name="Ports">What of the port index its rules are in (<see cref="PortIndex"/>), rule bits only.</param>
/// <param name="IsIndexed">Every rule is in the index: a packet that the index does not lead here is none of the policy's business.</param>
/// <param name="AsksIndex">Its rules look at their bits: whoever comes here has looked the packet up.</param>
internal sealed record RenderedPolicy(IReadOnlyList<FilterRule> Rules, IReadOnlyDictionary<(byte Protocol, ushort Port), uint> Ports, bool IsIndexed, bool AsksIndex);

/// <summary>
/// Compiled rules as kernel rules: one for each clause or table of merged clauses, or for each combination of the parts of the sets it names. A criterion with several values
/// looks them up in a constant set, shared by all rules that name the same values.
/// </summary>
internal sealed class RuleRenderer(IpSetManager ipSets, ConstantSets constants, DropRules drops, ushort logGroup, uint acceptedMark)
{
    /// <summary>A rule for more ports than this is not indexed: it is tried for every packet that comes to its policy.</summary>
    private const int MaxIndexedPorts = 256;

    /// <summary>From so many rules on, looking at a bit first is cheaper than trying them all.</summary>
    private const int MinRulesForBits = 4;

    /// <summary>The rules of one policy in one family. Pass returns from the chain that they stand in; what Allow does depends on the place.</summary>
    public RenderedPolicy Render(CompiledPolicy policy, bool v6, bool isProfile = false, PolicySetKind kind = PolicySetKind.Workload)
    {
        // A staged policy counts each rule.
        EquatableArray<CompiledRule> compiled = policy.Rules(v6 ? IpFamily.V6 : IpFamily.V4);
        List<MergedRule> merged = policy.Staged ? RuleMerger.Separate(compiled.Where(r => r.Action != RuleAction.Log)) : RuleMerger.Merge(compiled);
        List<(byte Protocol, ushort Port)>?[] claims = [.. merged.Select(PortsOf)];
        bool asksIndex = claims.Count(c => c is not null) >= MinRulesForBits;
        List<FilterRule> rules = [];
        Dictionary<(byte Protocol, ushort Port), uint> ports = [];
        int place = 0;
        for (int i = 0; i < merged.Count; i++)
        {
            MergedRule rule = merged[i];
            FilterStatement[] guard = [];
            if (claims[i] is { } claimed)
            {
                uint bit = PortIndex.RuleBit(place++);
                foreach ((byte Protocol, ushort Port) key in claimed) ports[key] = ports.GetValueOrDefault(key) | bit;
                if (asksIndex) guard = [new FilterAnyBit(FilterField.Priority, bit)];
            }
            string label = policy.Missing ? $"{policy.Id} is missing" : $"{policy.Id} {Numbers(rule.Indexes)}";
            foreach (List<FilterStatement> matches in Alternatives(rule, v6))
            {
                FilterStatement[] when = [.. guard, .. Family(matches, v6), .. matches];
                if (rule.Action == RuleAction.Deny && !policy.Staged) rules.AddRange(drops.Drop(label, SiteOf(policy, rule.Indexes[0], isProfile), when));
                else rules.Add(new FilterRule(label, [.. when, .. Action(rule.Action, policy, rule.Indexes[0], kind)]));
            }
        }
        return new RenderedPolicy(rules, ports, merged.Count > 0 && Array.TrueForAll(claims, c => c is not null), asksIndex);
    }

    /// <summary>Sets that the policy's rules name: when one changes its shape, the rules must be rendered again.</summary>
    public static IEnumerable<string> SetsOf(CompiledPolicy policy) =>
        policy.V4.Concat(policy.V6).SelectMany(r => r.Clauses).SelectMany(c => c.Matches).Select(m => m switch
        {
            SetMatch s => s.SetId,
            PortSetMatch p => p.SetId,
            _ => null,
        }).OfType<string>().Distinct();

    /// <summary>Whether an address more in the set can only make the policy allow more.</summary>
    public static bool OnlyAllows(CompiledPolicy policy, string setId) => policy.V4.Concat(policy.V6).All(r =>
        r.Clauses.SelectMany(c => c.Matches).All(m => m is not SetMatch s || s.SetId != setId || (r.Action == RuleAction.Allow && !s.Negated))
        && r.Clauses.SelectMany(c => c.Matches).All(m => m is not PortSetMatch p || p.SetId != setId || (r.Action == RuleAction.Allow && !p.Negated)));

    private static string Numbers(IReadOnlyList<int> indexes) => indexes.Count > 12
        ? string.Create(CultureInfo.InvariantCulture, $"{indexes[0]}…{indexes[^1]}")
        : string.Join(',', indexes.Select(i => i.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Every protocol and destination port that the rule can match; null when it asks for none, or for too many.</summary>
    private static List<(byte, ushort)>? PortsOf(MergedRule rule)
    {
        IEnumerable<(byte Protocol, PortRange Ports)> pairs;
        if ((rule.Fields & (RowFields.Protocol | RowFields.DestinationPort)) == (RowFields.Protocol | RowFields.DestinationPort))
        {
            pairs = rule.Rows.Select(r => (r.Protocol!.Value, r.DestinationPort!.Value));
        }
        else
        {
            ProtocolMatch? protocol = rule.Matches.OfType<ProtocolMatch>().FirstOrDefault(m => !m.Negated);
            PortMatch? port = rule.Matches.OfType<PortMatch>().FirstOrDefault(m => !m.Negated && m.Side == PacketSide.Destination);
            if (protocol is null || port is null) return null;
            pairs = protocol.Protocols.SelectMany(p => port.Ranges.Select(r => (p, r)));
        }
        List<(byte, ushort)> claims = [];
        foreach ((byte protocol, PortRange range) in pairs)
        {
            if (claims.Count + range.Last - range.First >= MaxIndexedPorts) return null;
            for (int port = range.First; port <= range.Last; port++) claims.Add((protocol, (ushort)port));
        }
        return claims;
    }

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

    private FilterStatement[] Action(RuleAction action, CompiledPolicy policy, int index, PolicySetKind kind) => action switch
    {
        _ when policy.Staged => [new FilterCounter(), FilterVerdict.Return],
        RuleAction.Allow => Allow(kind),
        RuleAction.Pass => [FilterVerdict.Return],
        _ => [new FilterLog(logGroup, LogPrefix(policy, index))],
    };

    private static DropSite SiteOf(CompiledPolicy policy, int index, bool isProfile) => policy.Missing
        ? new DropSite(policy.Direction, DropKind.Missing, policy.Id)
        : new DropSite(policy.Direction, isProfile ? DropKind.Profile : DropKind.Rule, policy.Id, index);

    /// <summary>What the index left in the packet's priority is not for the wire. At an early place of a host endpoint Allow tells the later ones.</summary>
    private FilterStatement[] Allow(PolicySetKind kind) => kind switch
    {
        PolicySetKind.PreDnat => [new FilterSetMark(0, acceptedMark), new FilterSetPriority(0), FilterVerdict.Accept],
        PolicySetKind.Untracked => [new FilterNotrack(), new FilterSetMark(0, acceptedMark), new FilterSetPriority(0), FilterVerdict.Accept],
        _ => [new FilterSetPriority(0), FilterVerdict.Accept],
    };

    /// <summary>NFLOG carries at most 127 bytes: direction, rule and the end of the policy's id.</summary>
    private static string LogPrefix(CompiledPolicy policy, int index)
    {
        string id = policy.Id.Length > 90 ? policy.Id[^90..] : policy.Id;
        return string.Create(CultureInfo.InvariantCulture, $"{ChainNames.Direction(policy.Direction)} {index} {id}");
    }

    private List<List<FilterStatement>> Alternatives(MergedRule rule, bool v6)
    {
        List<List<FilterStatement>> result = [rule.Rows.Count > 0 ? [Table(rule, v6)] : []];
        foreach (RuleMatch match in rule.Matches)
        {
            if (match is SetMatch { Negated: false } set)
            {
                result = Multiply(result, set, v6, rule.Action);
                continue;
            }
            foreach (FilterStatement statement in Statements(match, v6))
                foreach (List<FilterStatement> matches in result) matches.Add(statement);
        }
        return result;
    }

    /// <summary>The rows as one lookup.</summary>
    private FilterLookup Table(MergedRule rule, bool v6)
    {
        RowFields fields = rule.Fields;
        if (fields is RowFields.SourceNet or RowFields.DestinationNet)
        {
            IEnumerable<IpPrefix> nets = rule.Rows.Select(r => (r.SourceNet ?? r.DestinationNet)!.Value).Order();
            FilterField address = Address(fields == RowFields.SourceNet ? PacketSide.Source : PacketSide.Destination, v6);
            return new FilterLookup(address, constants.Get("nets", [Address(PacketSide.Source, v6)], interval: true, [.. Intervals.Of(nets)]));
        }
        if (fields == RowFields.Protocol) return new FilterLookup(FilterField.TransportProtocol, ProtocolSet([.. rule.Rows.Select(r => r.Protocol!.Value).Distinct()]));
        bool interval = !rule.Rows.All(r => r.IsExact);
        FilterElementKey[] keys = [.. rule.Rows.Select(r => r.IsExact ? Key(r, last: false) : new FilterElementKey(Key(r, last: false), Key(r, last: true))).Distinct()];
        FilterField[] key = [.. Fields(fields, v6)];
        return new FilterLookup([.. key], constants.Get("rows", key, interval, keys));
    }

    private static IEnumerable<FilterField> Fields(RowFields fields, bool v6)
    {
        if (fields.HasFlag(RowFields.Protocol)) yield return FilterField.TransportProtocol;
        if (fields.HasFlag(RowFields.SourcePort)) yield return FilterField.SourcePort;
        if (fields.HasFlag(RowFields.DestinationPort)) yield return FilterField.DestinationPort;
        if (fields.HasFlag(RowFields.SourceNet)) yield return Address(PacketSide.Source, v6);
        if (fields.HasFlag(RowFields.DestinationNet)) yield return Address(PacketSide.Destination, v6);
    }

    private static NftValue Key(MatchRow row, bool last)
    {
        List<NftValue> parts = [];
        if (row.Protocol is { } protocol) parts.Add(NftValue.Byte(protocol));
        if (row.SourcePort is { } source) parts.Add(NftValue.Port(last ? source.Last : source.First));
        if (row.DestinationPort is { } destination) parts.Add(NftValue.Port(last ? destination.Last : destination.First));
        if (row.SourceNet is { } from) parts.Add(NftValue.From(last ? from.Last : from.Address));
        if (row.DestinationNet is { } to) parts.Add(NftValue.From(last ? to.Last : to.Address));
        return NftValue.Concat([.. parts]);
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
        ProtocolMatch m => [Protocols(m.Protocols, m.Negated)],
        IcmpMatch { Code: null } m => [new FilterCompare(FilterField.IcmpType, NftValue.Byte(m.Type), m.Negated)],
        IcmpMatch m => [new FilterCompare(FilterField.IcmpTypeAndCode, NftValue.FromBytes([m.Type, m.Code!.Value]), m.Negated)],
        PortMatch m => [Ports(m)],
        NetMatch m => [Nets(m, v6)],
        // Not in the set is: in none of its parts.
        SetMatch m => ipSets.Parts(m.SetId, v6).Select(p => new FilterLookup(Address(m.Side, v6), p.Name, negate: true, p.Mask)),
        PortSetMatch m => PortSet(m, v6),
        _ => throw new InvalidOperationException($"unknown match {match.GetType().Name}"),
    };

    private FilterStatement Protocols(EquatableArray<byte> protocols, bool negated) => protocols.Count == 1
        ? new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(protocols[0]), negated)
        : new FilterLookup(FilterField.TransportProtocol, ProtocolSet(protocols), negated);

    private string ProtocolSet(EquatableArray<byte> protocols) =>
        constants.Get("protocols", [FilterField.TransportProtocol], interval: false, [.. protocols.Select(p => (FilterElementKey)NftValue.Byte(p))]);

    private FilterStatement Ports(PortMatch match)
    {
        FilterField field = match.Side == PacketSide.Source ? FilterField.SourcePort : FilterField.DestinationPort;
        if (match.Ranges.Count > 1)
            return new FilterLookup(field, constants.Get("ports", [FilterField.DestinationPort], match.Ranges.Any(r => r.First != r.Last), [.. match.Ranges.Select(Range)]), match.Negated);
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
            return new FilterLookup(field, constants.Get("nets", [Address(PacketSide.Source, v6)], interval: true, [.. Intervals.Of(match.Nets)]), match.Negated);
        IpPrefix net = match.Nets[0];
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
