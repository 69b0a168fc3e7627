using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// How rules stand in chains so that a packet meets few of them:
//
//   pe-web      IPv6: goto pe-web-6                 where the families differ; whoever jumps to pe-web need not know
//               any bit of rules 1–6: jump pe-web+0 ─► rule 1 … rule 6
//               rule 7 … rule 11                    the last group needs no chain: whoever comes here has passed the others
//
// A rule that looks at its bit first (PortIndex) is three steps even where the bit is not set, and most are not: one look at the bits of several rules spares them all.
// A group is a chain that is jumped to in one place only: the kernel follows each way through the chains when it checks a table.

/// <summary>Lays the rules of policies and lists out in chains.</summary>
internal static class PolicyChains
{
    /// <summary>With fewer rules that look at a bit, a look at all their bits spares nothing.</summary>
    private const int MinGrouped = 8;

    private const byte IPv4 = 2, IPv6 = 10;

    /// <summary>The chains of a policy, entered by the one of its name; none where it has no rules.</summary>
    /// <param name="shared">Both families have the same rules.</param>
    public static FilterChain[] Of(string name, IReadOnlyList<FilterRule> v4, IReadOnlyList<FilterRule> v6, bool shared)
    {
        if (v4.Count == 0 && v6.Count == 0) return [];
        if (shared) return [.. Grouped(name, v4)];
        if (v6.Count == 0) return [.. Grouped(name, [Unless(IPv6, FilterVerdict.Return), .. v4])];
        if (v4.Count == 0) return [.. Grouped(name, [Unless(IPv4, FilterVerdict.Return), .. v6])];
        return [.. Grouped(name + "-6", v6), .. Grouped(name, [Unless(IPv6, FilterVerdict.Goto(name + "-6")), .. v4])];
    }

    /// <summary>The chain, last, and before it those of its groups.</summary>
    public static IEnumerable<FilterChain> Grouped(string name, IReadOnlyList<FilterRule> rules)
    {
        List<FilterRule> left = [];
        int groups = 0;
        for (int i = 0; i < rules.Count;)
        {
            int run = 0;
            while (i + run < rules.Count && Bits(rules[i + run]) != 0) run++;
            int parts = run < MinGrouped ? 1 : (int)Math.Round(Math.Sqrt(run / 2.0));
            for (; parts > 1; parts--)
            {
                FilterRule[] group = [.. rules.Skip(i).Take(run / parts)];
                string chain = $"{name}+{groups++}";
                yield return new FilterChain(FilterFamily.Inet, chain, null, [.. group]);
                left.Add(new FilterRule("any of these", new FilterAnyBit(FilterField.Priority, group.Aggregate(0u, (bits, r) => bits | Bits(r))), FilterVerdict.Jump(chain)));
                (i, run) = (i + group.Length, run - group.Length);
            }
            int last = Math.Max(run, 1);
            left.AddRange(rules.Skip(i).Take(last));
            i += last;
        }
        yield return new FilterChain(FilterFamily.Inet, name, null, [.. left]);
    }

    /// <summary>The bits that the rule looks at first; 0 where it does not, or where it returns: from a group it would come back to the policy.</summary>
    private static uint Bits(FilterRule rule) =>
        rule.Statements[0] is FilterAnyBit { Field: FilterField.Priority } look && !rule.Statements.Any(s => s is FilterVerdict { Kind: FilterVerdictKind.Return }) ? look.Bits : 0;

    private static FilterRule Unless(byte family, FilterVerdict otherwise) =>
        new(family == IPv6 ? "IPv6" : "IPv4", new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(family)), otherwise);
}
