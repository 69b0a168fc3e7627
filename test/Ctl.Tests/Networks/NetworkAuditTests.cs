using Margay.Api.Resources;
using Margay.Ctl.Networks;

namespace Margay.Ctl.Tests.Networks;

/// <summary>What can be told of networks from the cluster's objects alone.</summary>
public class NetworkAuditTests
{
    private static VirtualNetwork Network(string tenant, int? vni, NetworkRouteTargets? targets = null, int? mtu = null) => new()
    {
        Metadata = new ObjectMeta { Name = "net", Namespace = tenant },
        Spec = new VirtualNetworkSpec { Vni = vni, RouteTargets = targets, Mtu = mtu, Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }, new NetworkSubnet { Cidr = "fd00::/112" }] },
    };

    private static WorkloadEndpoint Workload(string name, string network, string node, string? state = "Up") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "red" },
        Spec = new WorkloadEndpointSpec { Network = network, Node = node },
        Status = new WorkloadEndpointStatus { State = state },
    };

    private static Node At(string name, string address) => new() { Metadata = new ObjectMeta { Name = name }, Spec = new NodeSpec { Bgp = new() { Ipv4Address = address } } };

    private static string[] Kinds(NetworkReport report) => [.. report.Problems.Select(p => $"{p.Kind} {p.Subject}")];

    [Fact]
    public void TenantsWithTheSameSubnets_AreNoProblem_AndHaveAutomaticTargets()
    {
        NetworkReport report = NetworkAudit.Run([Network("red", 10001), Network("green", 10002)], [Workload("a", "red.net", "n1"), Workload("b", "default", "n1", null)], [At("n1", "192.0.2.1/24")], null);
        Assert.Empty(report.Problems);
        Assert.Equal(["green/net", "red/net"], report.Networks.Select(n => n.Name));
        Assert.Equal(["64512:10001"], report.Networks[1].Import);
        Assert.Equal(1, report.Networks[1].Workloads);
    }

    [Fact]
    public void AutomaticTargets_AreMadeOfTheClustersAs() =>
        Assert.Equal(["1:10001"], NetworkAudit.Run([Network("red", 10001)], [], [], 65537).Networks[0].Export);

    [Fact]
    public void AWorkloadThatIsNotUp_IsToldOf_WithItsNode()
    {
        NetworkReport report = NetworkAudit.Run([Network("red", 10001)], [Workload("a", "red.net", "n1"), Workload("b", "red.net", "n2"), Workload("c", "red.net", "n2", null)], [], null);
        Assert.Equal(["NotProgrammed red/c"], Kinds(report));
        Assert.Equal([new NetworkOnNode("n1", 1, 1), new NetworkOnNode("n2", 2, 1)], report.Networks[0].Nodes);
    }

    [Theory]
    [InlineData("not looked at by the server yet")]
    [InlineData("no VNI", "Allocated=False=no VNI", "Programmed=True=no workload yet")]
    [InlineData("no workload yet", "Allocated=True=VNI 1", "Programmed=True=no workload yet", "Degraded=False=")]
    [InlineData("programmed on 2/2 nodes", "Allocated=True=VNI 1", "Programmed=True=programmed on 2/2 nodes", "Degraded=False=")]
    [InlineData("coming, programmed on 1/2 nodes: n2 has 1 of 4 workloads not up", "Programmed=False=programmed on 1/2 nodes", "Degraded=False=n2 has 1 of 4 workloads not up")]
    [InlineData("degraded, programmed on 1/2 nodes: n2 has 1 of 4 workloads not up", "Programmed=False=programmed on 1/2 nodes", "Degraded=True=n2 has 1 of 4 workloads not up")]
    public void TheState_IsWhatTheServerSays(string state, params string[] conditions)
    {
        VirtualNetwork network = Network("red", 10001) with
        {
            Status = new VirtualNetworkStatus { Conditions = [.. conditions.Select(c => c.Split('=')).Select(c => new Condition { Type = c[0], Status = c[1], Message = c[2] })] },
        };
        Assert.Equal(state, NetworkAudit.Run([network], [], [], null).Networks[0].State);
    }

    [Fact]
    public void ANetworkThatTakesAnothersRoutes_IsToldOf_OnItsOwnSide()
    {
        NetworkReport report = NetworkAudit.Run([Network("red", 1), Network("green", 2, new NetworkRouteTargets { Import = ["64512:2", "64512:1"] })], [], [], null);
        Assert.Equal(["RouteLeak green/net"], Kinds(report));
        Assert.Contains("takes the routes of red/net, by target 64512:1", report.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATargetThatEndsInAnothersVni_LeaksWhereAnyAsIsImported()
    {
        NetworkReport report = NetworkAudit.Run([Network("red", 1, new NetworkRouteTargets { Export = ["65000:2"] }), Network("green", 2)], [], [], null);
        Assert.Equal(["WildcardLeak red/net"], Kinds(report));
    }

    [Fact]
    public void EveryOtherTrouble_IsFound_WithARemedy()
    {
        NetworkReport report = NetworkAudit.Run(
            [Network("red", 1, new NetworkRouteTargets { Import = ["1:1"], Export = ["1:1"] }), Network("green", 1, new NetworkRouteTargets { Import = ["1:9"], Export = ["1:9"] }, mtu: 1200), Network("blue", null)],
            [Workload("a", "gone.net", "n1")], [At("n1", "192.0.2.1/24"), At("n2", "192.0.2.1"), At("n3", "192.0.2.3")], null);
        Assert.Equal(["MtuTooSmall green/net", "NoSuchNetwork red/a", "SharedTunnelEnd 192.0.2.1", "VniCollision VNI 1", "WildcardLeak red/net"], Kinds(report).Order(StringComparer.Ordinal));
        Assert.All(report.Problems, p => Assert.Contains(";", p.Message, StringComparison.Ordinal));
    }
}
