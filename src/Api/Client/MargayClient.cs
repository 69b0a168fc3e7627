using System.Text;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Client;

// Clients of the three doors:
//
//   MargayClient    ─ REST: the objects ────────────────► margay-server
//   NodeSyncClient  ─ a node's view, blocks ────────────► margay-server
//   AgentClient     ─ attach, detach, questions ────────► margay-agent, by its Unix socket
//
// What goes wrong outside comes back as a value (ApiError, AgentError), never as an exception. Objects of the first two
// share ApiTransport: one pool of kept HTTP/1.1 connections to one server.

/// <summary>Objects as they are on the server: the kind's JSON, and the revision of the list or of the object.</summary>
public sealed record ResourcePage<T>(IReadOnlyList<T> Items, string ResourceVersion);

/// <summary>Typed and untyped access to margay-server's objects. Thread-safe; make one and keep it.</summary>
public sealed class MargayClient : IDisposable
{
    private readonly ApiTransport _transport;

    /// <param name="options">Which server.</param>
    /// <param name="time">The clock of time limits and pauses; the system's when not given.</param>
    /// <param name="random">Jitter of pauses.</param>
    /// <param name="handler">Carries requests instead of sockets, for tests.</param>
    public MargayClient(ClientOptions options, TimeProvider? time = null, Random? random = null, HttpMessageHandler? handler = null) =>
        _transport = new ApiTransport(options, time ?? TimeProvider.System, random ?? new Random(), handler);

    public ClientOptions Options => _transport.Options;

    internal ApiTransport Transport => _transport;

    public void Dispose() => _transport.Dispose();

    public async Task<ApiResult<T>> GetAsync<T>(string? ns, string name, CancellationToken cancel = default)
        where T : Resource => Typed<T>(await SendAsync(HttpMethod.Get, Url<T>(ns, name), default, null, cancel));

    /// <summary>All objects, of one namespace or (null) of every one; optionally only those whose labels fit a Kubernetes label selector.</summary>
    public async Task<ApiResult<ResourcePage<T>>> ListAsync<T>(string? ns = null, string? labelSelector = null, CancellationToken cancel = default)
        where T : Resource => await ListTypedAsync<T>(KindOf<T>(), ns, labelSelector, cancel);

    internal async Task<ApiResult<ResourcePage<T>>> ListTypedAsync<T>(ResourceKind kind, string? ns, string? labelSelector, CancellationToken cancel)
        where T : Resource
    {
        ApiResult<ResourcePage<JsonElement>> page = await ListAsync(kind, ns, labelSelector, cancel);
        if (!page.TryGet(out ResourcePage<JsonElement> raw, out ApiError error)) return error;
        var items = new List<T>(raw.Items.Count);
        foreach (JsonElement item in raw.Items)
        {
            if (!Read<T>(item, kind).TryGet(out T resource, out error)) return error;
            items.Add(resource);
        }

        return new ResourcePage<T>(items, raw.ResourceVersion);
    }

    /// <summary>Writes a new object; <see cref="ApiErrorReason.AlreadyExists"/> when there is one.</summary>
    public async Task<ApiResult<T>> CreateAsync<T>(T resource, CancellationToken cancel = default)
        where T : Resource => Typed<T>(await SendAsync(HttpMethod.Post, Url<T>(resource.Namespace), Body(resource), MediaType.Json, cancel));

    /// <summary>Replaces an object; with a resourceVersion only if it is still that one (<see cref="ApiErrorReason.Conflict"/>).</summary>
    public async Task<ApiResult<T>> ReplaceAsync<T>(T resource, CancellationToken cancel = default)
        where T : Resource => Typed<T>(await SendAsync(HttpMethod.Put, Url<T>(resource.Namespace, resource.Name), Body(resource), MediaType.Json, cancel));

    /// <summary>Replaces the status alone.</summary>
    public async Task<ApiResult<T>> UpdateStatusAsync<T>(T resource, CancellationToken cancel = default)
        where T : Resource => Typed<T>(await SendAsync(HttpMethod.Put, Url<T>(resource.Namespace, resource.Name, "status"), Body(resource), MediaType.Json, cancel));

    /// <param name="patch">JSON of the kind that <paramref name="mediaType"/> says.</param>
    /// <param name="mediaType"><see cref="MediaType.MergePatch"/> or <see cref="MediaType.JsonPatch"/>.</param>
    public async Task<ApiResult<T>> PatchAsync<T>(string? ns, string name, ReadOnlyMemory<byte> patch, string mediaType, CancellationToken cancel = default)
        where T : Resource => Typed<T>(await SendAsync(HttpMethod.Patch, Url<T>(ns, name), patch, mediaType, cancel));

    /// <summary>Removes an object. When a repeated attempt finds nothing, the first one has done it: that is a success too.</summary>
    /// <param name="uid">Only if the object is still that one: <see cref="ApiErrorReason.Conflict"/> when another has its name now.</param>
    public async Task<ApiResult<bool>> DeleteAsync<T>(string? ns, string name, string? uid = null, CancellationToken cancel = default)
        where T : Resource
    {
        ReadOnlyMemory<byte> options = uid is null ? default : Encoding.UTF8.GetBytes($$$"""{"preconditions":{"uid":"{{{JsonEncodedText.Encode(uid)}}}"}}""");
        return (await SendAsync(HttpMethod.Delete, Url<T>(ns, name), options, uid is null ? null : MediaType.Json, cancel)).Select(static _ => true);
    }

