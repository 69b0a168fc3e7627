using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.Sockets;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>An object that the kernel refuses is replaced by what closes; the others do not wait for it.</summary>
public sealed class QuarantineTests
{
    private static readonly FilterName s_fine = Name("fine"), s_bad = Name("bad"), s_members = Name("members");
    private static readonly FilterRule s_accept = new("accepts", FilterVerdict.Accept);

    private readonly FakeKernel _kernel = new();
    private readonly FakeTimeProvider _time = new();
    private readonly FilterTables _tables;

    public QuarantineTests() => _tables = new FilterTables(_kernel, "margay", _time);

    [Fact]
    public void Chain_IsClosed_AndTheOthersAreIn()
    {
        Refuse("chain bad");
        _tables.SetChain(Chain(s_fine));
        _tables.SetChain(Chain(s_bad));
        Settle();
        Assert.Equal("accept", Text(s_fine));
        Assert.Equal("counter drop", Text(s_bad));
        RefusedObject told = Assert.Single(_tables.TakeRefused());
        Assert.Equal("chain inet bad", told.What);
        Assert.Contains("EINVAL", told.Reason, StringComparison.Ordinal);
        Assert.Empty(_tables.TakeRefused());
        Assert.True(_tables.IsApplied(s_bad));
    }

    /// <summary>What stands for the chain depends on what it is for.</summary>
    [Theory]
    [InlineData(FilterStandIn.Drop, false, "counter drop")]
    [InlineData(FilterStandIn.Nothing, false, "")]
    [InlineData(FilterStandIn.Nothing, true, null)]
    public void StandIn(FilterStandIn standIn, bool isBase, string? expected)
    {
        Refuse("chain bad");
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "bad", isBase ? new FilterBase(FilterHook.Forward, 0) : null, [s_accept], standIn));
        Settle();
        Assert.Equal(expected, _kernel.Tables.Chains.Contains(s_bad) ? Text(s_bad) : null);
    }

    /// <summary>Without a base chain nothing would be closed.</summary>
    [Fact]
    public void BaseChain_HoldsUpAll()
    {
        Refuse("chain bad");
        _tables.SetChain(Chain(s_fine));
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "bad", new FilterBase(FilterHook.Forward, 0), [s_accept]));
        Assert.False(TrySettle());
        Assert.Empty(_kernel.Tables.Chains);
        Assert.Empty(_tables.Refused);
    }

    /// <summary>Nor may a base chain that comes later be closed for a set that is set aside.</summary>
    [Fact]
    public void BaseChain_ThatNamesARefusedSet_HoldsUpAll()
    {
        Refuse("set members");
        _tables.SetSet(new FilterSet(FilterFamily.Inet, s_members.Name, [FilterField.SourceV4]));
        Settle();
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "base", new FilterBase(FilterHook.Input, 0), [new FilterRule("in", new FilterLookup(FilterField.SourceV4, s_members.Name), FilterVerdict.Accept)]));
        Assert.False(TrySettle());
        _kernel.Refuses = null;
        Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("ip saddr @members accept", Text(Name("base")));
    }

    [Fact]
    public void Set_IsAbsent_AndWhoNamesItIsClosed()
    {
        Refuse("set members");
        _tables.SetSet(new FilterSet(FilterFamily.Inet, s_members.Name, [FilterField.SourceV4]));
        _tables.SetElement(s_members, NftValue.Native(1u));
        _tables.SetChain(Chain(s_fine));
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "asks", null, [new FilterRule("not in", new FilterLookup(FilterField.SourceV4, s_members.Name, negate: true), FilterVerdict.Accept)]));
        Settle();
        Assert.Equal("counter drop", Text(Name("asks")));
        Assert.Equal("accept", Text(s_fine));
        Assert.DoesNotContain(s_members, _kernel.Tables.Read().Sets.Keys);

        // A chain that comes later and names it, is closed too.
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "later", null, [new FilterRule("in", new FilterLookup(FilterField.SourceV4, s_members.Name), FilterVerdict.Accept)]));
        Settle();
        Assert.Equal("counter drop", Text(Name("later")));

        // Another member may make the difference.
        _kernel.Refuses = null;
        _tables.SetElement(s_members, NftValue.Native(2u));
        Settle();
        Assert.Equal(2, _kernel.Tables.Elements(s_members).Count);
        Assert.Equal(("ip saddr != @members accept", "ip saddr @members accept"), (Text(Name("asks")), Text(Name("later"))));
        Assert.Empty(_tables.Refused);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ElementOfPartialSet_IsLeftOutAlone(bool atOnce)
    {
        _tables.SetSet(new FilterSet(FilterFamily.Inet, s_members.Name, [FilterField.SourceV4], Partial: true));
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "base", new FilterBase(FilterHook.Prerouting, 0), [new FilterRule("in", new FilterLookup(FilterField.SourceV4, s_members.Name), FilterVerdict.Accept)]));
        if (!atOnce) Settle();
        _kernel.Refuses = change => change is AddElements c && c.Elements.Any(e => e.Key.From == NftValue.Native(2u));
        foreach (uint i in (uint[])[1, 2, 3]) _tables.SetElement(s_members, NftValue.Native(i));
        Settle();
        Assert.Equal([NftValue.Native(1u), NftValue.Native(3u)], _kernel.Tables.Elements(s_members).Select(e => e.From).Order(Comparer<NftValue>.Create((a, b) => a.Span.SequenceCompareTo(b.Span))));
        Assert.Equal("left out", Assert.Single(_tables.Refused).Instead);
        // Not wanted any more: forgotten.
        _tables.SetElements(s_members, [NftValue.Native(1u)]);
        Settle();
        Assert.Empty(_tables.Refused);
        Assert.Single(_kernel.Tables.Elements(s_members));
    }

    [Fact]
    public void TriedAgain_WithGrowingPauses_UntilItIsTaken()
    {
        Refuse("chain bad");
        _tables.SetChain(Chain(s_bad));
        Settle();
        TimeSpan first = _tables.NextTrial!.Value;
        Advance(first);
        Assert.Equal(first * 2, _tables.NextTrial);
        Assert.Equal("counter drop", Text(s_bad));
        Assert.Single(_tables.TakeRefused());
        _kernel.Refuses = null;
        Advance(first);
        Assert.Equal("counter drop", Text(s_bad));
        Advance(first);
        Assert.Equal("accept", Text(s_bad));
        Assert.Null(_tables.NextTrial);
        Assert.Empty(_tables.Refused);
    }

    [Fact]
    public void DefinedAnew_IsTriedAtOnce()
    {
        Refuse("chain bad");
        _tables.SetChain(Chain(s_bad));
        Settle();
        _kernel.Refuses = null;
        _tables.SetChain(Chain(s_bad));
        Settle();
        Assert.Equal("counter drop", Text(s_bad));
        _tables.SetChain(new FilterChain(FilterFamily.Inet, "bad", null, [s_accept, s_accept]));
        Settle();
        Assert.Equal("accept; accept", Text(s_bad));
    }

    /// <summary>One refusal may be our error about what is there; memory that is short is nobody's fault.</summary>
    [Theory]
    [InlineData(Errno.EINVAL, 1)]
    [InlineData(Errno.ENOMEM, 7)]
    public void WhatPasses_SetsNothingAside(Errno error, int times)
    {
        int left = times;
        _kernel.Refuses = change => change is AddRule { Chain: "bad" } && left-- > 0;
        _kernel.RefusedWith = error;
        _tables.SetChain(Chain(s_bad));
        Settle();
        Assert.Equal("accept", Text(s_bad));
        Assert.Empty(_tables.TakeRefused());
    }

    [Fact]
    public void NotWantedAnyMore_IsForgotten()
    {
        Refuse("chain bad");
        _tables.SetChain(Chain(s_bad));
        Settle();
        _tables.RemoveChain(s_bad);
        Settle();
        Assert.Empty(_tables.Refused);
        Assert.DoesNotContain(s_bad, _kernel.Tables.Chains);
    }

    private void Refuse(string what) => _kernel.Refuses = change => $"{(change is AddSet or AddElements ? "set" : "chain")} {change switch
    {
        AddRule { Rule.Text: not "counter drop" } c => c.Chain,
        AddChain { Base: not null } c => c.Name,
        AddSet c => c.Set.Name,
        AddElements c => c.Set.Name,
        _ => "",
    }}" == what;

    private void Advance(TimeSpan time)
    {
        _time.Advance(time);
        _tables.TryAgain();
        Settle();
    }

    private void Settle() => Assert.True(TrySettle());

    private bool TrySettle()
    {
        for (int attempt = 0; attempt < 10 && !_tables.InSync; attempt++)
        {
            if (_tables.NeedsResync) Assert.True(_tables.Resync().Ok);
            while (!_tables.InSync && _tables.Apply(_tables.Plan()).Ok)
            {
            }
        }
        return _tables.InSync;
    }

    private string Text(FilterName chain) => string.Join("; ", _kernel.Tables.Rules(chain).Select(r => r.Text));
    private static FilterChain Chain(FilterName name) => new(name.Family, name.Name, null, [s_accept]);
    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
