using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

/// <summary>What each verb does, and what the kernel says when it refuses.</summary>
public class NfTablesVerbTests
{
    private static readonly NftTable Table = new(NftFamily.Inet, "t");
    private static readonly NftChain Chain = new(Table, "c");
    private static readonly NftSet Set = new(Table, "s", NftDataType.Ipv4Addr);

    private static NetlinkResult Commit(Sandbox s, Action<NfTablesBatch> build)
    {
        using NfTablesBatch batch = new();
        build(batch);
        return s.Nft.Commit(batch);
    }

    private static Sandbox WithTable()
    {
        Sandbox s = new();
        AddTable(s);
        return s;
    }

    private static void AddTable(Sandbox s) =>
        Commit(s, b =>
        {
            b.Add(Table);
            b.Add(Chain);
            b.Add(Set);
        }).ThrowIfFailed();

    [Fact]
    public void Add_Twice_IsFine_CreateTwice_Exists()
    {
        using Sandbox s = WithTable();
        Commit(s, b => b.Add(Table)).ThrowIfFailed();
        Commit(s, b => b.Add(Chain)).ThrowIfFailed();
        Commit(s, b => b.Add(Set)).ThrowIfFailed();
        Assert.True(Commit(s, b => b.Create(Table)).Exists);
        Assert.True(Commit(s, b => b.Create(Chain)).Exists);
        Assert.True(Commit(s, b => b.Create(Set)).Exists);
    }

    [Fact]
    public void Delete_WhatIsNotThere_IsNotFound_Destroy_IsFine()
    {
        using Sandbox s = WithTable();
        NftTable noTable = Table with { Name = "no" };
        NftChain noChain = Chain with { Name = "no" };
        NftSet noSet = Set with { Name = "no" };
        Assert.True(Commit(s, b => b.Delete(noTable)).IsNotFound);
        Assert.True(Commit(s, b => b.Delete(noChain)).IsNotFound);
        Assert.True(Commit(s, b => b.Delete(noSet)).IsNotFound);
        Assert.True(Commit(s, b => b.DeleteElements(Set, new NftElement(Ip(1)))).IsNotFound);
        Commit(s, b =>
        {
            b.Destroy(noTable);
            b.Destroy(noChain);
            b.Destroy(noSet);
            b.DestroyElements(Set, new NftElement(Ip(1)));
        }).ThrowIfFailed();
    }

    [Fact]
    public void FailedCommit_NamesTheOperation_AndChangesNothing()
    {
        using Sandbox s = WithTable();
        List<NetlinkResult> failures = [];
        using NfTablesBatch batch = new();
        batch.AddElements(Set, new NftElement(Ip(1)));
        batch.Add(new NftRule(Chain, NftImmediate.Jump("nosuch")));
        batch.AddElements(Set, new NftElement(Ip(2)));
        batch.Delete(Set with { Name = "missing" });
        NetlinkResult result = s.Nft.Commit(batch, failures: failures);
        Assert.Equal((Errno.ENOENT, 1), (result.Error, result.Index));
        Assert.StartsWith("add rule inet t c", result.Message, StringComparison.Ordinal);
        Assert.Equal([1, 3], failures.Select(f => f.Index));
        Assert.StartsWith("delete set inet t missing", failures[1].Message, StringComparison.Ordinal);
        Assert.Empty(s.Nft.ListElements(Set).Value);
    }

    [Fact]
    public void Echo_GivesHandles_ForReplaceAndDelete()
    {
        using Sandbox s = WithTable();
        List<NftRule> added = [];
        using NfTablesBatch batch = new();
        batch.Add(new NftRule(Chain, new NftCounter()) { Comment = "a" });
        batch.Add(new NftRule(Chain, NftImmediate.Accept) { Comment = "b" });
        batch.Insert(new NftRule(Chain, NftImmediate.Drop) { Comment = "first" });
        s.Nft.Commit(batch, echo: added).ThrowIfFailed();
        Assert.Equal(["a", "b", "first"], added.Select(r => r.Comment));
        Assert.All(added, r => Assert.NotEqual(0UL, r.Handle));
        Assert.Equal(["first", "a", "b"], Comments(s));

        Commit(s, b =>
        {
            b.Replace(new NftRule(Chain, NftImmediate.Return) { Comment = "a2", Handle = added[0].Handle });
            b.Delete(added[1]);
            b.Add(new NftRule(Chain, NftImmediate.Return) { Comment = "after first", Position = added[2].Handle });
            b.Insert(new NftRule(Chain, NftImmediate.Return) { Comment = "before first", Position = added[2].Handle });
        }).ThrowIfFailed();
        Assert.Equal(["before first", "first", "after first", "a2"], Comments(s));
        Assert.True(Commit(s, b => b.Delete(added[1])).IsNotFound);
        Assert.Throws<ArgumentException>(() => Commit(s, b => b.Delete(new NftRule(Chain))));
    }

