using CsCheck;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Tests;

public class PolicyChainsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(8, 2)]
    [InlineData(11, 2)]
    [InlineData(40, 4)]
    public void RulesThatLookAtBits_StandInGroups(int rules, int chains) => Assert.Equal(chains, PolicyChains.Grouped("c", [.. Enumerable.Range(0, rules).Select(Looking)]).Count());

    [Fact]
    public void RuleThatReturns_StaysInThePolicysOwnChain()
    {
        FilterRule[] rules = [.. Enumerable.Range(0, 20).Select(i => new FilterRule("r", new FilterAnyBit(FilterField.Priority, 1u << i), FilterVerdict.Return))];
        Assert.Equal(rules, Assert.Single(PolicyChains.Grouped("c", rules)).Rules);
    }

    [Theory]
    [InlineData(0, 0, false, "")]
    [InlineData(2, 2, true, "c")]
    [InlineData(2, 0, false, "c")]
    [InlineData(0, 2, false, "c")]
    [InlineData(2, 2, false, "c-6 c")]
    public void Policy_IsEnteredByOneChain(int v4, int v6, bool shared, string chains) =>
        Assert.Equal(chains, string.Join(' ', PolicyChains.Of("c", Rules(v4, "four"), Rules(v6, "six"), shared).Select(c => c.Name)));

    /// <summary>Whatever the groups, a packet of each family meets its rules in their order, and no rule of the other.</summary>
    [Fact]
    public void Packet_MeetsItsRules_InTheirOrder() =>
        Gen.Select(Gen.Bool.Array[0, 40], Gen.Bool.Array[0, 40], Gen.Bool).Sample((looks4, looks6, v6) =>
        {
            FilterRule[] rules4 = Mixed(looks4, "four"), rules6 = Mixed(looks6, "six");
            Dictionary<string, FilterChain> chains = PolicyChains.Of("c", rules4, rules6, shared: false).ToDictionary(c => c.Name);
            List<FilterRule> met = [];
            if (chains.Count > 0) Walk(chains, "c", v6, met);
            Assert.Equal(v6 ? rules6 : rules4, met);
        });

    /// <summary>With all bits set and no rule that decides: every jump is taken.</summary>
    private static void Walk(Dictionary<string, FilterChain> chains, string name, bool v6, List<FilterRule> met)
    {
        foreach (FilterRule rule in chains[name].Rules)
        {
            if (rule.Statements[0] is FilterCompare family && family.Value != NftValue.Byte(v6 ? (byte)10 : (byte)2)) continue;
            switch (rule.Statements[^1])
            {
                case FilterVerdict { Kind: FilterVerdictKind.Jump, Chain: { } to }: Walk(chains, to, v6, met); break;
                case FilterVerdict { Kind: FilterVerdictKind.Goto, Chain: { } to }: Walk(chains, to, v6, met); return;
                case FilterVerdict { Kind: FilterVerdictKind.Return }: return;
                default: met.Add(rule); break;
            }
        }
    }

    private static FilterRule Looking(int i) => new("r", new FilterAnyBit(FilterField.Priority, 1u << i % 32), FilterVerdict.Accept);
    private static FilterRule[] Rules(int count, string label) => [.. Enumerable.Range(0, count).Select(_ => new FilterRule(label, FilterVerdict.Accept))];

    private static FilterRule[] Mixed(bool[] looks, string label) =>
        [.. looks.Select((l, i) => l ? new FilterRule(label, new FilterAnyBit(FilterField.Priority, 1u << i % 32), FilterVerdict.Accept) : new FilterRule(label, new FilterCounter(), FilterVerdict.Accept))];
}
