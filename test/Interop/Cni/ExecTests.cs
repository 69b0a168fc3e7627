using System.Text.Json;
using Margay.Interop.Agent;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Cni;

/// <summary>The plugin as a runtime executes it, against the real agent, server and kernel.</summary>
public sealed class ExecTests
{
    [Fact]
    public async Task AddCheckDelete_OfTheSpecification()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        string a = await host.AttachAsync("a"), b = await host.AttachAsync("b");
        Assert.Contains("1 packets received", host.In("a", "busybox", "ping", "-c1", "-W2", b), StringComparison.Ordinal);
        Assert.Contains($"{a}/32", host.In("a", "ip", "-4", "-o", "addr", "show", "dev", "eth0"), StringComparison.Ordinal);
        Assert.Contains("default via 169.254.1.1", host.In("a", "ip", "route"), StringComparison.Ordinal);

        (int exit, JsonElement again) = await host.CniAsync("ADD", "a");
        Assert.Equal((0, a), (exit, AgentHost.AddressOf(again)));
        string previous = $",\"prevResult\":{again.GetRawText()}";
        Assert.Equal(0, (await host.CniAsync("CHECK", "a", previous)).Exit);

        host.In("a", "ip", "addr", "del", $"{a}/32", "dev", "eth0");
        (exit, JsonElement found) = await host.CniAsync("CHECK", "a", previous);
        Assert.Equal(1, exit);
        Assert.Contains($"lacks the address {a}", found.GetProperty("msg").GetString(), StringComparison.Ordinal);

        for (int i = 0; i < 2; i++) Assert.Equal(0, (await host.CniAsync("DEL", "a", previous)).Exit);
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 1 && host.HostInterfaces().Count == 1, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    public async Task OlderVersions_GetTheirForm(string version)
    {
        await using AgentHost host = await AgentHost.StartAsync();
        host.AddWorkload("a");
        (int exit, JsonElement result) = await host.CniAsync("ADD", "a", version: version);
        Assert.Equal(0, exit);
        Assert.Equal((version, "4"), (result.GetProperty("cniVersion").GetString(), result.GetProperty("ips")[0].GetProperty("version").GetString()));
    }

    [Fact]
    public async Task Delete_SucceedsWhenTheNamespaceIsGone_AndForWhatWasNeverThere()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        await host.AttachAsync("a");
        NetworkNamespace.Delete($"{host.Name}-a");
        Assert.Equal(0, (await host.CniAsync("DEL", "a")).Exit);
        Assert.Equal(0, (await host.CniAsync("DEL", "never", netns: "")).Exit);
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 0 && host.InUse() == 0, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task ATakenInterfaceName_IsRefused_AndNothingIsLeft()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        host.AddWorkload("a");
        host.In("a", "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other");
        (int exit, JsonElement error) = await host.CniAsync("ADD", "a");
        Assert.Equal((1, 101), (exit, error.GetProperty("code").GetInt32()));
        Assert.Contains("eth0", error.GetProperty("msg").GetString(), StringComparison.Ordinal);
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 0 && host.InUse() == 0, TimeSpan.FromSeconds(10));
        Assert.Empty(host.HostInterfaces());
    }

    [Fact]
    public async Task ANamespaceThatIsNone_IsRefused()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        (int exit, JsonElement error) = await host.CniAsync("ADD", "a", netns: "/etc/hostname");
        Assert.Equal((1, 3), (exit, error.GetProperty("code").GetInt32()));
        await Eventually.Async(() => Task.FromResult(host.InUse() == 0), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task AnExhaustedPool_IsSaid_AndAFreedAddressIsGivenAgain()
    {
        await using AgentHost host = await AgentHost.StartAsync("10.65.0.0/28");
        for (int i = 0; i < 16; i++) await host.AttachAsync($"c{i}");
        host.AddWorkload("last");
        (int exit, JsonElement error) = await host.CniAsync("ADD", "last");
        Assert.Equal((1, 100), (exit, error.GetProperty("code").GetInt32()));
        Assert.Equal(0, (await host.CniAsync("DEL", "c7")).Exit);
        await Eventually.Async(async () => (await host.CniAsync("ADD", "last")).Exit == 0, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task ASpoofedSource_GoesNowhere()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        await host.AttachAsync("a");
        string b = await host.AttachAsync("b");
        host.In("a", "ip", "addr", "add", "10.65.200.1/32", "dev", "eth0");
        host.In("a", "ip", "route", "add", b, "via", "169.254.1.1", "dev", "eth0", "src", "10.65.200.1");
        Assert.Contains("100% packet loss", host.In("a", "sh", "-c", $"busybox ping -c2 -W1 {b}; true"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoAgent_MeansTryAgainLater()
    {
        await using AgentHost host = new();
        (int exit, JsonElement error) = await host.CniAsync("ADD", "a");
        Assert.Equal((1, 11), (exit, error.GetProperty("code").GetInt32()));
    }
}
