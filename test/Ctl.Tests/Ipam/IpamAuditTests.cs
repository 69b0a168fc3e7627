using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Ctl.Ipam;

namespace Margay.Ctl.Tests.Ipam;

public class IpamAuditTests
{
    private static readonly Node[] Nodes = [new() { Metadata = new ObjectMeta { Name = "n1" } }, new() { Metadata = new ObjectMeta { Name = "n2" } }];
    private static readonly IPPool Pool = new() { Metadata = new ObjectMeta { Name = "p" }, Spec = new IPPoolSpec { Cidr = "10.65.0.0/16" } };

    [Fact]
    public void AllInOrder_HasNoProblems_AndCounts()
    {
        IpamReport report = IpamAudit.Run([Pool], [Block("10.65.0.0/26", "n1"), Block("10.65.0.64/26", "n2")], Nodes,
            [Endpoint("a", "n1", "10.65.0.1/32"), Endpoint("b", "n2", "10.65.0.65"), Endpoint("c", "n2", "10.65.0.66/32")]);
        Assert.Empty(report.Problems);
        Assert.Equal(new PoolUsage("default", "p", "10.65.0.0/16", 26, false, "65536", 2, "1024", 3), Assert.Single(report.Pools));
        Assert.Equal([("n1", 1), ("n2", 2)], report.Blocks.Select(b => (b.Node, b.InUse)));
    }

    [Fact]
    public void EveryKindOfTrouble_IsFound()
    {
        IPPool inner = Pool with { Metadata = new ObjectMeta { Name = "inner" }, Spec = new IPPoolSpec { Cidr = "10.65.255.0/24" } };
        IPPool broken = Pool with { Metadata = new ObjectMeta { Name = "broken" }, Spec = new IPPoolSpec { Cidr = "10.65" } };
        IpamReport report = IpamAudit.Run(
            [Pool, inner, broken],
            [Block("10.65.0.0/26", "n1"), Block("10.65.0.32/27", "n2"), Block("10.65.1.0/26", "gone"), Block("10.99.0.0/26", "n1")],
            Nodes,
            [
                Endpoint("a", "n1", "10.65.0.1/32"), Endpoint("b", "n1", "10.65.0.1/32"), Endpoint("stray", "n2", "10.65.0.2/32"),
                Endpoint("unblocked", "n1", "10.65.9.1/32"), Endpoint("outside", "n1", "192.0.2.1/32"), Endpoint("orphan", "gone", "10.65.1.1/32"), Endpoint("odd", "n1", "x"),
            ]);
        Assert.Equal(
        [
            "BlockWithoutNode 10.65.1.0/26", "BlockWithoutPool 10.99.0.0/26", "DuplicateAddress 10.65.0.1/32", "EndpointWithoutNode endpoint prod/orphan", "ForeignBlock 10.65.0.2/32",
            "OutsideBlocks 10.65.9.1/32", "OutsidePools 192.0.2.1/32", "Overlap 10.65.0.0/16", "Overlap 10.65.0.0/26", "Unreadable IPPool/broken", "Unreadable endpoint prod/odd",
        ], report.Problems.Select(p => $"{p.Kind} {p.Subject}").Order(StringComparer.Ordinal));
        Assert.All(report.Problems, p => Assert.NotEmpty(p.Message));
    }

    [Fact]
    public void TheSameAddressInTwoNetworks_IsNoDuplicate()
    {
        IpamReport report = IpamAudit.Run([Pool], [Block("10.65.0.0/26", "n1"), Block("10.65.0.0/26", "n2", "blue")], Nodes,
            [Endpoint("a", "n1", "10.65.0.1/32"), Endpoint("b", "n2", "10.65.0.1/32", "blue")]);
        Assert.DoesNotContain(report.Problems, p => p.Kind is "DuplicateAddress" or "Overlap" or "ForeignBlock");
    }

    [Fact]
    public void Locate_NamesPoolBlockAndEndpoint() => Assert.Equal(
        ["pool: p (10.65.0.0/16)", "block: 10.65.0.0/26 of host:n1 (network default)", "endpoint: prod/a on n1 (network default)"],
        IpamAudit.Locate(InetAddress.Parse("10.65.0.1"), [Pool], [Block("10.65.0.0/26", "n1")], [Endpoint("a", "n1", "10.65.0.1/32"), Endpoint("b", "n1", "10.65.0.2/32")])
            .Select(l => $"{l.Aspect}: {l.Value}"));

    private static IPAMBlock Block(string cidr, string node, string network = "default") => new()
    {
        Metadata = new ObjectMeta { Name = IPAMBlock.NameOf(cidr) },
        Spec = new IPAMBlockSpec { Cidr = cidr, Affinity = $"host:{node}", Pool = "p", Network = network },
    };

    private static WorkloadEndpoint Endpoint(string name, string node, string address, string network = "default") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "prod" },
        Spec = new WorkloadEndpointSpec { Node = node, IpNetworks = [address], Network = network },
    };
}
