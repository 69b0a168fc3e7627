using System.Threading.Channels;
using Margay.Core.Loops;
using Margay.Store.State;
using Microsoft.Data.Sqlite;

namespace Margay.Store.Sqlite;

/// <summary>
/// The store in one SQLite file. The whole state is in memory; the file is a log that is read once, at start. One loop writes: it stages
/// the transactions that are queued, commits them together with one sync, publishes, and then answers. A refusal waits for the
/// commit too, because it may rest on a write of the same burst.
/// </summary>
public sealed class SqliteStore : IStore
{
    private readonly record struct Request(StoreTransaction? Transaction, long CompactTo, TaskCompletionSource<WriteResult> Done);

    private readonly SqliteOptions _options;
    private readonly DirectoryLock _lock;
    private readonly LogFile _file;
    private readonly EventLoop<Request> _loop;
    private readonly PendingState _pending;
    private readonly List<(TaskCompletionSource<WriteResult> Done, WriteResult Result)> _answers = [];
    private long _compactTo;
    private int _historyEvents;
    private volatile Published _published;
    private volatile string? _fault;

    private SqliteStore(SqliteOptions options, DirectoryLock directoryLock, LogFile file, Published published)
    {
        _options = options;
        _lock = directoryLock;
        _file = file;
        _published = published;
        _pending = new PendingState(published.Snapshot);
        Id = file.Id;
        for (Commit? at = published.Oldest.Next; at is not null; at = at.Next) _historyEvents += at.Events!.Length;
        _loop = new EventLoop<Request>(Handle, OnBug, Commit);
        _loop.Start();
    }

    /// <summary>Opens or creates the store. Throws <see cref="StoreOpenException"/> when the directory is in use or the file is damaged.</summary>
    public static SqliteStore Open(SqliteOptions options)
    {
        try
        {
            Directory.CreateDirectory(options.DataDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"cannot make the data directory {options.DataDirectory}: {e.Message}", e);
        }
        DirectoryLock directoryLock = DirectoryLock.Take(options.DataDirectory);
        LogFile? file = null;
        try
        {
            file = new LogFile(options.DatabasePath);
            return new SqliteStore(options, directoryLock, file, LogLoader.Load(file, options.DatabasePath));
        }
        catch (Exception e)
        {
            file?.Dispose();
            directoryLock.Dispose();
            // What SQLite finds only while reading rows is damage too.
            if (e is SqliteException) throw LogFile.Damaged(options.DatabasePath, e.Message, e);
            throw;
        }
    }

    public string Id { get; }
    public StoreSnapshot Current => _published.Snapshot;
    public long CompactedRevision => _published.Compacted;
    public string? Fault => _fault;

    public StoreSnapshot? At(long revision) => _published.At(revision);

    public StoreWatch Watch(string prefix, long afterRevision) => new(prefix, afterRevision, _published.Find(afterRevision));

    public async Task<WriteResult> WriteAsync(StoreTransaction transaction, CancellationToken cancel = default) =>
        await PostAsync(new Request(transaction, 0, NewAnswer()), cancel).ConfigureAwait(false);

    public async Task CompactAsync(long revision, CancellationToken cancel = default) =>
        await PostAsync(new Request(null, revision, NewAnswer()), cancel).ConfigureAwait(false);

    private static TaskCompletionSource<WriteResult> NewAnswer() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<WriteResult> PostAsync(Request request, CancellationToken cancel)
    {
        try
        {
            await _loop.PostAsync(request, cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return new WriteResult(WriteOutcome.Unavailable) { Error = "the store is closed" };
        }
        return await request.Done.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private void Handle(Request request)
    {
        if (_fault is { } fault)
        {
            request.Done.SetResult(new WriteResult(WriteOutcome.Unavailable) { Error = fault });
            return;
        }
        if (request.Transaction is null) _compactTo = Math.Max(_compactTo, request.CompactTo);
        // Listed before it is staged: should staging throw, OnBug answers it with the others.
        _answers.Add((request.Done, new WriteResult(WriteOutcome.Written)));
        if (request.Transaction is not null) _answers[^1] = (request.Done, _pending.Stage(request.Transaction));
        if (_answers.Count >= _options.MaxBatch) Commit();
    }

    private void Commit()
    {
        if (_answers.Count == 0) return;
        Compaction compaction = Compaction.Plan(_published, _compactTo, _historyEvents + _pending.Events.Count, _options.HistoryEvents);
        string? failure = _pending.Events.Count > 0 || !compaction.IsEmpty ? Persist(compaction) : null;
        if (failure is null) Publish(compaction);
        else _pending.Reset(_published.Snapshot);
        _compactTo = 0;
        foreach ((TaskCompletionSource<WriteResult> done, WriteResult result) in _answers)
        {
            done.SetResult(failure is null ? result : new WriteResult(WriteOutcome.Unavailable) { Error = failure });
        }
        _answers.Clear();
    }

    /// <summary>Null once durable, else what went wrong.</summary>
    private string? Persist(Compaction compaction)
    {
        bool committing = false;
        try
        {
            _file.Begin();
            foreach (StoreEvent e in _pending.Events) _file.Insert(LogRow.Of(e));
            foreach (long row in compaction.Rows) _file.Delete(row);
            if (!compaction.IsEmpty) _file.SetCompacted(compaction.Revision);
            committing = true;
            _file.Commit();
            return null;
        }
        catch (SqliteException e)
        {
            bool undone = TryRollback();
            // 13 is SQLITE_FULL: undone cleanly, and may pass. After any other fault what the disk holds is known only by reading it again.
            if (e.SqliteErrorCode == 13 && undone) return $"the disk of {_options.DataDirectory} is full; nothing was written";
            return _fault = $"writing {_options.DatabasePath} failed ({e.Message}){(committing ? "; whether the last write is durable is unknown" : "")}; repair the disk and restart";
        }
    }

    private bool TryRollback()
    {
        try
        {
            _file.Rollback();
            return true;
        }
        catch (SqliteException)
        {
            // SQLite may have rolled back by itself, which makes this an error.
            return false;
        }
    }

    private void Publish(Compaction compaction)
    {
        Published old = _published;
        (StoreSnapshot snapshot, StoreEvent[] events) = _pending.Take();
        Commit newest = events.Length == 0 ? old.Newest : new Commit(snapshot.Revision, events);
        _historyEvents += events.Length - compaction.Events;
        _published = new Published(snapshot, compaction.Oldest, newest, compaction.Revision);
        // The order matters: who is woken finds the new snapshot, and who is answered finds the watchers woken.
        if (events.Length > 0) old.Newest.Append(newest);
        compaction.Forget(old.Oldest);
    }

    // A bug leaves the pending state unknown: refuse the burst and everything after it.
    private void OnBug(Exception bug)
    {
        _fault = $"internal error in the store: {bug.Message}; restart";
        foreach ((TaskCompletionSource<WriteResult> done, _) in _answers) done.TrySetResult(new WriteResult(WriteOutcome.Unavailable) { Error = _fault });
        _answers.Clear();
    }

    /// <summary>Commits what is queued, folds the log and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync().ConfigureAwait(false);
        try
        {
            if (_fault is null) _file.Checkpoint();
        }
        catch (SqliteException)
        {
            // The write-ahead log stays; the next start reads it.
        }
        _file.Dispose();
        _lock.Dispose();
    }
}
