using System.Buffers;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.Tables;

/// <summary>Objects as rows (Kubernetes <c>meta.k8s.io/v1 Table</c>).</summary>
internal static class TableWriter
{
    public static ReadOnlyMemory<byte> Write(ResourceKind kind, TableRequest request, IReadOnlyList<Resource> rows, ListMeta meta, DateTimeOffset now, bool withColumns = true)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using Utf8JsonWriter json = new(buffer);
        IReadOnlyList<Column> columns = Columns.Of(kind);
        json.WriteStartObject();
        json.WriteString("kind", "Table");
        json.WriteString("apiVersion", request.Version);
        json.WritePropertyName("metadata");
        JsonSerializer.Serialize(json, meta, ApiJsonContext.Default.ListMeta);
        json.WriteStartArray("columnDefinitions");
        if (withColumns)
        {
            foreach (Column column in columns) WriteColumn(json, column);
        }
        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (Resource row in rows) WriteRow(json, kind, request, columns, row, now);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteColumn(Utf8JsonWriter json, Column column)
    {
        json.WriteStartObject();
        json.WriteString("name", column.Name);
        json.WriteString("type", "string");
        json.WriteString("format", column.Name == "Name" ? "name" : "");
        json.WriteString("description", column.Description);
        json.WriteNumber("priority", column.Wide ? 1 : 0);
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, ResourceKind kind, TableRequest request, IReadOnlyList<Column> columns, Resource row, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteStartArray("cells");
        foreach (Column column in columns) json.WriteStringValue(column.Cell(row, now));
        json.WriteEndArray();
        if (request.IncludeObject == "Object")
        {
            json.WritePropertyName("object");
            JsonSerializer.Serialize(json, row, kind.TypeInfo);
        }
        else if (request.IncludeObject == "Metadata")
        {
            json.WriteStartObject("object");
            json.WriteString("kind", "PartialObjectMetadata");
            json.WriteString("apiVersion", request.Version);
            json.WritePropertyName("metadata");
            JsonSerializer.Serialize(json, row.Metadata, ObjectMetaInfo);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static System.Text.Json.Serialization.Metadata.JsonTypeInfo<ObjectMeta> ObjectMetaInfo => ApiJsonContext.Default.ObjectMeta;
}
