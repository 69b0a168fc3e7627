using Margay.Lab.Checks;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Interop.Lab;

/// <summary>
/// `examples/hosts`, as a test: host endpoints in every place, published ports, SCTP and ports by name, across hosts and switches, by both families; and what stays closed while an
/// agent is dead.
/// </summary>
public class HostsTests(HostsTests.Fixture hosts) : IClassFixture<HostsTests.Fixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private LabFixture Lab => hosts.Lab;

    [Fact]
    public async Task Matrix_IsAsExpected() => await AssertMatrixAsync(Lab.Topology);

    [Fact]
    public async Task AgentKilled_LeavesTheHostProtected()
    {
        LabProcess agent = Lab.Process("host1", "margay-agent");
        await LabFixture.KillAsync(agent);
        try
        {
            await AssertMatrixAsync(Lab.Topology);
        }
        finally
        {
            Lab.Centre.Restart(agent);
        }
        await AssertMatrixAsync(Lab.Topology);
    }

    [Fact]
    public async Task WithoutItsHostEndpoint_AHostIsOpen_AndClosesAgain()
    {
        await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "delete", "hostendpoint", "host2-all");
        try
        {
            TransportPort closed = new(Transport.Tcp, 8000), forwarded = new(Transport.Tcp, 9200);
            await AssertMatrixAsync(Lab.Topology with
            {
                Expectations =
                [
                    new() { From = ["host1", "host3", "server", "ops/admin1"], To = ["host2"], Ports = [closed, TransportPort.Icmp], Allow = true },
                    new() { From = ["host1", "host3", "server", "ops/admin1"], To = ["shop/web2"], Ports = [forwarded], Allow = true },
                    // Of the other host nothing changed; nor for workloads of their own host.
                    new() { From = ["host3", "server", "ops/admin1"], To = ["host1"], Ports = [closed], Allow = false },
                    new() { From = ["ops/monitor1"], To = ["host2"], Ports = [closed, TransportPort.Icmp], Allow = false },
                ],
            });
        }
        finally
        {
            string manifests = Path.Combine(Path.GetDirectoryName(Lab.File)!, "manifests");
            await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "apply", "-f", manifests);
        }
        await AssertMatrixAsync(Lab.Topology);
    }

    private async Task AssertMatrixAsync(Topology topology)
    {
        CheckReport report = await Lab.Centre.CheckAsync(topology, Patience, TestContext.Current.CancellationToken);
        Assert.True(report.Passed, Matrix.Render(report));
    }

    /// <summary>The lab, up once for all of these tests: each leaves it as it found it.</summary>
    public sealed class Fixture() : ExampleLab("hosts");
}
