using System.Text.Json;
using Margay.Interop.Netlink;

namespace Margay.Interop.Agent;

/// <summary>Limits that are written to the server stand in the kernel of the endpoint's host, with nothing left to warn of.</summary>
public sealed class LimitTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AnnotationsOfAWorkload_ReachTheKernel()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        await host.AttachAsync("a");
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 1, s_patience);
        JsonElement endpoint = JsonDocument.Parse((await SendAsync(host, "GET", "/apis/projectcalico.org/v3/workloadendpoints", null)).Body).RootElement.GetProperty("items")[0].GetProperty("metadata");
        string path = $"/apis/projectcalico.org/v3/namespaces/{endpoint.GetProperty("namespace").GetString()}/workloadendpoints/{endpoint.GetProperty("name").GetString()}";
        (int status, string body) = await SendAsync(host, "PATCH", path,
            """
            {"metadata":{"annotations":{"qos.projectcalico.org/egressMaxConnections":"3","qos.projectcalico.org/ingressBandwidth":"8M","qos.projectcalico.org/ingressPeakrate":"16M",
             "qos.projectcalico.org/dscp":"EF"}}}
            """);
        Assert.True(status == 200, body);
        Assert.DoesNotContain("not implemented", body, StringComparison.Ordinal);
        string rules = "";
        await Eventually.Async(() => Task.FromResult((rules = Tool.Run("ip", ["netns", "exec", host.Name, "nft", "list", "ruleset"])).Contains("ct count over 3", StringComparison.Ordinal)), s_patience);
        Assert.All(["limit rate over 1000000 bytes/second", "limit rate over 2000000 bytes/second", "ip dscp set ef", "ip6 dscp set ef"], limit => Assert.Contains(limit, rules, StringComparison.Ordinal));
    }

    private static Task<(int Status, string Body)> SendAsync(AgentHost host, string method, string path, string? body) => ServerRequest.SendAsync(host.Namespace, "127.0.0.1", method, path, body);
}