    [Fact]
    public void Flush_EmptiesChainSetTableAndRuleset()
    {
        using Sandbox s = WithTable();
        void Fill() => Commit(s, b =>
        {
            b.Add(new NftRule(Chain, new NftCounter()));
            b.AddElements(Set, new NftElement(Ip(1)));
        }).ThrowIfFailed();
        Fill();
        Commit(s, b => b.Flush(Chain)).ThrowIfFailed();
        Commit(s, b => b.Flush(Set)).ThrowIfFailed();
        Assert.Empty(s.Nft.ListRules(Table).Value);
        Assert.Empty(s.Nft.ListElements(Set).Value);
        Fill();
        Commit(s, b => b.Flush(Table)).ThrowIfFailed();
        Assert.Empty(s.Nft.ListRules(Chain).Value);
        Assert.Single(s.Nft.ListChains(Table).Value);
        Commit(s, b => b.FlushRuleset()).ThrowIfFailed();
        Assert.Empty(s.Nft.ListTables().Value);
    }

    [Fact]
    public async Task Elements_MoreThanOneMessageHolds_AreAllThere()
    {
        using Sandbox s = WithTable();
        NftElement[] elements = [.. Enumerable.Range(0, 20_000).Select(i => new NftElement(Ip((uint)i)))];
        Commit(s, b => b.AddElements(Set, elements)).ThrowIfFailed();
        // The kernel makes room for so many in the background, and a list meanwhile may miss some or show them twice.
        await Eventually.Async(() => Task.FromResult(s.Nft.ListElements(Set).Value.Select(e => e.Key).Distinct().Count() == 20_000), TimeSpan.FromSeconds(20));
        NetlinkResult twice = Commit(s, b =>
        {
            b.Add(Table);
            b.CreateElements(Set, elements);
            b.Add(Table);
        });
        Assert.Equal((Errno.EEXIST, 1), (twice.Error, twice.Index));
        Commit(s, b => b.DeleteElements(Set, elements.Take(19_999))).ThrowIfFailed();
        Assert.Single(s.Nft.ListElements(Set).Value);
    }

    [Fact]
    public void BatchIsReused_AfterACommit_AndAfterAClear()
    {
        using Sandbox s = WithTable();
        using NfTablesBatch batch = new();
        batch.AddElements(Set, new NftElement(Ip(1)));
        s.Nft.Commit(batch).ThrowIfFailed();
        batch.AddElements(Set, new NftElement(Ip(2)));
        s.Nft.Commit(batch).ThrowIfFailed();
        Assert.Equal(2, s.Nft.ListElements(Set).Value.Count);
        batch.Clear();
        Assert.True(s.Nft.Commit(batch).Ok);
        batch.Flush(Set);
        s.Nft.Commit(batch).ThrowIfFailed();
        Assert.Empty(s.Nft.ListElements(Set).Value);
    }

    [Fact]
    public void ExpectedGeneration_ThatHasPassed_IsRefused()
    {
        using Sandbox s = WithTable();
        uint generation = s.Nft.GetGeneration().Value.Id;
        using NfTablesBatch batch = new();
        batch.AddElements(Set, new NftElement(Ip(1)));
        s.Nft.Commit(batch, generation).ThrowIfFailed();
        Assert.Equal(Errno.ERESTART, s.Nft.Commit(batch, generation).Error);
        s.Nft.Commit(batch, s.Nft.GetGeneration().Value.Id).ThrowIfFailed();
    }

