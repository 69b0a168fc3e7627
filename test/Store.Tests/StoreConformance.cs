using System.Text;

namespace Margay.Store.Tests;

/// <summary>
/// What every store must do. An implementation derives from this and opens its own; what only one can do is tested beside it.
/// </summary>
public abstract class StoreConformance : IAsyncLifetime
{
    protected IStore Store { get; private set; } = null!;

    protected abstract Task<IStore> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
    protected static string Text(StoredValue? value) => value is null ? "(none)" : Encoding.UTF8.GetString(value.Value.Span);

    protected Task<WriteResult> WriteAsync(params StoreWrite[] writes) => Store.WriteAsync(StoreTransaction.Of(writes));

    protected async Task<long> PutAsync(string key, string value)
    {
        WriteResult result = await WriteAsync(new StoreWrite(key, Bytes(value), Store.Current.Get(key)?.ModRevision ?? 0));
        Assert.True(result.IsWritten, result.ToString());
        return result.Revision;
    }

    protected async Task<long> DeleteAsync(string key)
    {
        WriteResult result = await WriteAsync(StoreWrite.Delete(key, Store.Current.Get(key)!.ModRevision));
        Assert.True(result.IsWritten, result.ToString());
        return result.Revision;
    }

    [Fact]
    public async Task Create_NewKey_IsReadAtItsRevision()
    {
        WriteResult result = await WriteAsync(StoreWrite.Create("a", Bytes("1")));
        StoredValue value = Store.Current.Get("a")!;
        Assert.Equal((WriteOutcome.Written, result.Revision, result.Revision, "1"), (result.Outcome, value.CreateRevision, value.ModRevision, Text(value)));
        Assert.Equal(result.Revision, Store.Current.Revision);
    }

