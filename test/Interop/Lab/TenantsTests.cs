using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Interop.Lab;

/// <summary>
/// `examples/networks`, as a test: tenants with the same addresses on the same hosts, through FRR and BIRD, by both families; a shared network, ways out, a floating address, policy of each tenant; and that
/// nothing of it needs an agent that runs, or opens without consent.
/// </summary>
public class TenantsTests(TenantsTests.Fixture tenants) : IClassFixture<TenantsTests.Fixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private LabFixture Lab => tenants.Lab;

    [Fact]
    public async Task Matrix_IsAsExpected()
    {
        await AssertMatrixAsync(Lab.Topology);
        LabAttachment[] red = Of("red"), green = Of("green");
        Assert.Equal(red.Select(a => string.Join(' ', a.Addresses)), green.Select(a => string.Join(' ', a.Addresses)));
    }

    /// <summary>The one that lets green out, of all.</summary>
    [Fact]
    public Task AgentKilled_LeavesEverythingAsItIs() => tenants.AssertAgentIsNotNeededAsync("host2", Patience);

    [Fact]
    public async Task ConsentWithdrawn_EndsTheSharing_AndNothingElse()
    {
        string manifests = Path.Combine(Path.GetDirectoryName(Lab.File)!, "manifests"), without = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(without, """
                apiVersion: margay.dev/v1
                kind: VirtualNetwork
                metadata: {name: services, namespace: shared}
                spec: {subnets: [{cidr: 10.109.0.0/16}, {cidr: "fd00:109::/112"}]}
                """);
            await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "apply", "-f", without);
            await AssertMatrixAsync(Lab.Topology with
            {
                Expectations =
                [
                    .. Lab.Topology.Expectations,
                    new() { From = ["red/*"], To = ["shared/*"], Ports = [TransportPort.Icmp, new(Transport.Udp, 53)], Allow = false },
                    new() { From = ["shared/*"], To = ["red/*"], Ports = [TransportPort.Icmp, new(Transport.Tcp, 80)], Allow = false },
                ],
            });
        }
        finally
        {
            await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "apply", "-f", manifests);
            File.Delete(without);
        }
        await AssertMatrixAsync(Lab.Topology);
    }

    private LabAttachment[] Of(string tenant) => [.. Lab.State.Attachments.Where(a => a.Workload.StartsWith(tenant + "/", StringComparison.Ordinal)).OrderBy(a => a.Workload, StringComparer.Ordinal)];

    private Task AssertMatrixAsync(Topology topology) => tenants.AssertMatrixAsync(topology, Patience);

    /// <summary>The lab, up once for all of these tests: each leaves it as it found it.</summary>
    public sealed class Fixture() : ExampleLab("networks");
}