    [Fact]
    public void OwnedTable_IsOutOfReachForOthers_AndGoesWithItsSocket()
    {
        using Sandbox s = new();
        NftTable owned = new(NftFamily.Inet, "owned") { Flags = NftTableFlags.Owner };
        using (NfTablesSocket owner = NfTablesSocket.OpenIn(s.Namespace))
        {
            using NfTablesBatch batch = new();
            batch.Add(owned);
            owner.Commit(batch).ThrowIfFailed();
            Assert.NotEqual(0u, Assert.Single(s.Nft.ListTables().Value).Owner);
            Assert.True(Commit(s, b => b.Delete(owned)).IsNotPermitted);
        }
        Assert.Empty(s.Nft.ListTables().Value);
    }

    [Fact]
    public void Counter_IsReadAndReset()
    {
        using Sandbox s = WithTable();
        Commit(s, b => b.Add(new NftCounterObject(Table, "k") { Value = new NftCounterValue(7, 700) })).ThrowIfFailed();
        Assert.Equal(new NftCounterValue(7, 700), Assert.Single(s.Nft.ListCounters(Table, reset: true).Value).Value);
        Assert.Equal(default, Assert.Single(s.Nft.ListCounters(Table).Value).Value);
        Commit(s, b => b.Delete(new NftCounterObject(Table, "k"))).ThrowIfFailed();
    }

    [Fact]
    public void Monitor_ReportsChangeThenCommit_WithWhoMadeIt()
    {
        using Sandbox s = WithTable();
        using NfTablesMonitor monitor = NfTablesMonitor.OpenIn(s.Namespace);
        s.NftScript("add element inet t s { 10.0.0.1 }\nadd rule inet t c counter\n");
        List<NftEvent> events = [];
        do events.Add(monitor.Read(TestContext.Current.CancellationToken));
        while (events[^1] is not NftCommitEvent);
        NftElementsEvent elements = Assert.IsType<NftElementsEvent>(events[0]);
        Assert.Equal(("t", "s", false), (elements.Table, elements.Set, elements.Removed));
        Assert.IsType<NftRuleEvent>(events[1]);
        Assert.NotEqual(s.Nft.PortId, ((NftCommitEvent)events[^1]).Sender);
        NftGeneration theirs = ((NftCommitEvent)events[^1]).Generation;
        Assert.Equal("nft", theirs.ProcessName);
        Assert.Equal(s.Nft.GetGeneration().Value.Id, theirs.Id);

        Commit(s, b => b.Delete(Set)).ThrowIfFailed();
        events.Clear();
        do events.Add(monitor.Read(TestContext.Current.CancellationToken));
        while (events[^1] is not NftCommitEvent);
        Assert.Contains(events, e => e is NftSetEvent { Removed: true, Value.Name: "s" });
        NftCommitEvent ours = (NftCommitEvent)events[^1];
        Assert.Equal(s.Nft.PortId, ours.Sender);
        Assert.True(Directory.Exists($"/proc/self/task/{ours.Generation.ThreadId}"));
    }

    [Fact]
    public void IntervalElements_InAnyOrder_FoldBackAsAdded()
    {
        using Sandbox s = WithTable();
        NftSet nets = new(Table, "nets", NftDataType.Ipv4Addr) { Interval = true };
        NftElement[] elements = [.. new[] { "10.1.0.0/16", "0.0.0.0/8", "10.0.0.0/16", "255.255.255.255/32", "192.0.2.7/32", "10.2.0.0/16" }
            .Select(p => NftElement.Prefix(IpPrefix.Parse(p)))];
        Commit(s, b =>
        {
            b.Add(nets);
            foreach (NftElement element in elements) b.AddElements(nets, element);
        }).ThrowIfFailed();
        Assert.Equal(elements.OrderBy(e => e.Key), s.Nft.ListElements(nets).Value);
        Commit(s, b => b.DeleteElements(nets, elements.Where((_, i) => i % 2 == 0))).ThrowIfFailed();
        Assert.Equal(elements.Where((_, i) => i % 2 == 1).OrderBy(e => e.Key), s.Nft.ListElements(nets).Value);
    }

    private static IEnumerable<string?> Comments(Sandbox s) => s.Nft.ListRules(Chain).Value.Select(r => r.Comment);

    private static NftValue Ip(uint n) => NftValue.From(InetAddress.FromIPv4(0x0a000000 + n));
}
