using Margay.ApiServer.Auth;
using Margay.ApiServer.NodeSync;

namespace Margay.ApiServer.Rest;

// One request:
//
//   Kestrel ─► health? ─► token ─┬─► /nodesync/v1/…             NodeSyncHandler (streams, block claims)
//                                ├─► /metrics
//                                ├─► /version /api /apis …      Discovery          documents made at start
//                                ├─► /openapi/v2, /openapi/v3   OpenApi            documents made when first asked for
//                                └─► /api/…, /apis/…            ResourceHandler ─► list, watch, get, create, replace, patch, delete
//
// A table of our own instead of ASP.NET's routing: all resource paths follow from ResourceKinds.All.

/// <summary>Finds who answers a request, and contains what goes wrong.</summary>
internal sealed class RequestDispatcher(BearerTokens? tokens, Health health, Discovery discovery, OpenApi.OpenApiDocuments openApi, ResourceHandler resources, NodeSyncHandler nodeSync, Func<string> metrics, ILogger log)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            await DispatchAsync(http).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; nobody reads an answer.
        }
        catch (Microsoft.AspNetCore.Connections.ConnectionResetException)
        {
            // The same, in the middle of its body.
        }
        catch (BadHttpRequestException e)
        {
            if (!http.Response.HasStarted) await Replies.StatusAsync(http, Statuses.BadRequest(e.Message) with { Code = e.StatusCode }).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // the boundary at which a bug is contained: one request fails, loudly, the server goes on
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.RequestBug(log, e, http.Request.Method, http.Request.Path);
            if (http.Response.HasStarted) http.Abort();
            else await Replies.StatusAsync(http, Statuses.Internal()).ConfigureAwait(false);
        }
    }

    private Task DispatchAsync(HttpContext http)
    {
        string path = http.Request.Path.Value ?? "/";
        if (path is "/healthz" or "/livez" or "/readyz") return health.AnswerAsync(http, path);
        if (tokens is not null && !tokens.Accept(http.Request.Headers.Authorization)) return RefuseAsync(http, path);
        if (path.StartsWith(NodeSyncHandler.Root, StringComparison.Ordinal)) return nodeSync.HandleAsync(http);
        if (RequestTarget.TryParse(path, out RequestTarget target)) return resources.HandleAsync(http, target);
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)) return Replies.StatusAsync(http, Statuses.NoSuchPath(path));
        if (discovery.Find(path) is { } document) return Replies.BytesAsync(http, 200, document);
        if (openApi.Find(http) is { } schema) return Replies.BytesAsync(http, 200, schema.Bytes, schema.ContentType);
        if (path == "/metrics") return Replies.TextAsync(http, 200, metrics(), "text/plain; version=0.0.4; charset=utf-8");
        return Replies.StatusAsync(http, Statuses.NoSuchPath(path));
    }

    private Task RefuseAsync(HttpContext http, string path)
    {
        Log.Unauthorized(log, http.Request.Method, path, http.Connection.RemoteIpAddress?.ToString() ?? "?");
        return Replies.StatusAsync(http, Statuses.Unauthorized());
    }
}
