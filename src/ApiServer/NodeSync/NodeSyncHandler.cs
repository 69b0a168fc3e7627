using System.Globalization;
using System.IO.Pipelines;
using System.Threading.Channels;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.ApiServer.Rest;

namespace Margay.ApiServer.NodeSync;

/// <summary>
/// GET /nodesync/v1/nodes/NODE/view: one <see cref="ViewDelta"/> per line, a whole view first unless the agent can go on from the epoch and
/// revision that it names. A stream that is read too slowly is not queued for: it gets a whole view again when it is read.
/// </summary>
internal sealed class NodeSyncHandler(GraphLoop graph, BlockClaims claims, TimeProvider time, CancellationToken stopping)
{
    /// <summary>How often a quiet stream shows that it is alive.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    public const string Root = "/nodesync/v1/nodes/";

    public async Task HandleAsync(HttpContext http)
    {
        string path = http.Request.Path.Value!;
        string[] parts = path[Root.Length..].Split('/');
        Task<Status?> handled = (http.Request.Method, parts) switch
        {
            ("GET", [{ Length: > 0 } node, "view"]) => StreamAsync(http, node),
            ("POST", [{ Length: > 0 } node, "blocks"]) => claims.HandleAsync(http, node),
            (_, [_, "view" or "blocks"]) => Task.FromResult<Status?>(Statuses.MethodNotAllowed(http.Request.Method, path)),
            _ => Task.FromResult<Status?>(Statuses.NoSuchPath(path)),
        };
        if (await handled.ConfigureAwait(false) is { } refusal) await Replies.StatusAsync(http, refusal).ConfigureAwait(false);
    }

    private async Task<Status?> StreamAsync(HttpContext http, string node)
    {
        string? epoch = http.Request.Query["epoch"];
        string revisionText = http.Request.Query["revision"].ToString();
        long revision = -1;
        if (revisionText.Length > 0 && !long.TryParse(revisionText, NumberStyles.None, CultureInfo.InvariantCulture, out revision)) return Statuses.BadRequest($"revision: \"{revisionText}\" is not a number");
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        try
        {
            if (await graph.AttachAsync(node, epoch, revision, end.Token).ConfigureAwait(false) is not { } start) return Statuses.Unavailable("too many nodes are connected");
            try
            {
                http.Response.ContentType = "application/x-ndjson";
                await FollowAsync(http.Response.BodyWriter, node, start, end.Token).ConfigureAwait(false);
            }
            finally
            {
                await graph.DetachAsync(node).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The agent left, or the server stops; the agent comes back by itself.
        }
        catch (ChannelClosedException)
        {
            // The graph stopped before this stream.
        }
        return null;
    }

    private async Task FollowAsync(PipeWriter pipe, string node, FeedStart start, CancellationToken end)
    {
        FeedEntry position = start.Position;
        if (start.Snapshot is not null) await pipe.WriteAsync(ViewLine.Encode(start.Snapshot), end).ConfigureAwait(false);
        else await pipe.WriteAsync(KeepAliveLine(), end).ConfigureAwait(false);
        while (true)
        {
            if (position.IsCut)
            {
                FeedStart again = (await graph.AttachAsync(node, null, -1, end).ConfigureAwait(false))!;
                await graph.DetachAsync(node).ConfigureAwait(false);
                await pipe.WriteAsync(ViewLine.Encode(again.Snapshot!), end).ConfigureAwait(false);
                position = again.Position;
            }
            else if (position.Next is { } next)
            {
                position = next;
                await pipe.WriteAsync(next.Line, end).ConfigureAwait(false);
            }
            else if (!await FollowedAsync(position, end).ConfigureAwait(false))
            {
                await pipe.WriteAsync(KeepAliveLine(), end).ConfigureAwait(false);
            }
        }
    }

    /// <summary>False when nothing came for a while.</summary>
    private async Task<bool> FollowedAsync(FeedEntry position, CancellationToken end)
    {
        try
        {
            await position.Followed.WaitAsync(KeepAlive, time, end).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // The revision says how far the whole cluster's state is told; the stream has been given all of it that concerns the node.
    private byte[] KeepAliveLine() => ViewLine.Encode(new ViewDelta { Epoch = graph.Epoch, Revision = graph.Revision, KeepAlive = true });
}
