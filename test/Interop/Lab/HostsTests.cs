using System.Text.RegularExpressions;
using Margay.Lab.Checks;
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

    /// <summary>One probe of each sort: <c>margay explain</c> says what the packets saw.</summary>
    [Fact]
    public async Task Explain_SaysWhatThePacketsSaw()
    {
        CheckReport report = await Lab.Centre.CheckAsync(Lab.Topology, Patience, TestContext.Current.CancellationToken);
        ProbePlan[] plans = [.. report.Results.Select(r => r.Plan).Where(p => p.Answerer == p.To).DistinctBy(p => (p.Port, p.Expected, SortOf(p.From), SortOf(p.To), p.IsIPv6 && p.Port.Transport == Transport.Icmp))];
        Assert.InRange(plans.Length, 30, 120);
        await Parallel.ForEachAsync(plans, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken }, async (plan, _) =>
            await Lab.RunAsync("server", LabFixture.Programs.Directory + "/margay", "explain", "--from", NameOf(plan.From, plan.IsIPv6), "--to", NameOf(plan.To, plan.IsIPv6), "--port", plan.Port.ToString(),
                "--ip", plan.IsIPv6 ? "6" : "4", "--expect", plan.Expected ? "allow" : "deny", "-o", "json"));
    }

    /// <summary>A place where a host endpoint drops, and what <c>margay drops</c> on that host says of it.</summary>
    [Theory]
    [InlineData("server", "host1", "8000/tcp", "host1", "HostEndpoint/host1-eth0", "nothing allowed it")]
    [InlineData("server", "host2", "8000/tcp", "host2", "HostEndpoint/host2-all", "nothing allowed it")]
    [InlineData("host1", "shop/web2", "80/tcp", "host1", "HostEndpoint/host1-eth0", "rule 0 of GlobalNetworkPolicy/hosts")]
    [InlineData("host3", "shop/web2", "9200/tcp", "host2", "HostEndpoint/host2-all", "rule 0 of GlobalNetworkPolicy/forwarded")]
    [InlineData("host2", "host1", "30080/tcp", "host1", "HostEndpoint/host1-eth0", "rule [01] of GlobalNetworkPolicy/published")]
    [InlineData("host2", "host1", "5000/udp", "host1", "HostEndpoint/host1-eth0", "rule 1 of GlobalNetworkPolicy/untracked")]
    [InlineData("shop/web1", "host1", "22/tcp", "host1", "default/shop/host1-k8s-web1-eth0", "workload to host")]
    [InlineData("server", "shop/web2", "8081/tcp", "host2", "default/shop/host2-k8s-web2-eth0", "end of tier default")]
    public async Task Drops_NameTheEndpoint(string from, string to, string port, string host, string endpoint, string by)
    {
        Assert.True(TransportPort.TryParse(port, out TransportPort parsed));
        Topology question = Lab.Topology with { Expectations = [new() { From = [from], To = [to], Ports = [parsed], Allow = false }] };
        // Asked until it is told: each rule tells of a few packets a second, and other tests may just have had them.
        await Eventually.Async(async () =>
        {
            await AssertMatrixAsync(question);
            string drops = await Lab.RunAsync(host, LabFixture.Programs.Directory + "/margay", "drops", "--endpoint", endpoint, "--limit", "400");
            return Regex.IsMatch(drops, $@" {endpoint} +{parsed.Transport.ToString().ToLowerInvariant()} +\S+ +\S+:{parsed.Number} +{by}\n");
        }, Patience);
    }

    private char SortOf(string name) => name.Contains('/', StringComparison.Ordinal) ? 'w' : name == Lab.Topology.Server!.Name ? 's' : 'h';

    private string NameOf(string name, bool v6) => SortOf(name) switch
    {
        'w' => name,
        'h' => $"node:{name}",
        _ => Lab.Topology.Server!.AddressIn(Lab.Topology.Server.Subnets.First(s => s.IsIPv6 == v6)).ToString(),
    };

    [Fact]
    public Task AgentKilled_LeavesTheHostProtected() => hosts.AssertAgentIsNotNeededAsync("host1", Patience);

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

    private Task AssertMatrixAsync(Topology topology) => hosts.AssertMatrixAsync(topology, Patience);

    /// <summary>The lab, up once for all of these tests: each leaves it as it found it.</summary>
    public sealed class Fixture() : ExampleLab("hosts");
}
