using System.Net;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>Lists and watches.</summary>
public sealed class ListWatchTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string AllPolicies = RunningServer.Calico + "/networkpolicies";

    private async Task<string> NewNamespaceAsync()
    {
        string name = server.NewName("ns");
        await server.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"} }""");
        return $"{RunningServer.Calico}/namespaces/{name}/networkpolicies";
    }

    private Task<JsonNode> PolicyAsync(string path, string name, string labels = "{}") =>
        server.CreateAsync(path, $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}} },"spec":{} }""");

    private static IEnumerable<string?> Names(JsonNode list) => list["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]);

    [Theory]
    [InlineData("labelSelector=app%3Dweb", "a")]
    [InlineData("labelSelector=app!%3Dweb", "b,c")]
    [InlineData("labelSelector=app", "a,b")]
    [InlineData("labelSelector=!app", "c")]
    [InlineData("labelSelector=app%20in%20(web,db)", "a,b")]
    [InlineData("labelSelector=app%20notin%20(web),tier%3D1", "b")]
    [InlineData("fieldSelector=metadata.name%3Db", "b")]
    [InlineData("fieldSelector=metadata.name!%3Db", "a,c")]
    public async Task List_Selectors(string query, string expected)
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a", """{"app":"web"}""");
        await PolicyAsync(path, "b", """{"app":"db","tier":"1"}""");
        await PolicyAsync(path, "c");
        (_, JsonNode list) = await server.SendAsync("GET", $"{path}?{query}");
        Assert.Equal(expected, string.Join(",", Names(list)));
        Assert.Equal("NetworkPolicyList", (string?)list["kind"]);
    }

    [Theory]
    [InlineData("labelSelector=a%3D%3D%3Db")]
    [InlineData("labelSelector=a%20in%20b")]
    [InlineData("fieldSelector=spec.order%3D1")]
    [InlineData("resourceVersion=abc")]
    [InlineData("limit=-1")]
    [InlineData("continue=nonsense")]
    [InlineData("resourceVersionMatch=Sometimes&resourceVersion=1")]
    [InlineData("watch=1&sendInitialEvents=true")]
    public async Task List_FaultyQuery_Is400(string query) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync("GET", $"{AllPolicies}?{query}")).Code);

    [Fact]
    public async Task List_Parts_AreOfOneRevision()
    {
        string path = await NewNamespaceAsync();
        for (int i = 0; i < 7; i++) await PolicyAsync(path, $"p{i}");
        (_, JsonNode first) = await server.SendAsync("GET", $"{path}?limit=3");
        Assert.Equal((3, 4), (Names(first).Count(), (int)first["metadata"]!["remainingItemCount"]!));
        await server.SendAsync("DELETE", $"{path}/p5");
        await PolicyAsync(path, "p55");
        (_, JsonNode second) = await server.SendAsync("GET", $"{path}?limit=10&continue={first["metadata"]!["continue"]}");
        Assert.Equal(["p3", "p4", "p5", "p6"], Names(second));
        Assert.Equal((string?)first["metadata"]!["resourceVersion"], (string?)second["metadata"]!["resourceVersion"]);
        Assert.Null(second["metadata"]!["continue"]);
    }

    [Fact]
    public async Task List_AtRevision_ExactOrNotOlder()
    {
        string path = await NewNamespaceAsync();
        string before = (string)(await PolicyAsync(path, "a"))["metadata"]!["resourceVersion"]!;
        await PolicyAsync(path, "b");
        Assert.Equal(["a"], Names((await server.SendAsync("GET", $"{path}?resourceVersion={before}&resourceVersionMatch=Exact")).Body));
        Assert.Equal(["a", "b"], Names((await server.SendAsync("GET", $"{path}?resourceVersion={before}&resourceVersionMatch=NotOlderThan")).Body));
        Assert.Equal(["a", "b"], Names((await server.SendAsync("GET", $"{path}?resourceVersion=0")).Body));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("GET", $"{path}?resourceVersion=999999999");
        Assert.Equal((HttpStatusCode.GatewayTimeout, "ResourceVersionTooLarge"), (code, (string?)status["details"]!["causes"]![0]!["reason"]));
    }

    [Fact]
    public async Task Watch_FromAList_TellsEveryChange()
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a");
        string from = (string)(await server.SendAsync("GET", path)).Body["metadata"]!["resourceVersion"]!;
        List<JsonNode> events = await server.ReadLinesAsync($"{path}?watch=1&resourceVersion={from}", e => e.Count == 3, async () =>
        {
            await PolicyAsync(path, "b");
            await server.SendAsync("PATCH", $"{path}/a", """{"spec":{"order":1}}""", "application/merge-patch+json");
            await server.SendAsync("DELETE", $"{path}/b");
        });
        Assert.Equal(["ADDED b", "MODIFIED a", "DELETED b"], events.Select(e => $"{e["type"]} {e["object"]!["metadata"]!["name"]}"));
        string[] revisions = [.. events.Select(e => (string)e["object"]!["metadata"]!["resourceVersion"]!)];
        Assert.Equal(revisions.Order(StringComparer.Ordinal).Distinct(), revisions);
    }

    [Fact]
    public async Task Watch_Selector_SeesObjectsComeAndGo()
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a");
        string from = (string)(await server.SendAsync("GET", path)).Body["metadata"]!["resourceVersion"]!;
        List<JsonNode> events = await server.ReadLinesAsync($"{path}?watch=1&resourceVersion={from}&labelSelector=on%3Dyes", e => e.Count == 2, async () =>
        {
            await server.SendAsync("PATCH", $"{path}/a", """{"metadata":{"labels":{"on":"yes"}}}""", "application/merge-patch+json");
            await server.SendAsync("PATCH", $"{path}/a", """{"metadata":{"labels":{"on":"no"}}}""", "application/merge-patch+json");
        });
        Assert.Equal(["ADDED yes", "DELETED yes"], events.Select(e => $"{e["type"]} {e["object"]!["metadata"]!["labels"]!["on"]}"));
    }

    [Fact]
    public async Task Watch_WithoutRevision_BeginsWithTheState_AndItsTimeoutEndsIt()
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a");
        List<JsonNode> events = await server.ReadLinesAsync($"{path}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true", _ => false);
        Assert.Equal(["ADDED", "BOOKMARK"], events.Select(e => (string?)e["type"]));
    }

    [Fact]
    public async Task Watch_SendInitialEvents_EndsThemWithABookmark()
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a");
        List<JsonNode> events = await server.ReadLinesAsync($"{path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", e => e.Count == 2);
        Assert.Equal("true", (string?)events[1]["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public async Task Watch_CompactedOrUnknownRevision_Is410()
    {
        string path = await NewNamespaceAsync();
        string old = (string)(await PolicyAsync(path, "a"))["metadata"]!["resourceVersion"]!;
        // The history of this server is 500 events.
        for (int i = 0; i < 700; i++) await server.SendAsync("PATCH", $"{path}/a", $$$"""{"spec":{"order":{{{i}}} } }""", "application/merge-patch+json");
        foreach (string revision in (string[])[old, "99999999"])
        {
            (HttpStatusCode code, JsonNode status) = await server.SendAsync("GET", $"{path}?watch=1&resourceVersion={revision}");
            Assert.Equal((HttpStatusCode.Gone, "Expired"), (code, (string?)status["reason"]));
        }
        Assert.Equal(HttpStatusCode.Gone, (await server.SendAsync("GET", $"{path}?resourceVersion={old}&resourceVersionMatch=Exact")).Code);
    }

    [Fact]
    public async Task Table_HasColumnsRowsAndMetadata()
    {
        string path = await NewNamespaceAsync();
        await PolicyAsync(path, "a");
        (_, JsonNode table) = await server.SendAsync("GET", path, accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        Assert.Equal(("Table", "meta.k8s.io/v1"), ((string?)table["kind"], (string?)table["apiVersion"]));
        string[] columns = [.. table["columnDefinitions"]!.AsArray().Select(c => $"{c!["name"]}{c["priority"]}")];
        Assert.Equal(["Name0", "Tier0", "Order0", "Selector0", "Types1", "Ingress1", "Egress1", "Age0"], columns);
        Assert.Equal(columns.Length, table["rows"]![0]!["cells"]!.AsArray().Count);
        Assert.Equal(("PartialObjectMetadata", "a"), ((string?)table["rows"]![0]!["object"]!["kind"], (string?)table["rows"]![0]!["object"]!["metadata"]!["name"]));
    }

    [Fact]
    public async Task Watches_ManyAtOnce_AllSeeAChange()
    {
        string path = await NewNamespaceAsync();
        string from = (string)(await server.SendAsync("GET", path)).Body["metadata"]!["resourceVersion"]!;
        Task<List<JsonNode>>[] watches = [.. Enumerable.Range(0, 300).Select(_ => server.ReadLinesAsync($"{path}?watch=1&resourceVersion={from}", e => e.Count == 1))];
        await PolicyAsync(path, "seen");
        foreach (Task<List<JsonNode>> watch in watches) Assert.Equal("seen", (string?)Assert.Single(await watch)["object"]!["metadata"]!["name"]);
    }
}
