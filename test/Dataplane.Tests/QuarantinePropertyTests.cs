using CsCheck;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>
/// Any history of chains and sets, some of which the kernel refuses: after each step, all that it would take is there as wanted, what it would not is closed, and so is what depends on it.
/// When it refuses nothing any more, all is there in the end.
/// </summary>
public sealed class QuarantinePropertyTests
{
    private const int Chains = 4, Sets = 2, Poison = 9;

    /// <summary>What to do with which chain or set, and how.</summary>
    private sealed record Step(bool OfChain, int Which, bool Remove, bool Bad, int? LooksUp, uint Element);

    private static readonly Gen<Step> s_step = Gen.Select(Gen.Bool, Gen.Int[0, Chains - 1], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[-1, Sets - 1], Gen.UInt[1, 3], (ofChain, which, remove, bad, looksUp, element) =>
        new Step(ofChain, which, remove == 0, bad == 0, looksUp < 0 ? null : looksUp, bad == 0 ? Poison : element));

    [Fact]
    public void WhatIsTaken_IsThere_AndTheRestIsClosed() => s_step.Array[1, 20].Sample(steps =>
    {
        FakeKernel kernel = new() { Refuses = IsRefused };
        FakeTimeProvider time = new();
        FilterTables tables = new(kernel, "margay", time);
        Dictionary<int, (FilterChain Chain, bool Bad, int? LooksUp)> chains = [];
        HashSet<uint>[] sets = [.. Enumerable.Range(0, Sets).Select(_ => new HashSet<uint>())];
        for (int i = 0; i < Sets; i++) tables.SetSet(new FilterSet(FilterFamily.Inet, $"set{i}", [FilterField.SourceV4]));
        foreach (Step step in steps)
        {
            Do(step, tables, chains, sets);
            Settle(tables);
            foreach ((int which, (FilterChain chain, bool bad, int? looksUp)) in chains)
            {
                bool closed = bad || (looksUp is { } set && sets[set].Contains(Poison));
                Assert.Equal(closed ? "counter drop" : Text(chain.Rules), Text(kernel.Tables.Rules(new FilterName(FilterFamily.Inet, $"chain{which}"))));
            }
            AssertSets(kernel, sets, wanted: s => !s.Contains(Poison));
            Assert.Equal(chains.Count, kernel.Tables.Chains.Count);
        }
        kernel.Refuses = null;
        time.Advance(TimeSpan.FromMinutes(5));
        tables.TryAgain();
        Settle(tables);
        Assert.All(chains, c => Assert.Equal(Text(c.Value.Chain.Rules), Text(kernel.Tables.Rules(new FilterName(FilterFamily.Inet, $"chain{c.Key}")))));
        AssertSets(kernel, sets, wanted: _ => true);
        Assert.Empty(tables.Refused);
        Assert.Null(tables.NextTrial);
    });

    private static void Do(Step step, FilterTables tables, Dictionary<int, (FilterChain, bool, int?)> chains, HashSet<uint>[] sets)
    {
        if (!step.OfChain)
        {
            FilterName set = new(FilterFamily.Inet, $"set{step.Which % Sets}");
            if (step.Remove)
            {
                tables.RemoveElement(set, NftValue.Native(step.Element));
                sets[step.Which % Sets].Remove(step.Element);
            }
            else
            {
                tables.SetElement(set, NftValue.Native(step.Element));
                sets[step.Which % Sets].Add(step.Element);
            }
            return;
        }
        if (step.Remove)
        {
            tables.RemoveChain(new FilterName(FilterFamily.Inet, $"chain{step.Which}"));
            chains.Remove(step.Which);
            return;
        }
        List<FilterRule> rules = [new("n", new FilterSetPriority(step.Element), FilterVerdict.Accept)];
        if (step.Bad) rules.Add(new FilterRule("bad", new FilterSetMark(0, Poison)));
        if (step.LooksUp is { } looksUp) rules.Add(new FilterRule("asks", new FilterLookup(FilterField.SourceV4, $"set{looksUp}", negate: true), FilterVerdict.Accept));
        FilterChain chain = new(FilterFamily.Inet, $"chain{step.Which}", null, [.. rules]);
        tables.SetChain(chain);
        chains[step.Which] = (chain, step.Bad, step.LooksUp);
    }

    private static bool IsRefused(FilterChange change) => change switch
    {
        AddRule c => c.Rule.Statements.Any(s => s is FilterSetMark),
        AddElements c => c.Elements.Any(e => e.Key.From == NftValue.Native((uint)Poison)),
        _ => false,
    };

    private static void AssertSets(FakeKernel kernel, HashSet<uint>[] sets, Func<HashSet<uint>, bool> wanted)
    {
        for (int i = 0; i < Sets; i++)
        {
            FilterName name = new(FilterFamily.Inet, $"set{i}");
            Assert.Equal(wanted(sets[i]), kernel.Tables.Read().Sets.ContainsKey(name));
            if (wanted(sets[i])) Assert.Equal(sets[i].Order(), kernel.Tables.Elements(name).Select(e => BitConverter.ToUInt32(e.From.Span)).Order());
        }
    }

    private static void Settle(FilterTables tables)
    {
        for (int attempt = 0; attempt < 20 && !tables.InSync; attempt++)
        {
            if (tables.NeedsResync) Assert.True(tables.Resync().Ok);
            while (!tables.InSync && tables.Apply(tables.Plan()).Ok)
            {
            }
        }
        Assert.True(tables.InSync);
    }

    private static string Text(IEnumerable<FilterRule> rules) => string.Join("; ", rules.Select(r => r.Text));
}
