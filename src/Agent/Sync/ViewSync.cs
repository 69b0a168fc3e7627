using Margay.Api.Client;
using Margay.Api.NodeSync;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Sync;

/// <summary>Who is told of the view. Called by <see cref="ViewSync"/> one after the other.</summary>
internal interface IViewObserver
{
    /// <summary>The view has changed by this delta.</summary>
    ValueTask OnViewAsync(HeldView view, ViewDelta delta);

    /// <summary>The server answers (again): the view is now what it says.</summary>
    ValueTask OnConnectedAsync(HeldView view);

    void OnDisconnected(string reason);
}

/// <summary>
/// Follows the node's view for ever: register the node, open the stream, keep and pass on each delta; after a break, wait (growing, jittered) and
/// continue where it broke. The first stream of a life begins with a whole view: it is compared, so it disturbs nothing, and tells of what
/// happened while this agent was not there.
/// </summary>
internal sealed class ViewSync(NodeSyncClient client, NodeRegistration registration, ViewLog log, IViewObserver observer, NodeSyncContext context)
{
    private bool _heard;
    private bool _connected;

    public async Task RunAsync(CancellationToken cancel)
    {
        for (int attempt = 0; ; attempt++)
        {
            ApiError? error = await RegisterAsync(cancel).ConfigureAwait(false) ?? await FollowAsync(cancel).ConfigureAwait(false);
            if (_connected) attempt = 0;
            if (_connected || attempt == 0) Log.Disconnected(context.Logger, context.Server, error?.Message ?? "");
            _connected = false;
            observer.OnDisconnected(error?.Message ?? "");
            await client.BackOffAsync(attempt, cancel).ConfigureAwait(false);
        }
    }

    private async Task<ApiError?> RegisterAsync(CancellationToken cancel)
    {
        ApiResult<string> registered = await registration.RegisterAsync(cancel).ConfigureAwait(false);
        if (registered.IsOk)
        {
            if (!_heard) Log.NodeRegistered(context.Logger, context.Node, registered.Value);
            return null;
        }
        // A refusal of the object itself needs an operator; without a Node there is still a view, if a poor one.
        if (registered.Error!.Reason is ApiErrorReason.Invalid or ApiErrorReason.Conflict or ApiErrorReason.Forbidden)
        {
            Log.NodeNotRegistered(context.Logger, context.Node, registered.Error.Message);
            return null;
        }
        return registered.Error;
    }

    private async Task<ApiError?> FollowAsync(CancellationToken cancel)
    {
        await foreach (ApiResult<ViewDelta> item in client.ViewAsync(_heard ? log.View.Epoch : null, _heard ? log.View.Revision : null, cancel).ConfigureAwait(false))
        {
            if (!item.TryGet(out ViewDelta delta, out ApiError error)) return error;
            if (!delta.KeepAlive) await ApplyAsync(delta).ConfigureAwait(false);
            if (_connected) continue;
            if (!_heard && !delta.Snapshot) continue;
            _heard = _connected = true;
            Log.Connected(context.Logger, context.Server, log.View.Revision, log.View.Endpoints.Count);
            await observer.OnConnectedAsync(log.View).ConfigureAwait(false);
        }
        return null;
    }

    private async ValueTask ApplyAsync(ViewDelta delta)
    {
        try
        {
            log.Apply(delta);
        }
        catch (IOException e)
        {
            Log.StateNotWritten(context.Logger, e.Message);
        }
        await observer.OnViewAsync(log.View, delta).ConfigureAwait(false);
    }
}

/// <param name="Server">For messages.</param>
internal sealed record NodeSyncContext(string Node, string Server, ILogger Logger);
