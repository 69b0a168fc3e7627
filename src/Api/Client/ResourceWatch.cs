using System.Runtime.CompilerServices;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.Api.Client;

public enum WatchUpdateType
{
    /// <summary><see cref="WatchUpdate{T}.List"/> is everything there is: what is held and not in it is gone.</summary>
    Listed,

    Added,
    Modified,

    /// <summary><see cref="WatchUpdate{T}.Object"/> is the last state of what was deleted.</summary>
    Deleted,

    /// <summary>The connection failed, and is tried again after a pause. What was told before still stands.</summary>
    Failed,
}

/// <summary>One step of a watch.</summary>
public sealed record WatchUpdate<T>(WatchUpdateType Type)
    where T : Resource
{
    public T? Object { get; init; }
    public IReadOnlyList<T>? List { get; init; }

    /// <summary>The revision that this step brings the reader to.</summary>
    public string? ResourceVersion { get; init; }

    public ApiError? Error { get; init; }
}

/// <summary>
/// List, then watch from the list's revision; after a break, watch from the last revision seen; when the server has forgotten that, list again.
/// </summary>
internal sealed class ResourceWatch<T>(MargayClient client, ResourceKind kind, string? ns, string? labelSelector)
    where T : Resource
{
    private string? _revision;

    private string Filter => labelSelector is null ? "" : "&labelSelector=" + Uri.EscapeDataString(labelSelector);

    public async IAsyncEnumerable<WatchUpdate<T>> RunAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        for (int failures = 0; !cancel.IsCancellationRequested;)
        {
            if (_revision is null)
            {
                WatchUpdate<T> listed = await ListAsync(cancel);
                _revision = listed.ResourceVersion;
                yield return listed;
                if (_revision is null)
                {
                    await client.Transport.BackOffAsync(failures++, cancel);
                    continue;
                }
            }

            string url = $"{ResourceUrls.Of(kind, ns)}?watch=1&allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(_revision)}{Filter}";
            await foreach (ApiResult<WatchEvent> item in JsonLines.ReadAsync(client.Transport, url, ApiJsonContext.Default.WatchEvent, cancel))
            {
                if (Interpret(item) is not { } update) continue;
                if (update.Type != WatchUpdateType.Failed) failures = 0;
                yield return update;
                if (update.Type == WatchUpdateType.Failed) break;
            }

            await client.Transport.BackOffAsync(failures++, cancel);
        }
    }

    private async Task<WatchUpdate<T>> ListAsync(CancellationToken cancel)
    {
        ApiResult<ResourcePage<T>> page = await client.ListTypedAsync<T>(kind, ns, labelSelector, cancel);
        return page.TryGet(out ResourcePage<T> all, out ApiError error)
            ? new WatchUpdate<T>(WatchUpdateType.Listed) { List = all.Items, ResourceVersion = all.ResourceVersion }
            : Failed(error);
    }

    // Null for what only moves the revision on.
    private WatchUpdate<T>? Interpret(ApiResult<WatchEvent> item)
    {
        if (!item.TryGet(out WatchEvent step, out ApiError error))
        {
            if (error.Reason == ApiErrorReason.Expired) _revision = null;
            return Failed(error);
        }

        if (step.Type == "ERROR") return OnErrorEvent(step.Object);
        if (!MargayClient.Read<T>(step.Object, kind).TryGet(out T resource, out error)) return Failed(error);
        _revision = resource.Metadata.ResourceVersion ?? _revision;
        WatchUpdateType? type = step.Type switch
        {
            "ADDED" => WatchUpdateType.Added,
            "MODIFIED" => WatchUpdateType.Modified,
            "DELETED" => WatchUpdateType.Deleted,
            _ => null,
        };
        return type is null ? null : new WatchUpdate<T>(type.Value) { Object = resource, ResourceVersion = _revision };
    }

    private WatchUpdate<T> OnErrorEvent(JsonElement json)
    {
        Status? status = json.ValueKind == JsonValueKind.Object ? json.Deserialize(ApiJsonContext.Default.Status) : null;
        bool expired = status?.Code == 410;
        if (expired) _revision = null;
        return Failed(new ApiError
        {
            Reason = expired ? ApiErrorReason.Expired : ApiErrorReason.Server,
            Status = status,
            Message = status?.Message ?? "the server ended the watch with an error",
        });
    }

    private static WatchUpdate<T> Failed(ApiError error) => new(WatchUpdateType.Failed) { Error = error };
}
