namespace Margay.Store.State;

/// <summary>
/// One commit in the chain that is the history. Written by the store's writer only; read by any watch. The chain is held by the
/// history's oldest commit and by the watches that stand in it.
/// </summary>
internal sealed class Commit(long revision, StoreEvent[] events)
{
    private readonly TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile StoreEvent[]? _events = events;
    private volatile Commit? _next;
    private volatile bool _cut;

    /// <summary>Of its last event.</summary>
    public long Revision { get; } = revision;

    /// <summary>Null once compacted.</summary>
    public StoreEvent[]? Events => _events;

    public Commit? Next => _next;

    /// <summary>Completes when there is a next commit.</summary>
    public Task Followed => _followed.Task;

    /// <summary>True when compaction took away what follows: a watch that stands here has missed events.</summary>
    public bool IsCut => _cut;

    public void Append(Commit next)
    {
        _next = next;
        _followed.SetResult();
    }

    /// <summary>Forgets the events; who stands here missed nothing yet.</summary>
    public void Forget() => _events = null;

    /// <summary>Forgets what follows too, so that a slow watch that stands here keeps nothing alive.</summary>
    public void Cut()
    {
        _cut = true;
        _events = null;
        _next = null;
    }
}
