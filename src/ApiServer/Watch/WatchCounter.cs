namespace Margay.ApiServer.Watch;

/// <summary>How many watches are open.</summary>
internal sealed class WatchCounter
{
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts one until it is disposed.</summary>
    public IDisposable Enter()
    {
        Interlocked.Increment(ref _open);
        return new Entry(this);
    }

    private sealed class Entry(WatchCounter counter) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref counter._open);
    }
}
