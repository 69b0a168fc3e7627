using System.Text.Json.Nodes;

namespace Margay.Ctl.Tests.Commands;

/// <summary><c>margay network</c> against a server.</summary>
public class NetworkCommandTests : CliFixture
{
    public NetworkCommandTests() => Variables["MARGAY_AGENT_SOCKET"] = "/nonexistent/agent.sock";

    private async Task CreateAsync(string tenant, string spec)
    {
        (int status, _, string error) = await RunAsync(["create", "-f", "-"], $$"""{"apiVersion":"margay.dev/v1","kind":"VirtualNetwork","metadata":{"name":"net","namespace":"{{tenant}}"},"spec":{{spec}}}""");
        Assert.True(status == 0, error);
    }

    [Fact]
    public async Task List_HasEveryNetwork_AsATableAndForScripts()
    {
        await CreateAsync("red", """{"vni":10001,"subnets":[{"cidr":"10.0.0.0/16"}]}""");
        await CreateAsync("green", """{"vni":10002,"subnets":[{"cidr":"10.0.0.0/16"}]}""");
        (int status, string output, _) = await RunAsync("network", "list");
        Assert.Equal(0, status);
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal(["NETWORK", "VNI", "SUBNETS", "WORKLOADS", "NODES", "STATE"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("green/net  10002", lines[1], StringComparison.Ordinal);
        Assert.Contains("IMPORT", (await RunAsync("network", "list", "-o", "wide")).Out, StringComparison.Ordinal);
        JsonArray json = JsonNode.Parse((await RunAsync("network", "list", "-o", "json")).Out)!.AsArray();
        Assert.Equal("64512:10001", (string)json[1]!["import"]![0]!);
    }

    [Fact]
    public async Task Show_TakesEitherWayOfNaming_AndSaysWhatThereIsOtherwise()
    {
        await CreateAsync("red", """{"vni":10001,"subnets":[{"cidr":"10.0.0.0/16"}]}""");
        foreach (string name in (string[])["red/net", "red.net"]) Assert.Contains("state: not looked at by the server yet", (await RunAsync("network", "show", name)).Out, StringComparison.Ordinal);
        (int status, _, string error) = await RunAsync("network", "show", "green/net");
        Assert.Equal(1, status);
        Assert.Contains("margay network list", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lint_FailsWhenThereIsAProblem_AndSaysWhatItDidNotLookAt()
    {
        await CreateAsync("red", """{"vni":10001,"subnets":[{"cidr":"10.0.0.0/16"}]}""");
        (int status, string output, _) = await RunAsync("network", "lint");
        Assert.Equal(0, status);
        Assert.Contains("no problems", output, StringComparison.Ordinal);
        Assert.Contains("no routes or tunnels were looked at", output, StringComparison.Ordinal);
        await CreateAsync("green", """{"vni":10002,"subnets":[{"cidr":"10.0.0.0/16"}],"routeTargets":{"import":["64512:10001"]}}""");
        (status, output, _) = await RunAsync("network", "lint", "-o", "json");
        Assert.Equal(1, status);
        Assert.Equal("RouteLeak", (string)JsonNode.Parse(output)!.AsArray()[0]!["problem"]!);
    }
}
