using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest.Tables;

namespace Margay.ApiServer.Watch;

/// <summary>Writes the events of one watch, a JSON object per line. Belongs to the request.</summary>
internal sealed class WatchWriter(PipeWriter pipe, ResourceKind kind, TableRequest? table, TimeProvider time)
{
    private bool _hasColumns;

    public ResourceKind Kind => kind;

    public long Unflushed => pipe.CanGetUnflushedBytes ? pipe.UnflushedBytes : 0;

    public void Event(string type, StoredObject value)
    {
        Begin(type);
        if (table is null)
        {
            pipe.Write(value.Json.Span);
        }
        else
        {
            // The columns are said once; each event is a table of one row.
            ListMeta meta = new() { ResourceVersion = value.Resource.Metadata.ResourceVersion };
            pipe.Write(TableWriter.Write(kind, table, [value.Resource], meta, time.GetUtcNow(), withColumns: !_hasColumns).Span);
            _hasColumns = true;
        }
        pipe.Write("}\n"u8);
    }

    /// <summary>An object that has nothing but the revision up to which all is told.</summary>
    public void Bookmark(long revision, bool endsInitialEvents = false)
    {
        Begin("BOOKMARK");
        using (Utf8JsonWriter json = new((IBufferWriter<byte>)pipe))
        {
            json.WriteStartObject();
            json.WriteString("kind", table is null ? kind.Kind : "Table");
            json.WriteString("apiVersion", table is null ? kind.ApiVersion : "meta.k8s.io/v1");
            json.WriteStartObject("metadata");
            json.WriteString("resourceVersion", WatchHandler.Text(revision));
            if (endsInitialEvents)
            {
                json.WriteStartObject("annotations");
                json.WriteString("k8s.io/initial-events-end", "true");
                json.WriteEndObject();
            }
            json.WriteEndObject();
            if (table is not null)
            {
                json.WriteStartArray("columnDefinitions");
                json.WriteEndArray();
                json.WriteStartArray("rows");
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        pipe.Write("}\n"u8);
    }

    public void Error(Status status)
    {
        Begin("ERROR");
        pipe.Write(JsonSerializer.SerializeToUtf8Bytes(status, ApiJsonContext.Default.Status));
        pipe.Write("}\n"u8);
    }

    public async ValueTask FlushAsync(CancellationToken cancel) => await pipe.FlushAsync(cancel).ConfigureAwait(false);

    private void Begin(string type)
    {
        pipe.Write("{\"type\":\""u8);
        pipe.Write(System.Text.Encoding.ASCII.GetBytes(type));
        pipe.Write("\",\"object\":"u8);
    }
}
