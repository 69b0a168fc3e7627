using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>The stream of a node's view.</summary>
public sealed class NodeSyncTests(RunningServer server) : IClassFixture<RunningServer>
{
    private Task<JsonNode> NodeAsync(string name, string address) =>
        server.CreateAsync($"{RunningServer.Calico}/nodes", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"bgp":{"ipv4Address":"{{{address}}}/24"} } }""");

    private static bool Says(JsonNode line, string address) => (string?)line["settings"]?["ipv4Address"] == address;

    [Fact]
    public async Task View_BeginsWithASnapshot_ThenTellsDeltas()
    {
        string node = server.NewName("node");
        List<JsonNode> lines = await server.ReadLinesAsync($"/nodesync/v1/nodes/{node}/view", l => l.Any(x => Says(x, "192.0.2.7")), async () => await NodeAsync(node, "192.0.2.7"));
        Assert.True((bool)lines[0]["snapshot"]!);
        JsonNode delta = lines.Last();
        Assert.False((bool)delta["snapshot"]!);
        Assert.Equal((string?)lines[0]["epoch"], (string?)delta["epoch"]);
        Assert.True((long)delta["revision"]! > (long)lines[0]["revision"]!);
    }

    [Fact]
    public async Task View_ResumedFromWhatTheAgentHas_TellsOnlyWhatFollows()
    {
        string node = server.NewName("node"), path = $"/nodesync/v1/nodes/{node}/view";
        JsonNode first = (await server.ReadLinesAsync(path, l => l.Count == 1))[0];
        await NodeAsync(node, "192.0.2.8");
        List<JsonNode> resumed = await server.ReadLinesAsync($"{path}?epoch={first["epoch"]}&revision={first["revision"]}", l => l.Any(x => Says(x, "192.0.2.8")));
        Assert.DoesNotContain(resumed, l => (bool)l["snapshot"]!);
    }

    [Theory]
    [InlineData("epoch=another&revision=1")]
    [InlineData("revision=1")]
    [InlineData("")]
    public async Task View_OfAnotherLife_BeginsWithASnapshot(string query)
    {
        string node = server.NewName("node"), path = $"/nodesync/v1/nodes/{node}/view";
        await server.ReadLinesAsync(path, l => l.Count == 1);
        Assert.True((bool)(await server.ReadLinesAsync($"{path}?{query}", l => l.Count == 1))[0]["snapshot"]!);
    }

    [Fact]
    public async Task View_RevisionOfTheFuture_BeginsWithASnapshot()
    {
        string node = server.NewName("node"), path = $"/nodesync/v1/nodes/{node}/view";
        JsonNode first = (await server.ReadLinesAsync(path, l => l.Count == 1))[0];
        Assert.True((bool)(await server.ReadLinesAsync($"{path}?epoch={first["epoch"]}&revision=9999999", l => l.Count == 1))[0]["snapshot"]!);
    }

    [Fact]
    public async Task View_Quiet_KeepsAlive()
    {
        List<JsonNode> lines = await server.ReadLinesAsync($"/nodesync/v1/nodes/{server.NewName("node")}/view", l => l.Count == 2);
        Assert.True((bool)lines[1]["keepAlive"]!);
    }

    [Fact]
    public async Task View_ManyChangesWhileNobodyReads_EndsInTheSameState()
    {
        string node = server.NewName("node"), path = $"/nodesync/v1/nodes/{node}/view";
        JsonNode first = (await server.ReadLinesAsync(path, l => l.Count == 1))[0];
        await NodeAsync(node, "192.0.2.1");
        // More deltas than are kept for a stream that is away.
        for (int i = 0; i < 600; i++)
        {
            await server.SendAsync("PATCH", $"{RunningServer.Calico}/nodes/{node}", $$$"""{"spec":{"bgp":{"ipv4Address":"198.51.{{{i / 200}}}.{{{i % 200}}}/24"} } }""", "application/merge-patch+json");
        }
        List<JsonNode> lines = await server.ReadLinesAsync($"{path}?epoch={first["epoch"]}&revision={first["revision"]}", l => l.Any(x => Says(x, "198.51.2.199")));
        Assert.True((bool)lines[0]["snapshot"]!);
    }

    [Fact]
    public async Task Path_Unknown_Is404_WrongMethod_Is405()
    {
        Assert.Equal(404, (int)(await server.SendAsync("GET", "/nodesync/v1/nodes/n/nothing")).Code);
        Assert.Equal(405, (int)(await server.SendAsync("POST", "/nodesync/v1/nodes/n/view")).Code);
    }
}
