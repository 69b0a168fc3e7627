using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

// From a policy's rules to as few kernel rules as say the same:
//
//   Allow tcp 80  from 10.0.0.0/8      ┐
//   Allow udp 53  from 10.1.0.0/16     ├─► one rule: (protocol . port . source) in a set of three rows
//   Allow tcp 443 from 192.0.2.0/24    ┘
//   Allow tcp 80  from set X           ┬─► one rule: (protocol . port) in a set, and the source in X
//   Allow udp 80  from set X           ┘
//
// Within a run of rules with one action order means nothing, so those of the run that ask for the same kinds of constants, and otherwise for exactly the same, become rows of
// one set. Only Allow and Pass are merged across rules: Deny counts and Log names each rule.

/// <summary>One kernel rule to be: it matches when all of <paramref name="Matches"/> do and, if there are <paramref name="Rows"/>, one of these.</summary>
internal sealed record MergedRule(RuleAction Action, IReadOnlyList<int> Indexes, EquatableArray<RuleMatch> Matches, IReadOnlyList<MatchRow> Rows)
{
    public RowFields Fields => Rows.Count == 0 ? RowFields.None : Rows[0].Fields;
}

[Flags]
internal enum RowFields
{
    None = 0,
    Protocol = 1,
    SourcePort = 2,
    DestinationPort = 4,
    SourceNet = 8,
    DestinationNet = 16,
}

/// <summary>A box: each field that is given is a value or a range.</summary>
internal readonly record struct MatchRow(byte? Protocol, PortRange? SourcePort, PortRange? DestinationPort, IpPrefix? SourceNet, IpPrefix? DestinationNet)
{
    public RowFields Fields =>
        (Protocol is null ? 0 : RowFields.Protocol) | (SourcePort is null ? 0 : RowFields.SourcePort) | (DestinationPort is null ? 0 : RowFields.DestinationPort)
        | (SourceNet is null ? 0 : RowFields.SourceNet) | (DestinationNet is null ? 0 : RowFields.DestinationNet);

    public bool IsExact => IsOne(SourcePort) && IsOne(DestinationPort) && SourceNet is not { IsHost: false } && DestinationNet is not { IsHost: false };

    /// <summary>Of two rows with the same fields: some packet is in both.</summary>
    public bool Overlaps(MatchRow other) => Protocol == other.Protocol && Meet(SourcePort, other.SourcePort) && Meet(DestinationPort, other.DestinationPort)
        && Meet(SourceNet, other.SourceNet) && Meet(DestinationNet, other.DestinationNet);

    /// <summary>Of two rows with the same fields: every packet of the other is in this one.</summary>
    public bool Contains(MatchRow other) => Protocol == other.Protocol && Holds(SourcePort, other.SourcePort) && Holds(DestinationPort, other.DestinationPort)
        && Holds(SourceNet, other.SourceNet) && Holds(DestinationNet, other.DestinationNet);

    private static bool IsOne(PortRange? range) => range is not { } r || r.First == r.Last;
    private static bool Meet(PortRange? a, PortRange? b) => a is not { } x || b is not { } y || (x.First <= y.Last && y.First <= x.Last);
    private static bool Meet(IpPrefix? a, IpPrefix? b) => a is not { } x || b is not { } y || x.Contains(y) || y.Contains(x);
    private static bool Holds(PortRange? a, PortRange? b) => a is not { } x || b is not { } y || (x.First <= y.First && y.Last <= x.Last);
    private static bool Holds(IpPrefix? a, IpPrefix? b) => a is not { } x || b is not { } y || x.Contains(y);
}

/// <summary>Merges the rules of one policy in one family. Pure.</summary>
internal static class RuleMerger
{
    /// <summary>A clause that would need more rows stays a rule of its own; so does what would make a set larger than <see cref="MaxRows"/>.</summary>
    private const int MaxRowsOfClause = 64, MaxRows = 512;

    /// <summary>A set of ranges is several times as dear to look up as one of values: it must save rules.</summary>
    private const int MinRangedRules = 4;

    public static List<MergedRule> Merge(IEnumerable<CompiledRule> rules)
    {
        List<MergedRule> merged = [];
        List<Candidate> run = [];
        RuleAction action = default;
        foreach (CompiledRule rule in rules)
        {
            bool joins = rule.Action == action && action is RuleAction.Allow or RuleAction.Pass;
            if (run.Count > 0 && !joins) Flush(run, merged);
            action = rule.Action;
            foreach (RuleClause clause in rule.Clauses) run.Add(Candidate.Of(rule, clause));
        }
        Flush(run, merged);
        return merged;
    }

