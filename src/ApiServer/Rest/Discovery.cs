using System.Buffers;
using System.Text;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>What is served, as clients discover it: /version, /api, /apis, /api/v1, /apis/GROUP and /apis/GROUP/VERSION. Made once, from the list of kinds.</summary>
internal sealed class Discovery
{
    private readonly Dictionary<string, byte[]> _documents = new(StringComparer.Ordinal);

    public Discovery(string version)
    {
        string[] groups = [.. ResourceKinds.All.Select(k => k.Group).Where(g => g.Length > 0).Distinct()];
        _documents["/version"] = Write(json => WriteVersion(json, version));
        _documents["/api"] = Write(WriteCoreVersions);
        _documents["/apis"] = Write(json =>
        {
            Head(json, "APIGroupList", "v1");
            json.WriteStartArray("groups");
            foreach (string group in groups) WriteGroup(json, group, head: false);
            json.WriteEndArray();
        });
        _documents["/api/v1"] = Write(json => WriteResources(json, "", "v1"));
        foreach (string group in groups)
        {
            _documents[$"/apis/{group}"] = Write(json => WriteGroup(json, group, head: true));
            foreach (string served in Versions(group)) _documents[$"/apis/{group}/{served}"] = Write(json => WriteResources(json, group, served));
        }
    }

    public byte[]? Find(string path) => _documents.GetValueOrDefault(path.TrimEnd('/'));

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Head(Utf8JsonWriter json, string kind, string apiVersion)
    {
        json.WriteString("kind", kind);
        json.WriteString("apiVersion", apiVersion);
    }

    // Clients compare these numbers with their own; it is the API of Kubernetes 1.32 that is followed.
    private static void WriteVersion(Utf8JsonWriter json, string version)
    {
        json.WriteString("major", "1");
        json.WriteString("minor", "32");
        json.WriteString("gitVersion", $"v1.32.0+margay-{version}");
        json.WriteString("gitCommit", "");
        json.WriteString("gitTreeState", "clean");
        json.WriteString("buildDate", "1970-01-01T00:00:00Z");
        json.WriteString("goVersion", "none");
        json.WriteString("compiler", "none");
        json.WriteString("platform", "linux/amd64");
        json.WriteString("margayVersion", version);
    }

    private static void WriteCoreVersions(Utf8JsonWriter json)
    {
        Head(json, "APIVersions", "v1");
        json.WriteStartArray("versions");
        json.WriteStringValue("v1");
        json.WriteEndArray();
        json.WriteStartArray("serverAddressByClientCIDRs");
        json.WriteEndArray();
    }

    private static void WriteGroup(Utf8JsonWriter json, string group, bool head)
    {
        if (!head) json.WriteStartObject();
        else Head(json, "APIGroup", "v1");
        json.WriteString("name", group);
        json.WriteStartArray("versions");
        foreach (string version in Versions(group)) WriteVersion(json, group, version);
        json.WriteEndArray();
        json.WritePropertyName("preferredVersion");
        WriteVersion(json, group, Versions(group)[0]);
        if (!head) json.WriteEndObject();
    }

    private static void WriteVersion(Utf8JsonWriter json, string group, string version)
    {
        json.WriteStartObject();
        json.WriteString("groupVersion", $"{group}/{version}");
        json.WriteString("version", version);
        json.WriteEndObject();
    }

    private static string[] Versions(string group) => [.. ResourceKinds.All.Where(k => k.Group == group).Select(k => k.Version).Distinct()];

    private static void WriteResources(Utf8JsonWriter json, string group, string version)
    {
        Head(json, "APIResourceList", "v1");
        json.WriteString("groupVersion", group.Length == 0 ? version : $"{group}/{version}");
        json.WriteStartArray("resources");
        foreach (ResourceKind kind in ResourceKinds.All.Where(k => k.Group == group && k.Version == version))
        {
            WriteResource(json, kind, kind.Plural, kind.Singular, kind.ShortNames, ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
            if (kind.HasStatus) WriteResource(json, kind, kind.Plural + "/status", "", [], ["get", "patch", "update"]);
        }
        json.WriteEndArray();
    }

    private static void WriteResource(Utf8JsonWriter json, ResourceKind kind, string name, string singular, IEnumerable<string> shortNames, IEnumerable<string> verbs)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("singularName", singular);
        json.WriteBoolean("namespaced", kind.Namespaced);
        json.WriteString("kind", kind.Kind);
        Strings(json, "verbs", verbs);
        Strings(json, "shortNames", shortNames);
        if (singular.Length > 0) Strings(json, "categories", ["margay"]);
        // Any value will do: there is one stored version of each.
        json.WriteString("storageVersionHash", Convert.ToBase64String(Encoding.UTF8.GetBytes(kind.Kind))[..8]);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        if (!values.Any()) return;
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
