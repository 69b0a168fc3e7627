using Margay.Lab.Checks;
using Margay.Lab.State;

namespace Margay.Interop.Lab;

/// <summary>
/// What `make demo` shows, as a test: the whole path from manifests to packets, through FRR and BIRD, by both families; and what is left of it while
/// parts are dead, and after they are back.
/// </summary>
public class DemoTests(DemoFixture demo) : IClassFixture<DemoFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private LabFixture Lab => demo.Lab;

    [Fact]
    public async Task Matrix_IsAsExpected()
    {
        await AssertMatrixAsync();
        Assert.Equal(12, Lab.State.Attachments.Count);
        Assert.All(Lab.State.Attachments, a => Assert.Equal(2, a.Addresses.Count));
    }

    [Fact]
    public async Task Addresses_AreUnique()
    {
        string[] addresses = [.. Lab.State.Attachments.SelectMany(a => a.Addresses)];
        await Task.CompletedTask;
        Assert.Equal(addresses.Length, addresses.Distinct().Count());
    }

    [Theory]
    [InlineData("tor1", "vtysh", "-c", "show bgp ipv4 unicast")]
    [InlineData("tor2", "birdc", "show", "route", "all")]
    public async Task Switches_LearnTheBlocksOfEveryHost(string node, params string[] command)
    {
        await Eventually.Async(async () =>
        {
            string routes = await Lab.RunAsync(node, command);
            return Lab.Topology.Hosts.All(h => routes.Contains(h.As.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)) &&
                routes.Contains("10.65.", StringComparison.Ordinal);
        }, Patience);
    }

    [Fact]
    public async Task AgentKilled_ComesBackWithTheSameAddressesAndDisturbsNothing()
    {
        LabProcess agent = Lab.Process("host1", "margay-agent");
        string before = await Lab.RunAsync("shop/web1", "ip", "addr", "show", "eth0");
        await LabFixture.KillAsync(agent);
        // Between workloads of the same host nothing depends on the agent.
        CheckReport during = await ProbeAsync("ops/monitor1", "shop/web1", allow: true);
        Lab.Centre.Restart(agent);
        Assert.True(during.Passed, Matrix.Render(during));
        await AssertMatrixAsync();
        Assert.Equal(before, await Lab.RunAsync("shop/web1", "ip", "addr", "show", "eth0"));
    }

    [Fact]
    public async Task ServerKilled_NothingStopsMeanwhile()
    {
        LabProcess server = Lab.Process("server", "margay-server");
        await LabFixture.KillAsync(server);
        try
        {
            await AssertMatrixAsync();
        }
        finally
        {
            Lab.Centre.Restart(server);
        }
        await Eventually.Async(async () => (await MargayAsync("get", "nodes")).Contains("host4", StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task SwitchKilled_ConvergesAgain()
    {
        LabProcess bird = Lab.Process("tor2", "bird");
        await LabFixture.KillAsync(bird);
        Lab.Centre.Restart(bird);
        await AssertMatrixAsync();
    }

    [Fact]
    public async Task PolicyApplied_CutsAndItsDeletionRestores()
    {
        string manifest = Path.Combine(Lab.Centre.Paths.Directory, "cut.yaml");
        await File.WriteAllTextAsync(manifest, """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: { name: cut }
            spec: { order: 1, selector: role == 'api', types: [Ingress], ingress: [{ action: Deny }] }
            """, TestContext.Current.CancellationToken);
        Assert.Contains("cut", await MargayAsync("apply", "-f", manifest), StringComparison.Ordinal);
        await Eventually.Async(async () => (await ProbeAsync("shop/web1", "shop/api2", allow: false)).Passed, Patience);
        await MargayAsync("delete", "-f", manifest);
        await AssertMatrixAsync();
    }

    [Theory]
    [InlineData("nft", "delete", "table", "inet", "margay")]
    [InlineData("ip", "nexthop", "flush", "proto", "80")]
    public async Task WhatSomebodyDeletesOnAHost_IsPutBack(params string[] command)
    {
        await Lab.RunAsync("host2", command);
        await AssertMatrixAsync();
    }

    /// <summary>What margay says on the server's node; what it says of a failure is not looked at.</summary>
    private async Task<string> MargayAsync(params string[] arguments) =>
        (await Lab.Centre.RunAsync("server", [Path.Combine(LabFixture.Programs.Directory, "margay"), .. arguments], TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Output;

    private Task<CheckReport> ProbeAsync(string from, string to, bool allow) =>
        Lab.Centre.CheckAsync(Only(from, to, allow), TimeSpan.Zero, TestContext.Current.CancellationToken);

    private Margay.Lab.Topologies.Topology Only(string from, string to, bool allow = true) => Lab.Topology with
    {
        Expectations = [new() { From = [from], To = [to], Ports = [Margay.Lab.Topologies.TransportPort.Icmp], Allow = allow }],
    };

    private async Task AssertMatrixAsync()
    {
        CheckReport report = await Lab.Centre.CheckAsync(null, Patience, TestContext.Current.CancellationToken);
        Assert.True(report.Passed, Matrix.Render(report));
    }
}
