using System.Net;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>The rules between objects. Each test has ranges and names of its own.</summary>
public sealed class AdmissionTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Root = RunningServer.Calico;

    private static string Pool(string name, string cidr) => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"cidr":"{{{cidr}}}"} }""";
    private static string Endpoint(string name, string address, string node = "n", string network = "default") =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"orchestrator":"cni","workload":"w","node":"{{{node}}}","endpoint":"eth0","network":"{{{network}}}","interfaceName":"mg{{{name}}}","ipNetworks":["{{{address}}}"]} }""";

    private Task<(HttpStatusCode Code, JsonNode Body)> ClaimAsync(string node, int version = 4, string? pool = null) =>
        server.SendAsync("POST", $"/nodesync/v1/nodes/{node}/blocks",
            $$$"""{"ipVersion":{{{version}}},"pools":{{{(pool is null ? "null" : $"[\"{pool}\"]")}}} }""");

    [Theory]
    [InlineData("10.10.0.0/16", "10.10.4.0/22")]
    [InlineData("10.11.4.0/22", "10.11.0.0/16")]
    [InlineData("10.12.0.0/24", "10.12.0.0/24")]
    [InlineData("fd10::/64", "fd10::/80")]
    public async Task Pools_Overlapping_AreRefusedNamingBoth(string first, string second)
    {
        string name = server.NewName("pool"), other = server.NewName("pool");
        await server.CreateAsync($"{Root}/ippools", Pool(name, first));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", $"{Root}/ippools", Pool(other, second));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        string message = (string)status["details"]!["causes"]![0]!["message"]!;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{Root}/ippools/{name}");
    }

    [Fact]
    public async Task Pools_OverlappingAtTheSameMoment_OnlyOneIsMade()
    {
        string prefix = server.NewName("race");
        HttpStatusCode[] codes = await Task.WhenAll(Enumerable.Range(16, 9).Select(async length => (await server.SendAsync("POST", $"{Root}/ippools", Pool($"{prefix}-{length}", $"10.20.0.0/{length}"))).Code));
        Assert.Single(codes, c => c == HttpStatusCode.Created);
        Assert.Equal(8, codes.Count(c => c == HttpStatusCode.UnprocessableEntity));
    }

    [Theory]
    [InlineData("""{"spec":{"cidr":"10.31.0.0/16"}}""", "spec.cidr")]
    [InlineData("""{"spec":{"blockSize":27}}""", "spec.blockSize")]
    public async Task Pool_RangeAndBlockSize_NeverChange(string patch, string field)
    {
        string name = server.NewName("pool");
        await server.CreateAsync($"{Root}/ippools", Pool(name, "10.30.0.0/16"));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("PATCH", $"{Root}/ippools/{name}", patch, "application/merge-patch+json");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, field), (code, (string?)status["details"]!["causes"]![0]!["field"]));
        await server.SendAsync("DELETE", $"{Root}/ippools/{name}");
    }

    [Fact]
    public async Task Pool_InUse_StaysUntilItsBlocksAreGone()
    {
        string pool = server.NewName("pool"), node = server.NewName("node");
        await server.CreateAsync($"{Root}/ippools", Pool(pool, "10.40.0.0/26"));
        await server.CreateAsync($"{Root}/nodes", $$$"""{"metadata":{"name":"{{{node}}}"} }""");
        (_, JsonNode claim) = await ClaimAsync(node, pool: pool);
        string cidr = (string)claim["block"]!["cidr"]!;
        Assert.Equal(("10.40.0.0/26", pool), (cidr, (string?)claim["block"]!["pool"]));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("DELETE", $"{Root}/ippools/{pool}");
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Contains($"host:{node}", (string?)status["message"], StringComparison.Ordinal);
        (_, JsonNode second) = await ClaimAsync(node, pool: pool);
        Assert.Contains("exhausted", (string?)second["refusal"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Root}/ipamblocks/{Api.Resources.IPAMBlock.NameOf(cidr)}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Root}/ippools/{pool}")).Code);
    }

    [Fact]
    public async Task Blocks_ClaimedAtTheSameMoment_GoToOneNodeEach()
    {
        string pool = server.NewName("pool");
        await server.CreateAsync($"{Root}/ippools", Pool(pool, "10.50.0.0/22"));
        string[] nodes = [.. Enumerable.Range(0, 8).Select(_ => server.NewName("node"))];
        foreach (string node in nodes) await server.CreateAsync($"{Root}/nodes", $$$"""{"metadata":{"name":"{{{node}}}"} }""");
        JsonNode[] replies = await Task.WhenAll(nodes.Concat(nodes).Concat(nodes).Select(async n => (await ClaimAsync(n, pool: pool)).Body));
        string[] blocks = [.. replies.Where(r => r["block"] is not null).Select(r => (string)r["block"]!["cidr"]!)];
        Assert.Equal(16, blocks.Length);
        Assert.Equal(16, blocks.Distinct().Count());
        Assert.All(replies.Where(r => r["block"] is null), r => Assert.Contains("exhausted", (string?)r["refusal"], StringComparison.Ordinal));
        foreach (string node in nodes) Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Root}/nodes/{node}")).Code);
        // The blocks went with their nodes.
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Root}/ippools/{pool}")).Code);
    }

    [Fact]
    public async Task Claim_UnknownNodeOrFaultyBody_IsRefusedInWords()
    {
        (HttpStatusCode code, JsonNode reply) = await ClaimAsync("nobody");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Contains("nobody", (string?)reply["refusal"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await ClaimAsync("nobody", 5)).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync("POST", "/nodesync/v1/nodes/n/blocks", "{")).Code);
    }

    [Fact]
    public async Task Address_HeldTwiceInOneNetwork_IsRefused_FreedOneIsNot()
    {
        const string Path = Root + "/namespaces/default/workloadendpoints";
        string a = server.NewName("ep"), b = server.NewName("ep");
        await server.CreateAsync(Path, Endpoint(a, "10.60.0.1/32"));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", Path, Endpoint(b, "10.60.0.1/32"));
        Assert.Equal((HttpStatusCode.Conflict, "Conflict"), (code, (string?)status["reason"]));
        Assert.Contains($"default/{a}", (string?)status["message"], StringComparison.Ordinal);
        await server.SendAsync("PATCH", $"{Path}/{a}", """{"spec":{"ipNetworks":["10.60.0.2/32"]}}""", "application/merge-patch+json");
        await server.CreateAsync(Path, Endpoint(b, "10.60.0.1/32"));
        await server.SendAsync("DELETE", $"{Path}/{a}");
        await server.CreateAsync(Path, Endpoint(server.NewName("ep"), "10.60.0.2/32"));
    }

    [Fact]
    public async Task Address_RacedFor_GoesToOne()
    {
        HttpStatusCode[] codes = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await server.SendAsync("POST", $"{Root}/namespaces/default/workloadendpoints", Endpoint(server.NewName("ep"), "10.61.0.1/32"))).Code));
        Assert.Single(codes, c => c == HttpStatusCode.Created);
        Assert.Equal(19, codes.Count(c => c == HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task Node_WithEndpoints_Stays()
    {
        string node = server.NewName("node"), endpoint = server.NewName("ep");
        await server.CreateAsync($"{Root}/nodes", $$$"""{"metadata":{"name":"{{{node}}}"} }""");
        await server.CreateAsync($"{Root}/namespaces/default/workloadendpoints", Endpoint(endpoint, "10.62.0.1/32", node));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("DELETE", $"{Root}/nodes/{node}");
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Contains($"default/{endpoint}", (string?)status["message"], StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{Root}/namespaces/default/workloadendpoints/{endpoint}");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Root}/nodes/{node}")).Code);
    }

    [Fact]
    public async Task Namespace_Missing_Says404WithTheRemedy()
    {
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", $"{Root}/namespaces/nowhere/networksets", """{"metadata":{"name":"a"}}""");
        Assert.Equal((HttpStatusCode.NotFound, "namespaces"), (code, (string?)status["details"]!["kind"]));
        Assert.Contains("kubectl create namespace nowhere", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Namespace_Deletion_TakesPoliciesAlong_ButNotEndpoints()
    {
        string ns = server.NewName("ns");
        await server.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{ns}}}"} }""");
        await server.CreateAsync($"{Root}/namespaces/{ns}/networkpolicies", """{"metadata":{"name":"p"}}""");
        await server.CreateAsync($"{Root}/namespaces/{ns}/workloadendpoints", Endpoint("ep", "10.63.0.1/32"));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("DELETE", $"/api/v1/namespaces/{ns}");
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Contains("1 workload endpoint", (string?)status["message"], StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{Root}/namespaces/{ns}/workloadendpoints/ep");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"/api/v1/namespaces/{ns}")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("GET", $"{Root}/namespaces/{ns}/networkpolicies/p")).Code);
    }

    [Theory]
    [InlineData("DELETE", "/api/v1/namespaces/default")]
    [InlineData("DELETE", RunningServer.Calico + "/profiles/projectcalico-default-allow")]
    public async Task BuiltIns_AreProtected(string method, string path) =>
        Assert.Equal(HttpStatusCode.Forbidden, (await server.SendAsync(method, path)).Code);

    [Theory]
    [InlineData("""{"metadata":{"name":"wrong"},"spec":{"cidr":"10.70.0.0/26","pool":"p70","affinity":"host:n"}}""", "metadata.name")]
    [InlineData("""{"metadata":{"name":"10-70-0-0-26"},"spec":{"cidr":"10.70.0.0/26","pool":"none"}}""", "spec.pool")]
    public async Task Block_MustFitItsPool(string body, string field)
    {
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", $"{Root}/ipamblocks", body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Contains(status["details"]!["causes"]!.AsArray(), c => (string?)c!["field"] == field);
    }
}
