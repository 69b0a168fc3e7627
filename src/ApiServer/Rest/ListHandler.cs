using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest.Tables;
using Margay.Store;

namespace Margay.ApiServer.Rest;

/// <summary>Lists: from one snapshot, cut into parts where asked for, every part of the same revision.</summary>
internal sealed class ListHandler(ObjectRegistry registry, TimeProvider time)
{
    public async Task<Status?> HandleAsync(HttpContext http, RequestTarget target, ListOptions options)
    {
        IStore store = registry.Store;
        ContinueToken? token = options.Continue is null ? null : ContinueToken.Parse(options.Continue);
        if (options.Continue is not null && token is null) return Statuses.BadRequest("continue: is not a token of this server; list again without it");
        Outcome<StoreSnapshot> state = State(store, options, token);
        if (state.IsRefused(out Status refusal)) return refusal;
        string prefix = ObjectKeys.Prefix(target.Kind, target.Namespace);
        List<StoredObject> found = [];
        string? lastKey = null;
        bool more = false;
        foreach (StoredValue value in state.Value!.List(prefix, token?.AfterKey))
        {
            StoredObject candidate = StoredObject.Of(target.Kind, value);
            if (!options.Filter.Matches(candidate.Resource)) continue;
            more = options.Limit > 0 && found.Count == options.Limit;
            if (more) break;
            found.Add(candidate);
            lastKey = value.Key;
        }
        ListMeta meta = new()
        {
            ResourceVersion = state.Value.Revision.ToString(CultureInfo.InvariantCulture),
            Continue = more ? new ContinueToken(state.Value.Revision, lastKey!).ToString() : null,
            RemainingItemCount = more && options.Filter.IsEverything ? state.Value.CountOf(prefix, lastKey) : null,
        };
        await AnswerAsync(http, target.Kind, found, meta).ConfigureAwait(false);
        return null;
    }

    /// <summary>All objects of a path that a filter lets through, now.</summary>
    public IEnumerable<StoredObject> Select(RequestTarget target, ObjectFilter filter) =>
        registry.Store.Current.List(ObjectKeys.Prefix(target.Kind, target.Namespace)).Select(v => StoredObject.Of(target.Kind, v)).Where(o => filter.Matches(o.Resource));

    public Task AnswerAsync(HttpContext http, ResourceKind kind, IReadOnlyList<StoredObject> items, ListMeta meta) =>
        Replies.BytesAsync(http, 200, TableRequest.Read(http.Request) is { } table
            ? TableWriter.Write(kind, table, [.. items.Select(i => i.Resource)], meta, time.GetUtcNow())
            : WriteList(kind, items, meta));

    private static Outcome<StoreSnapshot> State(IStore store, ListOptions options, ContinueToken? token)
    {
        StoreSnapshot current = store.Current;
        long? wanted = token?.Revision ?? options.ResourceVersion;
        if (wanted is null or 0) return current;
        bool exact = token is not null || options.ResourceVersionMatch == "Exact";
        if (wanted > current.Revision) return Statuses.TooLargeVersion(wanted.Value, current.Revision);
        if (!exact) return current;
        return store.At(wanted.Value) is { } past ? past : Statuses.Expired(wanted.Value, store.CompactedRevision);
    }

    private static ReadOnlyMemory<byte> WriteList(ResourceKind kind, IReadOnlyList<StoredObject> items, ListMeta meta)
    {
        ArrayBufferWriter<byte> buffer = new(256 + items.Sum(i => i.Json.Length + 1));
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("kind", kind.Kind + "List");
        json.WriteString("apiVersion", kind.ApiVersion);
        json.WritePropertyName("metadata");
        JsonSerializer.Serialize(json, meta, ApiJsonContext.Default.ListMeta);
        json.WriteStartArray("items");
        // Our own serializer wrote them: no need to read them again.
        foreach (StoredObject item in items) json.WriteRawValue(item.Json.Span, skipInputValidation: true);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
