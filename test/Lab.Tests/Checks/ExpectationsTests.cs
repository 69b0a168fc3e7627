using Margay.Lab.Checks;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.Checks;

public class ExpectationsTests
{
    private static readonly Topology Demo = Examples.Read("demo");

    private static IReadOnlyList<LabAttachment> Attachments(Topology topology) =>
        [.. topology.Workloads.Select((w, i) => new LabAttachment(w.Id, w.Host, [$"10.65.0.{i + 1}/32", $"fd00:65::{i + 1:x}/128"], 1))];

    [Fact]
    public void Plan_AsksEachQuestionOnceWithTheLastWord()
    {
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(Demo, Attachments(Demo));
        Assert.Equal(plans.Count, plans.DistinctBy(p => (p.From, p.To, p.Port, p.IsIPv6)).Count());
        Assert.True(Expected(plans, "shop/web1", "shop/api1", "icmp"));
        Assert.False(Expected(plans, "shop/web1", "media/cdn1", "icmp"));
        Assert.True(Expected(plans, "server", "shop/web2", "80/tcp"));
        Assert.False(Expected(plans, "shop/api1", "shop/web2", "80/tcp"));
        Assert.False(Expected(plans, "ops/monitor1", "media/encode2", "icmp"));
    }

    [Fact]
    public void Plan_AsksAboutEveryPairInBothFamilies()
    {
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(Demo, Attachments(Demo));
        Assert.Equal(12 * 11 * 2, plans.Count(p => p.Port == TransportPort.Icmp));
        Assert.DoesNotContain(plans, p => p.From == p.To);
    }

    [Fact]
    public void Plan_AsksOnlyAboutPortsThatTheTargetListensOn()
    {
        Dictionary<string, Workload> workloads = Demo.Workloads.ToDictionary(w => w.Id);
        Assert.All(Expectations.Plan(Demo, Attachments(Demo)), p => Assert.True(p.Port == TransportPort.Icmp || workloads[p.To].Ports.Contains(p.Port)));
    }

    [Fact]
    public void NoExpectations_MeansThatAllReachAll()
    {
        Topology topology = Demo with { Expectations = [] };
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(topology, Attachments(topology));
        Assert.Equal(12 * 11 * 2, plans.Count);
        Assert.All(plans, p => Assert.True(p.Expected));
    }

    [Fact]
    public void Family_RestrictsWhatIsSaid()
    {
        Topology topology = Demo with { Expectations = [new Expectation { From = ["*/*"], To = ["*/*"], Ports = [TransportPort.Icmp], Ipv4 = false, Allow = true }] };
        Assert.All(Expectations.Plan(topology, Attachments(topology)), p => Assert.True(p.IsIPv6));
    }

    [Fact]
    public void WorkloadWithoutAddress_IsNotAsked() => Assert.Empty(Expectations.Plan(Demo, []));

    [Fact]
    public void HostsAreTargets_AndAPublishedPortIsAnsweredByItsWorkload()
    {
        Topology hosts = Examples.Read("hosts");
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(hosts, Attachments(hosts));
        Assert.Equal("host1", Assert.Single(plans, p => p is { From: "server", To: "host1", IsIPv6: false } && p.Port.ToString() == "5000/udp").Answerer);
        ProbePlan published = Assert.Single(plans, p => p is { From: "server", To: "host1", IsIPv6: true } && p.Port.ToString() == "30080/tcp");
        Assert.Equal(("shop/web1", "fd00:10:1::11", true), (published.Answerer, published.Target.ToString(), published.Expected));
        Assert.DoesNotContain(plans, p => p is { From: "host1", To: "host1" });
    }

    [Fact]
    public void WhoeverHasTheSameAddress_IsToldApartByName()
    {
        Topology tenants = Examples.Read("networks");
        // Every tenant's workloads have the same addresses, in the order of the file.
        LabAttachment[] attachments = [.. tenants.Workloads.GroupBy(w => w.NetworkId).SelectMany(g => g.Select((w, i) => new LabAttachment(w.Id, w.Host, [$"10.{(g.Key.Length > 0 ? 100 : 65)}.0.{i + 1}/32"], 1)))];
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(tenants, attachments);
        // Of its own network's, and of those that it reaches; an echo reply has no name.
        Assert.True(Assert.Single(plans, p => p is { From: "red/web1", To: "green/web2" }).HasTwin);
        Assert.True(Assert.Single(plans, p => p is { From: "shared/dns1", To: "green/web1" } && p.Port.Number == 80).HasTwin);
        Assert.DoesNotContain(plans, p => p is { From: "red/web1", To: "green/web1" or "green/web2" } && p.Port == TransportPort.Icmp);
        Assert.False(Assert.Single(plans, p => p is { From: "world", To: "green/web1" } && p.Port == TransportPort.Icmp).HasTwin);
        ProbePlan floating = Assert.Single(plans, p => p is { From: "world", To: "red/web1@floating", IsIPv6: true } && p.Port.Number == 80);
        Assert.Equal(("red/web1", "2001:db8:f::7", true), (floating.Answerer, floating.Target.ToString(), floating.Expected));
        Assert.True(new ProbeResult(plans.First(p => p.HasTwin), ProbeOutcome.Misdelivered, default).AsExpected);
        Assert.False(new ProbeResult(plans.First(p => p.HasTwin), ProbeOutcome.Reached, default).AsExpected);
        Assert.False(new ProbeResult(plans.First(p => p is { HasTwin: false, Expected: false }), ProbeOutcome.Misdelivered, default).AsExpected);
    }

    private static bool Expected(IReadOnlyList<ProbePlan> plans, string from, string to, string port) =>
        plans.Where(p => p.From == from && p.To == to && p.Port.ToString() == port).Select(p => p.Expected).Distinct().Single();
}
