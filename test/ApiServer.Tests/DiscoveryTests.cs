using System.Net;
using System.Text.Json.Nodes;
using Margay.Api.Resources;

namespace Margay.ApiServer.Tests;

/// <summary>What is served is what is said to be served.</summary>
public sealed class DiscoveryTests(RunningServer server) : IClassFixture<RunningServer>
{
    public static TheoryData<string> Kinds() => [.. ResourceKinds.All.Select(k => k.ToString())];

    private static ResourceKind Find(string kind) => ResourceKinds.All.Single(k => k.ToString() == kind);
    private static string Root(ResourceKind kind) => kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}";

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Kind_IsListedAndServed(string name)
    {
        ResourceKind kind = Find(name);
        (_, JsonNode list) = await server.SendAsync("GET", Root(kind));
        JsonNode resource = list["resources"]!.AsArray().Single(r => (string?)r!["name"] == kind.Plural)!;
        Assert.Equal((kind.Kind, kind.Namespaced), ((string?)resource["kind"], (bool)resource["namespaced"]!));
        Assert.Equal(kind.HasStatus, list["resources"]!.AsArray().Any(r => (string?)r!["name"] == kind.Plural + "/status"));
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", $"{Root(kind)}/{kind.Plural}")).Code);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Kind_HasASchemaAndSaysThatTheServerValidates(string name)
    {
        ResourceKind kind = Find(name);
        (_, JsonNode index) = await server.SendAsync("GET", "/openapi/v3");
        (_, JsonNode document) = await server.SendAsync("GET", (string)index["paths"]![Root(kind)[1..]]!["serverRelativeURL"]!);
        JsonNode schema = document["components"]!["schemas"]!.AsObject().Single(s => s.Value!["x-kubernetes-group-version-kind"] is { } gvk && (string?)gvk[0]!["kind"] == kind.Kind).Value!;
        Assert.NotNull(schema["properties"]!["metadata"]);
        string item = $"{Root(kind)}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}/{{name}}";
        Assert.Contains(document["paths"]![item]!["patch"]!["parameters"]!.AsArray(), p => (string?)p!["name"] == "fieldValidation");
    }

    [Fact]
    public async Task Schemas_ReferToWhatIsDefined()
    {
        (_, JsonNode document) = await server.SendAsync("GET", "/openapi/v2");
        HashSet<string> defined = [.. document["definitions"]!.AsObject().Select(d => "#/definitions/" + d.Key)];
        void Walk(JsonNode? node)
        {
            if (node is JsonArray list) foreach (JsonNode? item in list) Walk(item);
            if (node is not JsonObject map) return;
            if (map["$ref"] is { } reference) Assert.Contains((string)reference!, defined);
            foreach ((_, JsonNode? value) in map) Walk(value);
        }
        Walk(document["definitions"]);
        Assert.True(defined.Count > 20);
    }

    [Fact]
    public async Task Health_AndMetrics_Answer()
    {
        foreach (string path in (string[])["/healthz", "/livez", "/readyz"])
        {
            using HttpResponseMessage response = await server.SendRawAsync("GET", path);
            Assert.Equal("ok", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        using HttpResponseMessage metrics = await server.SendRawAsync("GET", "/metrics");
        string text = await metrics.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        foreach (string name in (string[])["margay_store_revision ", "margay_watches ", "http_server_request_duration_seconds_bucket{"]) Assert.Contains(name, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KubectlNamespaceProtobuf_IsRead()
    {
        // As kubectl create namespace sends it: "k8s\0", then runtime.Unknown { typeMeta { v1, Namespace }, raw { metadata { name } } }.
        byte[] name = [0x0a, 0x04, .. "pb-1"u8], meta = [0x0a, (byte)name.Length, .. name];
        byte[] type = [0x0a, 0x02, .. "v1"u8, 0x12, 0x09, .. "Namespace"u8];
        byte[] body = [.. "k8s\0"u8, 0x0a, (byte)type.Length, .. type, 0x12, (byte)meta.Length, .. meta];
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = new("application/vnd.kubernetes.protobuf");
        using HttpResponseMessage response = await server.Http.PostAsync("/api/v1/namespaces", content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        for (int length = 0; length < body.Length; length++) Rest.KubernetesProtobuf.ReadNamespace(body.AsSpan(0, length));
    }
}
