using System.Net;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>Virtual networks at the server: VNIs, blocks of each network by itself, what may go and what must stay.</summary>
public sealed class VirtualNetworkTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Root = RunningServer.Calico;

    private static string NetworksOf(string ns) => $"/apis/margay.dev/v1/namespaces/{ns}/virtualnetworks";

    private static string Network(string name, string more = "") => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"subnets":[{"cidr":"10.0.0.0/24","blockSize":28}]{{{more}}}} }""";

    private static string Endpoint(string name, string node, string address, string network) =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"orchestrator":"cni","workload":"w","node":"{{{node}}}","endpoint":"eth0","network":"{{{network}}}","interfaceName":"mg0","ipNetworks":["{{{address}}}"]} }""";

    private async Task<string> NamespaceAsync()
    {
        string name = server.NewName("ns");
        await server.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"} }""");
        return name;
    }

    private async Task<string> NodeAsync()
    {
        string name = server.NewName("node");
        await server.CreateAsync($"{Root}/nodes", $$$"""{"metadata":{"name":"{{{name}}}"} }""");
        return name;
    }

    private async Task<JsonNode> ClaimAsync(string node, string network, int version = 4) =>
        (await server.SendAsync("POST", $"/nodesync/v1/nodes/{node}/blocks", $$$"""{"ipVersion":{{{version}}},"network":"{{{network}}}"}""")).Body;

    [Fact]
    public async Task Vni_IsChosen_KeptAndGivenBack()
    {
        string ns = await NamespaceAsync();
        (_, JsonNode a) = await server.SendAsync("POST", NetworksOf(ns), Network("a"));
        (_, JsonNode b) = await server.SendAsync("POST", NetworksOf(ns), Network("b"));
        int vni = (int)a["spec"]!["vni"]!;
        Assert.True(vni >= 10_000);
        Assert.NotEqual(vni, (int)b["spec"]!["vni"]!);

        // Applied again without the VNI, as from a file in version control.
        (HttpStatusCode code, JsonNode again) = await server.SendAsync("PUT", $"{NetworksOf(ns)}/a", Network("a", ",\"mtu\":1400"));
        Assert.Equal((HttpStatusCode.OK, vni), (code, (int)again["spec"]!["vni"]!));

        (code, JsonNode refused) = await server.SendAsync("POST", NetworksOf(ns), Network("c", $",\"vni\":{vni}"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.vni"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
        Assert.Contains($"{ns}.a", (string)refused["message"]!, StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{NetworksOf(ns)}/a");
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", NetworksOf(ns), Network("c", $",\"vni\":{vni}"))).Code);
    }

    [Fact]
    public async Task AnAddressOfAReservedRange_IsGivenToOneNodeAfterTheOther_AndNotWhileInUse()
    {
        string ns = await NamespaceAsync(), one = await NodeAsync(), two = await NodeAsync(), network = $"{ns}.net";
        await server.SendAsync("POST", NetworksOf(ns), """{"metadata":{"name":"net"},"spec":{"subnets":[{"cidr":"10.0.0.0/24","blockSize":28,"reserved":["10.0.0.64-10.0.0.100"]}]} }""");
        async Task<JsonNode> AskAsync(string node, string address) =>
            (await server.SendAsync("POST", $"/nodesync/v1/nodes/{node}/blocks", $$$"""{"ipVersion":4,"network":"{{{network}}}","address":"{{{address}}}"}""")).Body;

        JsonNode given = await AskAsync(one, "10.0.0.70");
        Assert.Equal("10.0.0.70/32", (string?)given["block"]!["cidr"]);
        Assert.Equal(given.ToJsonString(), (await AskAsync(one, "10.0.0.70")).ToJsonString());
        await server.CreateAsync($"{Root}/namespaces/{ns}/workloadendpoints", Endpoint("w", one, "10.0.0.70/32", network));
        Assert.Contains($"10.0.0.70 is in use by WorkloadEndpoint {ns}/w on host:{one}; detach", (string)(await AskAsync(two, "10.0.0.70"))["refusal"]!, StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{Root}/namespaces/{ns}/workloadendpoints/w");
        Assert.Equal((long)1, (long)(await AskAsync(two, "10.0.0.70"))["block"]!["sequence"]!);
        Assert.Equal((long)2, (long)(await AskAsync(one, "10.0.0.70"))["block"]!["sequence"]!);

        foreach ((string address, string why) in ((string, string)[])[("10.0.0.97", "10.0.0.96/28 is not reserved"), ("10.0.0.1", "is not reserved"), ("10.1.0.1", "is in no subnet")])
            Assert.Contains(why, (string)(await AskAsync(one, address))["refusal"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync("POST", $"/nodesync/v1/nodes/{one}/blocks", $$$"""{"ipVersion":4,"network":"{{{network}}}","address":"x"}""")).Code);
        Assert.Contains("virtual networks only", (string)(await server.SendAsync("POST", $"/nodesync/v1/nodes/{one}/blocks", """{"ipVersion":4,"address":"10.0.0.70"}""")).Body["refusal"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vni_AskedForAtTheSameMoment_IsOneNetworksOnly()
    {
        string ns = await NamespaceAsync();
        JsonNode[] made = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i => (await server.SendAsync("POST", NetworksOf(ns), Network($"n{i}"))).Body));
        Assert.Equal(8, made.Select(n => (int)n["spec"]!["vni"]!).Distinct().Count());
    }

    [Fact]
    public async Task Blocks_OfTwoNetworks_HaveTheSameAddresses()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), Network("a"));
        await server.CreateAsync(NetworksOf(ns), Network("b"));
        JsonNode a = await ClaimAsync(node, $"{ns}.a"), b = await ClaimAsync(node, $"{ns}.b");
        Assert.Equal((string?)a["block"]!["cidr"], (string?)b["block"]!["cidr"]);
        Assert.Equal($"{ns}.a/10.0.0.0/24", (string?)a["block"]!["pool"]);
        Assert.NotEqual((string?)a["block"]!["cidr"], (string?)(await ClaimAsync(node, $"{ns}.a"))["block"]!["cidr"]);
        Assert.Contains("there is no VirtualNetwork", (string?)(await ClaimAsync(node, $"{ns}.x"))["refusal"], StringComparison.Ordinal);
        Assert.Contains("no IPv6 pool", (string?)(await ClaimAsync(node, $"{ns}.a", 6))["refusal"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_NeedsItsNetwork_AndMayHaveTheAddressOfAnotherNetworks()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        string endpoints = $"{Root}/namespaces/{ns}/workloadendpoints";
        (HttpStatusCode code, JsonNode refused) = await server.SendAsync("POST", endpoints, Endpoint("e", node, "10.0.0.1/32", "a"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.network"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));

        await server.CreateAsync(NetworksOf(ns), Network("a"));
        await server.CreateAsync(NetworksOf(ns), Network("b"));
        (code, JsonNode made) = await server.SendAsync("POST", endpoints, Endpoint("e", node, "10.0.0.1/32", "a"));
        Assert.Equal((HttpStatusCode.Created, $"{ns}.a"), (code, (string?)made["spec"]!["network"]));
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", endpoints, Endpoint("f", node, "10.0.0.1/32", "b"))).Code);
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("POST", endpoints, Endpoint("g", node, "10.0.0.1/32", "b"))).Code);

        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("DELETE", $"{NetworksOf(ns)}/a")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{endpoints}/e")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{NetworksOf(ns)}/a")).Code);
    }

    [Fact]
    public async Task Network_TakesItsBlocksAlong_AndASubnetInUseStays()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), Network("a"));
        await ClaimAsync(node, $"{ns}.a");
        (HttpStatusCode code, JsonNode refused) = await server.SendAsync("PATCH", $"{NetworksOf(ns)}/a", """{"spec":{"subnets":[{"cidr":"10.9.0.0/24"}]}}""", "application/merge-patch+json");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.subnets"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
        code = (await server.SendAsync("PATCH", $"{NetworksOf(ns)}/a", """{"spec":{"subnets":[{"cidr":"10.0.0.0/24","blockSize":28},{"cidr":"fd00::/112"}]}}""", "application/merge-patch+json")).Code;
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{NetworksOf(ns)}/a")).Code);
        (_, JsonNode blocks) = await server.SendAsync("GET", $"{Root}/ipamblocks");
        Assert.DoesNotContain(blocks["items"]!.AsArray(), b => (string?)b!["spec"]!["network"] == $"{ns}.a");
    }

    [Fact]
    public async Task Namespace_TakesItsNetworksAlong()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), Network("a", ",\"vni\":77"));
        await ClaimAsync(node, $"{ns}.a");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"/api/v1/namespaces/{ns}")).Code);
        string other = await NamespaceAsync();
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", NetworksOf(other), Network("a", ",\"vni\":77"))).Code);
        (_, JsonNode blocks) = await server.SendAsync("GET", $"{Root}/ipamblocks");
        Assert.DoesNotContain(blocks["items"]!.AsArray(), b => (string?)b!["spec"]!["network"] == $"{ns}.a");
    }

    [Fact]
    public async Task EndpointsBeyondTheLimit_AreRefused_AndNeverMoreThanItAreThere_WhoeverComesAtOnce()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), Network("a", ",\"limits\":{\"endpoints\":3}"));
        string endpoints = $"{Root}/namespaces/{ns}/workloadendpoints";
        (HttpStatusCode Code, JsonNode Body)[] answers = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => server.SendAsync("POST", endpoints, Endpoint($"w{i}", node, $"10.0.0.{i}/32", $"{ns}.a"))));
        Assert.Equal(3, answers.Count(a => a.Code == HttpStatusCode.Created));
        Assert.All(answers.Where(a => a.Code != HttpStatusCode.Created), a => Assert.Equal(HttpStatusCode.Forbidden, a.Code));
        Assert.Contains($"network {ns}/a has 3 endpoints, and spec.limits.endpoints allows 3", (string?)answers.First(a => a.Code == HttpStatusCode.Forbidden).Body["message"], StringComparison.Ordinal);
        string there = (string)answers.First(a => a.Code == HttpStatusCode.Created).Body["metadata"]!["name"]!;
        await server.SendAsync("DELETE", $"{endpoints}/{there}");
        await server.CreateAsync(endpoints, Endpoint("another", node, "10.0.0.100/32", $"{ns}.a"));
    }

    [Fact]
    public async Task ReservedBlocks_AreNobodys()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), $$$"""{"metadata":{"name":"a"},"spec":{"subnets":[{"cidr":"10.0.0.0/26","blockSize":28,"reserved":["10.0.0.0/27","10.0.0.40"]}]} }""");
        string?[] blocks = [(string?)(await ClaimAsync(node, $"{ns}.a"))["block"]!["cidr"], (string?)(await ClaimAsync(node, $"{ns}.a"))["block"]!["cidr"]];
        Assert.Equal(["10.0.0.32/28", "10.0.0.48/28"], blocks.Order());
        Assert.Contains("(2 claimed, 2 reserved)", (string?)(await ClaimAsync(node, $"{ns}.a"))["refusal"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conditions_FollowWhatNodesReport()
    {
        string ns = await NamespaceAsync(), node = await NodeAsync();
        await server.CreateAsync(NetworksOf(ns), Network("a"));
        Assert.Equal("True no workload yet", await ProgrammedAsync(ns, "True"));
        await server.CreateAsync($"{Root}/namespaces/{ns}/workloadendpoints", Endpoint("w", node, "10.0.0.1/32", $"{ns}.a"));
        Assert.Equal("False programmed on 0/1 nodes", await ProgrammedAsync(ns, "False"));
        (HttpStatusCode code, _) = await server.SendAsync("PATCH", $"{Root}/namespaces/{ns}/workloadendpoints/w/status", """{"status":{"state":"Up"} }""", "application/merge-patch+json");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("True programmed on 1/1 nodes", await ProgrammedAsync(ns, "True"));
        await server.SendAsync("DELETE", $"{Root}/namespaces/{ns}/workloadendpoints/w");
        await ProgrammedAsync(ns, "True", "no workload yet");
    }

    /// <summary>Condition Programmed as a watch of the network tells it, as soon as it has this value.</summary>
    private async Task<string> ProgrammedAsync(string ns, string value, string message = "")
    {
        string found = "";
        await server.ReadLinesAsync($"{NetworksOf(ns)}?watch=true", lines =>
        {
            if (lines.Count == 0) return false;
            JsonNode? condition = lines[^1]["object"]!["status"]?["conditions"]?.AsArray().SingleOrDefault(c => (string?)c!["type"] == "Programmed");
            found = $"{condition?["status"]} {condition?["message"]}";
            return found.StartsWith($"{value} {message}", StringComparison.Ordinal);
        });
        return found;
    }
}