    [Fact]
    public async Task Create_ExistingKey_ConflictsAndShowsWhatIsThere()
    {
        await PutAsync("a", "1");
        long before = Store.Current.Revision;
        WriteResult result = await WriteAsync(StoreWrite.Create("a", Bytes("2")));
        Assert.Equal((WriteOutcome.Conflict, "a", "1"), (result.Outcome, result.Key, Text(result.Current)));
        Assert.Equal(before, Store.Current.Revision);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Update_OtherRevision_Conflicts(int offset)
    {
        long revision = await PutAsync("a", "1");
        WriteResult update = await WriteAsync(StoreWrite.Update("a", Bytes("2"), revision + offset));
        WriteResult delete = await WriteAsync(StoreWrite.Delete("a", revision + offset));
        Assert.Equal((WriteOutcome.Conflict, WriteOutcome.Conflict, "1"), (update.Outcome, delete.Outcome, Text(Store.Current.Get("a"))));
    }

    [Fact]
    public async Task UpdateAndDelete_MissingKey_Conflict()
    {
        Assert.Equal(WriteOutcome.Conflict, (await WriteAsync(StoreWrite.Update("a", Bytes("2"), 7))).Outcome);
        Assert.Equal(WriteOutcome.Conflict, (await WriteAsync(StoreWrite.Delete("a", 7))).Outcome);
        Assert.Equal(WriteOutcome.Conflict, (await WriteAsync(StoreWrite.Delete("a", 0))).Outcome);
    }

    [Fact]
    public async Task Update_KeepsCreateRevision_RecreateDoesNot()
    {
        long created = await PutAsync("a", "1");
        await PutAsync("a", "2");
        Assert.Equal(created, Store.Current.Get("a")!.CreateRevision);
        await DeleteAsync("a");
        long again = await PutAsync("a", "3");
        Assert.Equal(again, Store.Current.Get("a")!.CreateRevision);
    }

    [Fact]
    public async Task Transaction_OneConflict_ChangesNothing()
    {
        await PutAsync("b", "1");
        WriteResult result = await WriteAsync(StoreWrite.Create("a", Bytes("x")), StoreWrite.Create("b", Bytes("x")), StoreWrite.Create("c", Bytes("x")));
        Assert.Equal((WriteOutcome.Conflict, "b"), (result.Outcome, result.Key));
        Assert.Null(Store.Current.Get("a"));
        Assert.Null(Store.Current.Get("c"));
    }

    [Fact]
    public async Task Transaction_ManyKeys_HaveOneRevision()
    {
        await PutAsync("old", "1");
        WriteResult result = await WriteAsync(StoreWrite.Create("a", Bytes("x")), StoreWrite.Create("b", Bytes("y")), StoreWrite.Delete("old", Store.Current.Revision));
        Assert.Equal((result.Revision, result.Revision), (Store.Current.Get("a")!.ModRevision, Store.Current.Get("b")!.ModRevision));
        Assert.Null(Store.Current.Get("old"));
    }

    [Fact]
    public async Task Transaction_SameKeyTwiceOrEmpty_IsRefused()
    {
        Assert.Equal(WriteOutcome.Unavailable, (await WriteAsync(StoreWrite.Create("a", Bytes("1")), StoreWrite.Create("a", Bytes("2")))).Outcome);
        Assert.Equal(WriteOutcome.Unavailable, (await WriteAsync()).Outcome);
        Assert.Equal("1", Text(Store.Current.Get("a") ?? new StoredValue("a", Bytes("1"), 0, 0)));
    }

    [Fact]
    public async Task Guard_Exists_HoldsOnlyWithTheKey()
    {
        StoreTransaction guarded = StoreTransaction.Of(StoreWrite.Create("child", Bytes("1"))) with { Guards = [StoreGuard.Exists("parent")] };
        WriteResult without = await Store.WriteAsync(guarded);
        Assert.Equal((WriteOutcome.GuardFailed, "parent"), (without.Outcome, without.Key));
        await PutAsync("parent", "1");
        Assert.True((await Store.WriteAsync(guarded)).IsWritten);
    }

    [Fact]
    public async Task Guard_Unchanged_FailsAfterAnAdditionUnderThePrefixOnly()
    {
        await PutAsync("pools/a", "1");
        long seen = Store.Current.Revision;
        await PutAsync("other", "1");
        StoreTransaction Guarded(string key) => StoreTransaction.Of(StoreWrite.Create(key, Bytes("1"))) with { Guards = [StoreGuard.Unchanged("pools/", seen)] };
        Assert.True((await Store.WriteAsync(Guarded("pools/b"))).IsWritten);
        Assert.Equal(WriteOutcome.GuardFailed, (await Store.WriteAsync(Guarded("pools/c"))).Outcome);
    }

    [Fact]
    public async Task List_Prefix_IsOrderedAndExact()
    {
        foreach (string key in (string[])["p/b", "p/a", "p0", "p", "p/a/x", "q/a"]) await PutAsync(key, key);
        Assert.Equal(["p/a", "p/a/x", "p/b"], Store.Current.List("p/").Select(v => v.Key));
        Assert.Equal(["p/a/x", "p/b"], Store.Current.List("p/", "p/a").Select(v => v.Key));
        Assert.Equal((3, 1), (Store.Current.CountOf("p/"), Store.Current.CountOf("p/", "p/a/x")));
    }

    [Fact]
    public async Task Snapshot_IsNotChangedByLaterWrites()
    {
        await PutAsync("a", "1");
        StoreSnapshot before = Store.Current;
        await PutAsync("a", "2");
        await PutAsync("b", "1");
        Assert.Equal(("1", 1), (Text(before.Get("a")), before.Count));
    }

    [Fact]
    public async Task At_PastRevision_GivesThatState()
    {
        long first = await PutAsync("a", "1");
        long second = await PutAsync("b", "1");
        await PutAsync("a", "2");
        await DeleteAsync("b");
        Assert.Equal(["a=1"], Store.At(first)!.List("").Select(v => $"{v.Key}={Text(v)}"));
        Assert.Equal(["a=1", "b=1"], Store.At(second)!.List("").Select(v => $"{v.Key}={Text(v)}"));
        Assert.Null(Store.At(Store.Current.Revision + 1));
    }

    [Fact]
    public async Task Watch_FromPast_YieldsEveryChangeInOrder()
    {
        long start = Store.Current.Revision;
        await PutAsync("w/a", "1");
        await PutAsync("other", "1");
        await PutAsync("w/a", "2");
        await DeleteAsync("w/a");
        StoreWatch watch = Store.Watch("w/", start);
        List<StoreEvent> events = [];
        while (watch.TryNext(out WatchStep step)) events.AddRange(step.Events);
        Assert.Equal([StoreEventType.Created, StoreEventType.Updated, StoreEventType.Deleted], events.Select(e => e.Type));
        Assert.Equal(["(none)", "1", "2"], events.Select(e => Text(e.Previous)));
        Assert.Equal(["1", "2", "(none)"], events.Select(e => Text(e.Value)));
    }

    [Fact]
    public async Task Watch_FromNow_WaitsForTheNextChange()
    {
        StoreWatch watch = Store.Watch("w/", Store.Current.Revision);
        Task<WatchStep> next = watch.NextAsync(TestContext.Current.CancellationToken).AsTask();
        await PutAsync("other", "1");
        Assert.False(next.IsCompleted);
        long revision = await PutAsync("w/a", "1");
        WatchStep step = await next;
        Assert.Equal((revision, "w/a"), (step.Revision, Assert.Single(step.Events).Key));
    }

    [Fact]
    public async Task WatchRevision_CountsAStepOnlyWhenMoreIsAskedFor()
    {
        long start = Store.Current.Revision;
        StoreWatch watch = Store.Watch("w/", start);
        await PutAsync("other", "1");
        long mine = await PutAsync("w/a", "1");
        Assert.True(watch.TryNext(out _));
        // A bookmark at the event's own revision, before the event is told, would have a client that resumes miss it.
        Assert.Equal(mine - 1, watch.Revision);
        Assert.False(watch.TryNext(out _));
        Assert.Equal(mine, watch.Revision);
    }

    [Fact]
    public async Task Watch_Cancelled_Throws()
    {
        using CancellationTokenSource cancel = new();
        Task<WatchStep> next = Store.Watch("", Store.Current.Revision).NextAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Watch_BeforeCompaction_SaysSo_AtItDoesNot()
    {
        await PutAsync("a", "1");
        long kept = await PutAsync("a", "2");
        StoreWatch overtaken = Store.Watch("", kept - 1);
        await PutAsync("a", "3");
        await Store.CompactAsync(kept, TestContext.Current.CancellationToken);
        Assert.Equal(kept, Store.CompactedRevision);
        Assert.True(overtaken.TryNext(out WatchStep gone) && gone.IsCompacted);
        Assert.True(Store.Watch("", kept - 1).TryNext(out gone) && gone.IsCompacted);
        Assert.True(Store.Watch("", kept).TryNext(out WatchStep step) && !step.IsCompacted);
        Assert.Equal("3", Text(step.Events.Single().Value));
        Assert.Null(Store.At(kept - 1));
        Assert.Equal("2", Text(Store.At(kept)!.Get("a")));
    }

    [Fact]
    public async Task Watch_FutureRevision_IsCompacted()
    {
        await PutAsync("a", "1");
        Assert.True(Store.Watch("", Store.Current.Revision + 5).TryNext(out WatchStep step) && step.IsCompacted);
    }

    [Fact]
    public async Task Compact_BeyondNow_KeepsTheState()
    {
        await PutAsync("a", "1");
        await Store.CompactAsync(long.MaxValue, TestContext.Current.CancellationToken);
        Assert.Equal((Store.Current.Revision, "1"), (Store.CompactedRevision, Text(Store.Current.Get("a"))));
        await PutAsync("a", "2");
        Assert.Equal("2", Text(Store.Current.Get("a")));
    }

    [Fact]
    public async Task Writers_RacingForOneKey_ExactlyOneWins()
    {
        WriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => WriteAsync(StoreWrite.Create("one", Bytes($"{i}")))));
        WriteResult winner = Assert.Single(results, r => r.IsWritten);
        Assert.Equal(49, results.Count(r => r.Outcome == WriteOutcome.Conflict));
        Assert.Equal(winner.Revision, Store.Current.Get("one")!.ModRevision);
    }

    [Fact]
    public async Task Writers_Concurrent_EveryWatchSeesEveryWriteOnce()
    {
        long start = Store.Current.Revision;
        using CancellationTokenSource cancel = new(TimeSpan.FromSeconds(30), TimeProvider.System);
        Task<List<long>>[] watchers = [.. Enumerable.Range(0, 20).Select(_ => Task.Run(() => ReadAsync(Store.Watch("k/", start), 400, cancel.Token)))];
        await Task.WhenAll(Enumerable.Range(0, 20).Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < 20; i++) Assert.True((await WriteAsync(StoreWrite.Create($"k/{w}/{i}", Bytes("x")))).IsWritten);
        })));
        foreach (Task<List<long>> watcher in watchers) Assert.Equal(Enumerable.Range(1, 400).Select(i => start + i), await watcher);
    }

    private static async Task<List<long>> ReadAsync(StoreWatch watch, int count, CancellationToken cancel)
    {
        List<long> revisions = [];
        while (revisions.Count < count) revisions.AddRange((await watch.NextAsync(cancel)).Events.Select(e => e.Revision));
        return revisions;
    }
}
