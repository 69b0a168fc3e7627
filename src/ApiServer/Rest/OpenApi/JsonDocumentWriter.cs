using System.Buffers;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>OpenAPI as JSON: 2.0 (swagger) for old clients, 3.0 for kubectl's explain and for its question whether the server validates fields.</summary>
internal static class JsonDocumentWriter
{
    public static byte[] Version2(IReadOnlyDictionary<string, Schema> definitions, IEnumerable<ResourceKind> kinds) => Write(json =>
    {
        json.WriteString("swagger", "2.0");
        Info(json);
        Paths(json, kinds, isVersion3: false);
        json.WriteStartObject("definitions");
        foreach ((string name, Schema schema) in definitions)
        {
            json.WritePropertyName(name);
            WriteSchema(json, schema, "#/definitions/");
        }
        json.WriteEndObject();
    });

    public static byte[] Version3(IReadOnlyDictionary<string, Schema> definitions, IEnumerable<ResourceKind> kinds) => Write(json =>
    {
        json.WriteString("openapi", "3.0.0");
        Info(json);
        Paths(json, kinds, isVersion3: true);
        json.WriteStartObject("components");
        json.WriteStartObject("schemas");
        foreach ((string name, Schema schema) in definitions)
        {
            json.WritePropertyName(name);
            WriteSchema(json, schema, "#/components/schemas/");
        }
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>Which document describes which group version.</summary>
    public static byte[] Version3Index(IEnumerable<(string Path, string Hash)> documents) => Write(json =>
    {
        json.WriteStartObject("paths");
        foreach ((string path, string hash) in documents)
        {
            json.WriteStartObject(path);
            json.WriteString("serverRelativeURL", $"/openapi/v3/{path}?hash={hash}");
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new(16 * 1024);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Info(Utf8JsonWriter json)
    {
        json.WriteStartObject("info");
        json.WriteString("title", "Margay");
        json.WriteString("version", Server.Version);
        json.WriteEndObject();
    }

    private static void Paths(Utf8JsonWriter json, IEnumerable<ResourceKind> kinds, bool isVersion3)
    {
        json.WriteStartObject("paths");
        foreach (ResourceKind kind in kinds)
        {
            string root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
            string collection = $"{root}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}";
            json.WriteStartObject(collection);
            foreach ((string verb, string action) in (ReadOnlySpan<(string, string)>)[("get", "list"), ("post", "post"), ("delete", "deletecollection")]) Operation(json, kind, verb, action, isVersion3);
            json.WriteEndObject();
            json.WriteStartObject(collection + "/{name}");
            foreach ((string verb, string action) in (ReadOnlySpan<(string, string)>)[("get", "get"), ("put", "put"), ("patch", "patch"), ("delete", "delete")]) Operation(json, kind, verb, action, isVersion3);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Operation(Utf8JsonWriter json, ResourceKind kind, string verb, string action, bool isVersion3)
    {
        json.WriteStartObject(verb);
        json.WriteString("operationId", $"{action}{kind.Kind}");
        json.WriteStartArray("parameters");
        if (verb != "get")
        {
            Parameter(json, "dryRun", isVersion3);
            // By this one clients know that they need not validate themselves.
            if (verb != "delete") Parameter(json, "fieldValidation", isVersion3);
        }
        json.WriteEndArray();
        json.WriteStartObject("responses");
        json.WriteStartObject("200");
        json.WriteString("description", "OK");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteString("x-kubernetes-action", action);
        json.WritePropertyName("x-kubernetes-group-version-kind");
        GroupVersionKind(json, kind);
        json.WriteEndObject();
    }

    private static void Parameter(Utf8JsonWriter json, string name, bool isVersion3)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("in", "query");
        if (isVersion3)
        {
            json.WriteStartObject("schema");
            json.WriteString("type", "string");
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("type", "string");
        }
        json.WriteEndObject();
    }

    private static void GroupVersionKind(Utf8JsonWriter json, ResourceKind kind)
    {
        json.WriteStartObject();
        json.WriteString("group", kind.Group);
        json.WriteString("kind", kind.Kind);
        json.WriteString("version", kind.Version);
        json.WriteEndObject();
    }

    private static void WriteSchema(Utf8JsonWriter json, Schema schema, string definitions)
    {
        json.WriteStartObject();
        if (schema.Reference is not null) json.WriteString("$ref", definitions + schema.Reference);
        if (schema.Type is not null) json.WriteString("type", schema.Type);
        if (schema.Format is not null) json.WriteString("format", schema.Format);
        if (schema.Description is not null) json.WriteString("description", schema.Description);
        if (schema.IntOrString) json.WriteBoolean("x-kubernetes-int-or-string", true);
        Strings(json, "enum", schema.Enum);
        Strings(json, "required", schema.Required);
        Member(json, "items", schema.Items, definitions);
        Member(json, "additionalProperties", schema.AdditionalProperties, definitions);
        if (schema.Properties.Length > 0)
        {
            json.WriteStartObject("properties");
            foreach ((string name, Schema property) in schema.Properties) Member(json, name, property, definitions);
            json.WriteEndObject();
        }
        if (schema.Kind is not null)
        {
            json.WriteStartArray("x-kubernetes-group-version-kind");
            GroupVersionKind(json, schema.Kind);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void Member(Utf8JsonWriter json, string name, Schema? schema, string definitions)
    {
        if (schema is null) return;
        json.WritePropertyName(name);
        WriteSchema(json, schema, definitions);
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyCollection<string> values)
    {
        if (values.Count == 0) return;
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
