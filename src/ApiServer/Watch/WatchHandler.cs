using System.Globalization;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.ApiServer.Rest.Tables;
using Margay.Store;

namespace Margay.ApiServer.Watch;

/// <summary>
/// Watches: a cursor into the store's history per client, so that a client that reads slowly holds no memory. When compaction overtakes
/// it, it is told 410 and lists again. Ends cleanly (with a bookmark, where asked for) at its timeout and when the server stops.
/// </summary>
internal sealed class WatchHandler(ObjectRegistry registry, WatchCounter counter, TimeProvider time, CancellationToken stopping)
{
    /// <summary>How often a client that allows bookmarks learns the current revision, so that it can resume after a long silence.</summary>
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a large state that wait in memory for a client, at most.</summary>
    private const long MaxUnflushed = 256 * 1024;

    public async Task<Status?> HandleAsync(HttpContext http, RequestTarget target, ListOptions options)
    {
        IStore store = registry.Store;
        StoreSnapshot state = store.Current;
        long asked = options.ResourceVersion ?? 0;
        // In a store of one's own a revision that is not there yet belonged to another life of the data: waiting for it would hide events.
        if (asked > state.Revision) return Statuses.FromTheFuture(asked, state.Revision);
        if (asked != 0 && asked < store.CompactedRevision) return Statuses.Expired(asked, store.CompactedRevision);
        bool withState = asked == 0 || options.SendInitialEvents;
        string prefix = ObjectKeys.Prefix(target.Kind, target.Namespace);
        StoreWatch watch = store.Watch(prefix, withState ? state.Revision : asked);

        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        using CancellationTokenSource timeout = new(options.Timeout ?? System.Threading.Timeout.InfiniteTimeSpan, time);
        using CancellationTokenRegistration link = timeout.Token.Register(end.Cancel);
        using IDisposable counted = counter.Enter();
        http.Response.ContentType = Replies.Json;
        WatchWriter writer = new(http.Response.BodyWriter, target.Kind, TableRequest.Read(http.Request), time);
        try
        {
            if (withState) await WriteStateAsync(writer, state, prefix, options, end.Token).ConfigureAwait(false);
            await writer.FlushAsync(end.Token).ConfigureAwait(false);
            await FollowAsync(writer, watch, target.Kind, options, end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client left, its time is up, or the server stops.
        }
        if (http.RequestAborted.IsCancellationRequested) return null;
        if (options.AllowBookmarks) writer.Bookmark(watch.Revision);
        await writer.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        return null;
    }

    private static async Task WriteStateAsync(WatchWriter writer, StoreSnapshot state, string prefix, ListOptions options, CancellationToken end)
    {
        foreach (StoredValue value in state.List(prefix))
        {
            StoredObject known = StoredObject.Of(writer.Kind, value);
            if (!options.Filter.Matches(known.Resource)) continue;
            writer.Event("ADDED", known);
            if (writer.Unflushed > MaxUnflushed) await writer.FlushAsync(end).ConfigureAwait(false);
        }
        if (options.SendInitialEvents && options.AllowBookmarks) writer.Bookmark(state.Revision, endsInitialEvents: true);
    }

    private async Task FollowAsync(WatchWriter writer, StoreWatch watch, ResourceKind kind, ListOptions options, CancellationToken end)
    {
        Task<WatchStep>? next = null;
        while (true)
        {
            next ??= watch.NextAsync(end).AsTask();
            if (!next.IsCompleted && options.AllowBookmarks && !await FinishedAsync(next, end).ConfigureAwait(false))
            {
                writer.Bookmark(watch.Revision);
                await writer.FlushAsync(end).ConfigureAwait(false);
                continue;
            }
            WatchStep step = await next.ConfigureAwait(false);
            next = null;
            if (step.IsCompacted)
            {
                writer.Error(Statuses.Expired(watch.Revision, registry.Store.CompactedRevision));
                return;
            }
            foreach (StoreEvent change in step.Events)
            {
                Write(writer, kind, change, options.Filter);
                if (writer.Unflushed > MaxUnflushed) await writer.FlushAsync(end).ConfigureAwait(false);
            }
            await writer.FlushAsync(end).ConfigureAwait(false);
        }
    }

    private async Task<bool> FinishedAsync(Task next, CancellationToken end)
    {
        using CancellationTokenSource waited = CancellationTokenSource.CreateLinkedTokenSource(end);
        Task first = await Task.WhenAny(next, Task.Delay(BookmarkInterval, time, waited.Token)).ConfigureAwait(false);
        await waited.CancelAsync().ConfigureAwait(false);
        if (first == next) return true;
        // The end of the watch ends the wait too, and has a bookmark of its own.
        end.ThrowIfCancellationRequested();
        return false;
    }

    // What enters the filter is added for this client, what leaves it is deleted.
    private static void Write(WatchWriter writer, ResourceKind kind, StoreEvent change, ObjectFilter filter)
    {
        StoredObject? now = change.Value is null ? null : StoredObject.Of(kind, change.Value);
        bool matches = now is not null && filter.Matches(now.Resource);
        bool matched = change.Previous is not null && filter.Matches(StoredObject.Of(kind, change.Previous).Resource);
        if (matches) writer.Event(matched ? "MODIFIED" : "ADDED", now!);
        else if (matched) writer.Event("DELETED", StoredObject.OfDeleted(kind, change));
    }

    internal static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);
}