    /// <summary>Follows all objects of a kind: the list, then each change, through reconnects and forgotten revisions. Ends only when cancelled.</summary>
    public IAsyncEnumerable<WatchUpdate<T>> WatchAsync<T>(string? ns = null, CancellationToken cancel = default)
        where T : Resource => new ResourceWatch<T>(this, KindOf<T>(), ns, null).RunAsync(cancel);

    /// <inheritdoc cref="WatchAsync{T}"/>
    public IAsyncEnumerable<WatchUpdate<Resource>> WatchAsync(ResourceKind kind, string? ns = null, string? labelSelector = null, CancellationToken cancel = default) =>
        new ResourceWatch<Resource>(this, kind, ns, labelSelector).RunAsync(cancel);

    /// <summary>As <see cref="ListAsync{T}"/>, with the objects as JSON: nothing that the server sent is lost.</summary>
    public async Task<ApiResult<ResourcePage<JsonElement>>> ListAsync(ResourceKind kind, string? ns, string? labelSelector, CancellationToken cancel = default)
    {
        string url = ResourceUrls.Of(kind, ns) + (labelSelector is null ? "" : "?labelSelector=" + Uri.EscapeDataString(labelSelector));
        ApiResult<byte[]> answer = await SendAsync(HttpMethod.Get, url, default, null, cancel);
        if (!answer.TryGet(out byte[] body, out ApiError error)) return error;
        try
        {
            ResourceList? list = JsonSerializer.Deserialize(body, ApiJsonContext.Default.ResourceList);
            if (list?.Metadata?.ResourceVersion is null) return NotOurs(new JsonException("a list without metadata.resourceVersion"));
            return new ResourcePage<JsonElement>(list.Items ?? [], list.Metadata.ResourceVersion);
        }
        catch (JsonException e)
        {
            return NotOurs(e);
        }
    }

    /// <summary>Any request, with its answer as JSON: for callers that know the kind only at run time.</summary>
    public async Task<ApiResult<JsonElement>> SendJsonAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte> body = default, string? mediaType = null, CancellationToken cancel = default)
    {
        ApiResult<byte[]> answer = await SendAsync(method, path, body, mediaType, cancel);
        if (!answer.TryGet(out byte[] json, out ApiError error)) return error;
        try
        {
            var reader = new Utf8JsonReader(json);
            return JsonElement.ParseValue(ref reader);
        }
        catch (JsonException e)
        {
            return NotOurs(e);
        }
    }

    internal static ApiError NotOurs(JsonException e) =>
        new() { Reason = ApiErrorReason.Server, Message = $"the answer is not what margay-server answers: {e.Message}" };

    /// <summary>An object from the server. Fields that are newer than this client are passed over; what is malformed is an error.</summary>
    internal static ApiResult<T> Read<T>(JsonElement json, ResourceKind kind)
        where T : Resource
    {
        Decoded decoded = ResourceDecoder.Decode(json, kind, UnknownFields.Ignore);
        return decoded is { IsValid: true, Resource: T resource } ? resource : NotOurs(new JsonException(string.Join("; ", decoded.Findings.Faults)));
    }

    private static ResourceKind KindOf<T>() => KindOfType<T>.Kind;

    private static string Url<T>(string? ns, string? name = null, string? subresource = null) => ResourceUrls.Of(KindOf<T>(), ns, name, subresource);

    private static byte[] Body<T>(T resource)
        where T : Resource => JsonSerializer.SerializeToUtf8Bytes(resource with { ApiVersion = KindOf<T>().ApiVersion, Kind = KindOf<T>().Kind }, KindOf<T>().TypeInfo);

    private static ApiResult<T> Typed<T>(ApiResult<byte[]> answer)
        where T : Resource
    {
        if (!answer.TryGet(out byte[] body, out ApiError error)) return error;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return Read<T>(document.RootElement, KindOf<T>());
        }
        catch (JsonException e)
        {
            return NotOurs(e);
        }
    }

    private Task<ApiResult<byte[]>> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, string? mediaType, CancellationToken cancel) =>
        _transport.SendAsync(method, path, body, mediaType, cancel);

    private static class KindOfType<T>
    {
        public static readonly ResourceKind Kind = ResourceKinds.All.FirstOrDefault(k => k.TypeInfo.Type == typeof(T))
            ?? throw new ArgumentException($"{typeof(T).Name} is not served");
    }
}

/// <summary>Content types of request bodies.</summary>
public static class MediaType
{
    public const string Json = "application/json";

    /// <summary>RFC 7396.</summary>
    public const string MergePatch = "application/merge-patch+json";

    /// <summary>RFC 6902.</summary>
    public const string JsonPatch = "application/json-patch+json";
}