    /// <summary>Each clause a rule of its own.</summary>
    public static List<MergedRule> Separate(IEnumerable<CompiledRule> rules) =>
        [.. rules.SelectMany(r => r.Clauses.Select(c => new MergedRule(r.Action, [r.Index], c.Matches, [])))];

    /// <summary>One clause, its constants apart from the rest.</summary>
    private sealed record Candidate(CompiledRule Rule, RuleClause Clause, EquatableArray<RuleMatch> Others, List<MatchRow> Rows)
    {
        public RowFields Fields => Rows.Count == 0 ? RowFields.None : Rows[0].Fields;

        public static Candidate Of(CompiledRule rule, RuleClause clause)
        {
            List<MatchRow> rows = [default];
            List<RuleMatch> rest = [];
            foreach (RuleMatch match in clause.Matches)
            {
                List<MatchRow>? product = match.Negated ? null : Multiply(rows, match);
                if (product is null) rest.Add(match);
                else rows = product;
            }
            return rows[0].Fields == RowFields.None || rows.Count > MaxRowsOfClause || rule.Action == RuleAction.Log
                ? new Candidate(rule, clause, clause.Matches, [])
                : new Candidate(rule, clause, [.. rest], rows);
        }

        private static List<MatchRow>? Multiply(List<MatchRow> rows, RuleMatch match) => match switch
        {
            ProtocolMatch m when rows[0].Protocol is null => Product(rows, m.Protocols, static (r, p) => r with { Protocol = p }),
            PortMatch { Side: PacketSide.Source } m when rows[0].SourcePort is null => Product(rows, m.Ranges, static (r, p) => r with { SourcePort = p }),
            PortMatch { Side: PacketSide.Destination } m when rows[0].DestinationPort is null => Product(rows, m.Ranges, static (r, p) => r with { DestinationPort = p }),
            NetMatch { Side: PacketSide.Source } m when rows[0].SourceNet is null => Product(rows, m.Nets, static (r, n) => r with { SourceNet = n }),
            NetMatch { Side: PacketSide.Destination } m when rows[0].DestinationNet is null => Product(rows, m.Nets, static (r, n) => r with { DestinationNet = n }),
            _ => null,
        };

        /// <summary>Each row with each of the values; most rules give one.</summary>
        private static List<MatchRow> Product<T>(List<MatchRow> rows, EquatableArray<T> values, Func<MatchRow, T, MatchRow> with)
        {
            if (values.Count == 1)
            {
                for (int i = 0; i < rows.Count; i++) rows[i] = with(rows[i], values[0]);
                return rows;
            }
            List<MatchRow> product = new(rows.Count * values.Count);
            foreach (MatchRow row in rows)
                foreach (T value in values) product.Add(with(row, value));
            return product;
        }
    }

    private static void Flush(List<Candidate> run, List<MergedRule> into)
    {
        foreach (IGrouping<(EquatableArray<RuleMatch> Others, RowFields Fields), Candidate> group in run.GroupBy(c => (c.Others, c.Fields)))
        {
            Candidate[] members = [.. group];
            bool exact = members.All(m => m.Rows.TrueForAll(r => r.IsExact));
            // One field of ranges is a cheap tree; several are dear.
            bool pays = group.Key.Fields != RowFields.None && members.Length > 1
                && (exact || members.Length >= MinRangedRules || group.Key.Fields is RowFields.SourceNet or RowFields.DestinationNet);
            if (pays) into.AddRange(Tables(members));
            else into.AddRange(members.Select(m => new MergedRule(m.Rule.Action, [m.Rule.Index], m.Clause.Matches, [])));
        }
        run.Clear();
    }

    /// <summary>The kernel refuses rows that overlap: one that lies within another is left out, one that crosses another goes to a further set.</summary>
    private static IEnumerable<MergedRule> Tables(Candidate[] members)
    {
        List<(List<MatchRow> Rows, SortedSet<int> Indexes)> tables = [];
        foreach (Candidate member in members)
        {
            foreach (MatchRow row in member.Rows)
            {
                if (tables.FirstOrDefault(t => t.Rows.Exists(r => r.Contains(row))) is { Rows: not null } covering)
                {
                    covering.Indexes.Add(member.Rule.Index);
                    continue;
                }
                (List<MatchRow> Rows, SortedSet<int> Indexes) table = tables.FirstOrDefault(t => t.Rows.Count < MaxRows && !t.Rows.Exists(r => r.Overlaps(row)));
                if (table.Rows is null) tables.Add(table = ([], []));
                table.Rows.Add(row);
                table.Indexes.Add(member.Rule.Index);
            }
        }
        return tables.Select(t => new MergedRule(members[0].Rule.Action, [.. t.Indexes], members[0].Others, t.Rows));
    }
}
