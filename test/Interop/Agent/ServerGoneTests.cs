using System.Text.Json;

namespace Margay.Interop.Agent;

/// <summary>The server goes away; the node says so where it must, and does the rest.</summary>
public sealed class ServerGoneTests
{
    [Fact]
    public async Task Add_IsRefusedWithNothingLeft_AndWorksAgainWhenTheServerIsBack()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        await host.AttachAsync("a");
        host.KillServer();
        host.AddWorkload("b");
        (int exit, JsonElement result) = await host.CniAsync("ADD", "b");
        Assert.Equal(1, exit);
        Assert.Equal(11, result.GetProperty("code").GetInt32());
        Assert.Contains("server", result.GetProperty("msg").GetString(), StringComparison.Ordinal);
        Assert.Single(host.HostInterfaces());

        await host.StartServerAsync();
        await host.WaitForServerContactAsync();
        (exit, result) = await host.CniAsync("ADD", "b");
        Assert.True(exit == 0, $"{result}");
        Assert.Equal(2, (await host.ServerEndpointsAsync()).Count);
    }

    [Fact]
    public async Task Delete_Succeeds_AndTheRecordGoesWhenTheServerIsBack_EvenAfterARestart()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        await host.AttachAsync("a");
        host.KillServer();
        Assert.Equal(0, (await host.CniAsync("DEL", "a")).Exit);
        await Eventually.Async(() => Task.FromResult(host.HostInterfaces().Count == 0), TimeSpan.FromSeconds(10));
        Assert.Equal(2, host.InUse());
        host.KillAgent();
        await host.StartAgentAsync();
        await host.StartServerAsync();
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 0 && host.InUse() == 0, TimeSpan.FromSeconds(30));
    }
}
