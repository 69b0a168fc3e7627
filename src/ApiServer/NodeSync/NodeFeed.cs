using System.Text.Json;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.ApiServer.NodeSync;

/// <summary>
/// One delta in the chain that a node's streams follow. Written by the graph's loop; read by streams. Its line is made by the stream
/// that reads it first, so that the loop spends no time on it.
/// </summary>
internal sealed class FeedEntry(ViewDelta? delta, long revision)
{
    private readonly TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile FeedEntry? _next;
    private volatile bool _cut;
    private byte[]? _line;

    public long Revision { get; } = revision;
    public FeedEntry? Next => _next;
    public Task Followed => _followed.Task;

    /// <summary>What follows was dropped: a stream that stands here needs a snapshot.</summary>
    public bool IsCut => _cut;

    public ReadOnlyMemory<byte> Line => _line ??= ViewLine.Encode(delta!);

    public void Append(FeedEntry next)
    {
        _next = next;
        _followed.TrySetResult();
    }

    public void Cut()
    {
        _cut = true;
        _next = null;
        // Who waits at the newest entry must see it too.
        _followed.TrySetResult();
    }
}

/// <summary>
/// The recent deltas of one node. Bounded: what a slow stream has not read when it is dropped, the stream gets as a snapshot. Belongs to
/// the graph's loop.
/// </summary>
internal sealed class NodeFeed(long revision)
{
    /// <summary>Deltas kept for streams that lag or come back; parts of them are shared with the graph.</summary>
    public const int MaxEntries = 512;

    private FeedEntry _oldest = new(null, revision);
    private FeedEntry? _newest;
    private int _count;

    public FeedEntry Newest => _newest ?? _oldest;

    /// <summary>Streams that follow it now.</summary>
    public int Streams { get; set; }

    /// <summary>When the last stream left (a timestamp of the time provider).</summary>
    public long IdleSince { get; set; }

    public void Add(ViewDelta delta)
    {
        FeedEntry entry = new(delta, delta.Revision);
        Newest.Append(entry);
        _newest = entry;
        if (++_count <= MaxEntries) return;
        FeedEntry dropped = _oldest;
        _oldest = dropped.Next!;
        dropped.Cut();
        _count--;
    }

    /// <summary>Drops everything: every stream gets a snapshot.</summary>
    public void Restart(long revision)
    {
        for (FeedEntry? at = _oldest; at is not null;)
        {
            FeedEntry? next = at.Next;
            at.Cut();
            at = next;
        }
        (_oldest, _newest, _count) = (new FeedEntry(null, revision), null, 0);
    }

    /// <summary>The entry after which a view of <paramref name="revision"/> goes on; null when some of what follows is dropped.</summary>
    public FeedEntry? Find(long revision)
    {
        if (revision < _oldest.Revision) return null;
        FeedEntry at = _oldest;
        while (at.Next is { } next && next.Revision <= revision) at = next;
        return at;
    }
}

/// <summary>One line of a stream: JSON and a newline.</summary>
internal static class ViewLine
{
    public static byte[] Encode(ViewDelta delta)
    {
        using MemoryStream stream = new(512);
        JsonSerializer.Serialize(stream, delta, ApiJsonContext.Default.ViewDelta);
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
