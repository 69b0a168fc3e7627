using Margay.Lab.Checks;
using Margay.Lab.State;

namespace Margay.Interop.Lab;

/// <summary>
/// What `make demo` shows, as a test: the whole path from manifests to packets, through FRR and BIRD, by both families; and what is left of it while
/// parts are dead, and after they are back.
/// </summary>
public class DemoTests(DemoTests.Fixture demo) : IClassFixture<DemoTests.Fixture>
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
        CheckReport during = await Lab.Centre.CheckAsync(Only("ops/monitor1", "shop/web1"), TimeSpan.Zero, TestContext.Current.CancellationToken);
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
            // Without what the server's own node is asked for: its network is there, only the program is not.
            await AssertMatrixAsync();
        }
        finally
        {
            Lab.Centre.Restart(server);
        }
        await Eventually.Async(async () => (await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "get", "nodes")).Contains("host4", StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task SwitchKilled_ConvergesAgain()
    {
        LabProcess bird = Lab.Process("tor2", "bird");
        await LabFixture.KillAsync(bird);
        Lab.Centre.Restart(bird);
        await AssertMatrixAsync();
    }

    private Margay.Lab.Topologies.Topology Only(string from, string to) => Lab.Topology with
    {
        Expectations = [new() { From = [from], To = [to], Ports = [Margay.Lab.Topologies.TransportPort.Icmp], Allow = true }],
    };

    private async Task AssertMatrixAsync()
    {
        CheckReport report = await Lab.Centre.CheckAsync(null, Patience, TestContext.Current.CancellationToken);
        Assert.True(report.Passed, Matrix.Render(report));
    }

    /// <summary>The demo's lab, up once for all of these tests: each leaves it as it found it.</summary>
    public sealed class Fixture() : ExampleLab("demo");
}
