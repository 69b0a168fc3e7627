using System.Text;
using Margay.Store.Sqlite;

namespace Margay.Store.Tests;

/// <summary>The SQLite store conforms.</summary>
public sealed class SqliteConformanceTests : StoreConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override Task<IStore> OpenAsync() => Task.FromResult<IStore>(SqliteStore.Open(new SqliteOptions { DataDirectory = _directory.Path }));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }
}

/// <summary>What concerns its file.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private SqliteStore Open(int history = 10_000) => SqliteStore.Open(new SqliteOptions { DataDirectory = _directory.Path, HistoryEvents = history });

    private static async Task PutAsync(SqliteStore store, string key, string value)
    {
        WriteResult result = await store.WriteAsync(StoreTransaction.Of(new StoreWrite(key, Encoding.UTF8.GetBytes(value), store.Current.Get(key)?.ModRevision ?? 0)));
        Assert.True(result.IsWritten, result.ToString());
    }

    private static string Dump(StoreSnapshot state) =>
        $"{state.Revision}: " + string.Join(" ", state.List("").Select(v => $"{v.Key}={Encoding.UTF8.GetString(v.Value.Span)}@{v.CreateRevision},{v.ModRevision}"));

    [Fact]
    public async Task Reopen_GivesTheSameStateHistoryAndId()
    {
        string dump, id, past;
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 20; i++) await PutAsync(store, $"k{i % 7}", $"v{i}");
            await store.WriteAsync(StoreTransaction.Of(StoreWrite.Delete("k3", store.Current.Get("k3")!.ModRevision)));
            (dump, id, past) = (Dump(store.Current), store.Id, Dump(store.At(5)!));
        }
        await using SqliteStore again = Open();
        Assert.Equal((dump, id, past), (Dump(again.Current), again.Id, Dump(again.At(5)!)));
        StoreWatch watch = again.Watch("", 18);
        List<long> revisions = [];
        while (watch.TryNext(out WatchStep step)) revisions.AddRange(step.Events.Select(e => e.Revision));
        Assert.Equal([19, 20, 21], revisions);
    }

    [Fact]
    public async Task Reopen_AfterCompaction_KeepsRevisionAndCompactedRevision()
    {
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 10; i++) await PutAsync(store, "a", $"{i}");
            await store.WriteAsync(StoreTransaction.Of(StoreWrite.Delete("a", 10)));
            await store.CompactAsync(11, TestContext.Current.CancellationToken);
        }
        await using SqliteStore again = Open();
        Assert.Equal((11, 11, 0), (again.Current.Revision, again.CompactedRevision, again.Current.Count));
        await PutAsync(again, "b", "1");
        Assert.Equal(12, again.Current.Revision);
    }

    [Fact]
    public async Task History_BeyondItsBound_IsCompactedAndFreedOnDisk()
    {
        await using (SqliteStore store = Open(history: 100))
        {
            for (int i = 0; i < 1000; i++) await PutAsync(store, $"k{i % 3}", $"v{i}");
            Assert.InRange(store.Current.Revision - store.CompactedRevision, 50, 120);
        }
        // The log holds the history and one row for each key, not all that ever was.
        await using Microsoft.Data.Sqlite.SqliteConnection connection = new($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand count = connection.CreateCommand();
        count.CommandText = "SELECT count(*) FROM log";
        Assert.InRange((long)count.ExecuteScalar()!, 50, 130);
    }

    [Fact]
    public async Task Open_SecondTime_IsRefusedNamingTheDirectory()
    {
        await using SqliteStore first = Open();
        StoreOpenException refusal = Assert.Throws<StoreOpenException>(() => Open());
        Assert.Contains(_directory.Path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", refusal.Message, StringComparison.Ordinal);
        await PutAsync(first, "a", "1");
    }

    [Fact]
    public async Task WriteAfterDispose_IsUnavailable()
    {
        SqliteStore store = Open();
        await store.DisposeAsync();
        WriteResult result = await store.WriteAsync(StoreTransaction.Of(StoreWrite.Create("a", [1])), TestContext.Current.CancellationToken);
        Assert.Equal(WriteOutcome.Unavailable, result.Outcome);
    }

    [Theory]
    [InlineData("not a database at all, but long enough to be taken for one ....................................................................................")]
    [InlineData("x")]
    public void Open_ForeignFile_IsRefusedAndLeftAlone(string content)
    {
        File.WriteAllText(_directory.Database, content);
        Assert.Throws<StoreOpenException>(() => Open());
        Assert.Equal(content, File.ReadAllText(_directory.Database));
    }

    [Fact]
    public void Open_DatabaseOfAnotherProgram_IsRefused()
    {
        using (Microsoft.Data.Sqlite.SqliteConnection connection = new($"Data Source={_directory.Database};Pooling=False"))
        {
            connection.Open();
            using Microsoft.Data.Sqlite.SqliteCommand create = connection.CreateCommand();
            create.CommandText = "CREATE TABLE theirs(x)";
            create.ExecuteNonQuery();
        }
        Assert.Contains("another program", Assert.Throws<StoreOpenException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AnyFlippedByteOfTheFile_IsRefusedOrHarmless()
    {
        string dump;
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 200; i++) await PutAsync(store, $"key-{i % 40}", new string((char)('a' + i % 26), 200));
            dump = Dump(store.Current);
        }
        byte[] whole = await File.ReadAllBytesAsync(_directory.Database, TestContext.Current.CancellationToken);
        Random random = new(1);
        int refused = 0;
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(_directory.Database, damaged, TestContext.Current.CancellationToken);
            try
            {
                await using SqliteStore store = Open();
                // Unused space may differ; what is read must not.
                Assert.Equal(dump, Dump(store.Current));
            }
            catch (StoreOpenException e)
            {
                refused++;
                Assert.Contains(_directory.Database, e.Message, StringComparison.Ordinal);
            }
        }
        Assert.InRange(refused, 20, 60);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.9)]
    public async Task Open_TruncatedFile_IsRefused(double share)
    {
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 200; i++) await PutAsync(store, $"key-{i}", new string('x', 300));
        }
        using (FileStream file = new(_directory.Database, FileMode.Open)) file.SetLength((long)(file.Length * share));
        Assert.Throws<StoreOpenException>(() => Open());
    }

    [Fact]
    public async Task Open_RowMissingInTheMiddle_IsRefused()
    {
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 10; i++) await PutAsync(store, "a", $"{i}");
        }
        using (Microsoft.Data.Sqlite.SqliteConnection connection = new($"Data Source={_directory.Database};Pooling=False"))
        {
            connection.Open();
            using Microsoft.Data.Sqlite.SqliteCommand delete = connection.CreateCommand();
            delete.CommandText = "DELETE FROM log WHERE id >> 16 = 5";
            Assert.Equal(1, delete.ExecuteNonQuery());
        }
        Assert.Contains("missing", Assert.Throws<StoreOpenException>(() => Open()).Message, StringComparison.Ordinal);
    }
}
