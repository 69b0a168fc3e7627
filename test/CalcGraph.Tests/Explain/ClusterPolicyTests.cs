using System.Text;
using Margay.Api.Resources;
using Margay.Api.Validation.Manifests;
using Margay.CalcGraph.Explain;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.CalcGraph.Tests.Explain;

/// <summary>What one node's table cannot show: several nodes, masquerading, networks apart, which interface.</summary>
public class ClusterPolicyTests
{
    private const string World =
        """
        {apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: n1}, spec: {bgp: {ipv4Address: 192.0.2.1/24, ipv6Address: "2001:db8::1/64"}}}
        ---
        {apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: n2}, spec: {bgp: {ipv4Address: 192.0.2.2/24, ipv6Address: "2001:db8::2/64"}}}
        ---
        {apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.65.0.0/16, natOutgoing: true}}
        ---
        {apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
        ---
        {apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: a, labels: {app: a}}, spec: {node: n1, interfaceName: mga, workload: web, profiles: [open], ipNetworks: [10.65.0.1/32]}}
        ---
        {apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: b, labels: {app: b}}, spec: {node: n2, interfaceName: mgb, profiles: [open], ipNetworks: [10.65.1.1/32, "fd00::1/128"]}}
        ---
        {apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: r, namespace: tenant}, spec: {node: n2, interfaceName: mgr, network: tenant.red, profiles: [open], ipNetworks: [10.65.0.1/32]}}

        """;

    private const string DenyFromA = """{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: p}, spec: {selector: app == 'b', ingress: [{action: Deny, source: {selector: app == 'a'}}, {action: Allow}]}}""";

    private static readonly Flow Http = Read("80/tcp");

    private static Flow Read(string text) => Flow.TryParse(text, out Flow flow) ? flow : throw new ArgumentException(text);

    private static ClusterPolicy Cluster(params string[] more) => new(ManifestReader.Read(Encoding.UTF8.GetBytes(World + string.Join('\n', more.Select(m => $"---\n{m}\n"))), "test")
        .Select(o => o.Admit("default") is { IsValid: true, Resource: { } resource } ? resource : throw new ArgumentException(o.Json.ToString())));

    private static PathVerdict Ask(ClusterPolicy cluster, string from, string to, Flow? flow = null, NetworkName? network = null) =>
        cluster.Decide(Party(cluster, from, network), Party(cluster, to, network), flow ?? Http, isIPv6: false);

    private static Party Party(ClusterPolicy cluster, string text, NetworkName? network = null) => cluster.Parties.Find(text, network, "default", out string fault) ?? throw new ArgumentException(fault);

    [Fact]
    public void BothNodes_AreAsked()
    {
        PathVerdict allowed = Ask(Cluster(), "a", "b");
        Assert.True(allowed.Allowed);
        Assert.Equal(["n1", "n2"], allowed.Legs.Select(l => l.Node));
        PathVerdict denied = Ask(Cluster(DenyFromA), "a", "b");
        Assert.Equal((false, "rule 0 of GlobalNetworkPolicy/p in tier default"), (denied.Allowed, denied.DecidedBy));
        Assert.Equal(DecisionKind.PolicyRule, denied.Decision!.Kind);
    }

    [Fact]
    public void WhatTheTargetWouldSay_IsToldToo_WhenTheSourceDenies()
    {
        const string noEgress = """{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: closed}, spec: {selector: app == 'a', types: [Egress]}}""";
        PathVerdict verdict = Ask(Cluster(noEgress, DenyFromA), "a", "b");
        Assert.Equal("end of tier default", verdict.DecidedBy);
        Assert.Equal([true, false], verdict.Legs.Select(l => l.Reached));
        Assert.Equal(0, verdict.Legs[1].Verdict.Checkpoints[^1].Verdict.DecidedBy.RuleIndex);
    }

    [Fact]
    public void Masqueraded_IsSeenAsItsNode()
    {
        ClusterPolicy cluster = Cluster("{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h}, spec: {node: n2, interfaceName: eth0, expectedIPs: [192.0.2.2]}}",
            """{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: nodes}, spec: {selector: "!has(app)", ingress: [{action: Allow, source: {nets: [192.0.2.1/32]}}]}}""");
        PathVerdict verdict = Ask(cluster, "a", "node:n2");
        Assert.True(verdict.Allowed, verdict.DecidedBy);
        Assert.Equal(("10.65.0.1", "192.0.2.1"), (verdict.Packet.Source.ToString(), verdict.Legs[1].Journey.Packet.Source.ToString()));
        Assert.Contains(verdict.Notes, n => n.Contains("masquerades", StringComparison.Ordinal));
        Assert.Contains(verdict.Notes, n => n.Contains("host endpoint h (eth0)", StringComparison.Ordinal));
        Assert.DoesNotContain(Ask(cluster, "a", "b").Notes, n => n.Contains("masquerades", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a", "tenant/r", "network default and network tenant.red are apart: no route leads from one to the other")]
    [InlineData("tenant/r", "node:n1", "network tenant.red has no route to nodes")]
    [InlineData("node:n1", "tenant/r", "nodes have no route into network tenant.red")]
    public void NetworksAreApart(string from, string to, string reason)
    {
        PathVerdict verdict = Ask(Cluster(), from, to);
        Assert.Equal((false, reason, null), (verdict.Allowed, verdict.DecidedBy, verdict.Decision));
    }

    [Fact]
    public void NetworksThatHaveAgreed_AskBothPolicies_EachByAddresses()
    {
        string[] shared =
        [
            """{apiVersion: margay.dev/v1, kind: VirtualNetwork, metadata: {name: red, namespace: tenant}, spec: {vni: 1, subnets: [{cidr: 10.65.0.0/24}], imports: [{network: shared/dns}]}}""",
            """{apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: s, namespace: shared, labels: {app: s}}, spec: {node: n1, interfaceName: mgs, network: shared.dns, profiles: [open], ipNetworks: [10.9.0.1/32]}}""",
        ];
        const string network = """{apiVersion: margay.dev/v1, kind: VirtualNetwork, metadata: {name: dns, namespace: shared}, spec: {vni: 2, subnets: [{cidr: 10.9.0.0/24}], exports: [{network: EXPORT}]}}""";
        PathVerdict agreed = Ask(Cluster([.. shared, network.Replace("EXPORT", "tenant/red", StringComparison.Ordinal)]), "tenant/r", "shared/s");
        Assert.True(agreed.Allowed);
        Assert.Equal(["n2", "n1"], agreed.Legs.Select(l => l.Node));
        Assert.Contains("reach each other", Assert.Single(agreed.Notes), StringComparison.Ordinal);
        Assert.Contains("are apart", Ask(Cluster([.. shared, network.Replace("EXPORT", "other/red", StringComparison.Ordinal)]), "tenant/r", "shared/s").DecidedBy, StringComparison.Ordinal);
        const string deny = """{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: p}, spec: {selector: app == 's', ingress: [{action: Deny, source: {nets: [10.65.0.1/32]}}, {action: Allow}]}}""";
        Assert.False(Ask(Cluster([.. shared, network.Replace("EXPORT", "'*'", StringComparison.Ordinal), deny]), "tenant/r", "shared/s").Allowed);
    }

    [Theory]
    [InlineData("", "a", true, "under the address of node n2")]
    [InlineData(", nodeSelector: has(gateway)", "node:n2", true, "under the address of a gateway node (has(gateway))")]
    [InlineData("", "node:n2", false, null)]
    public void WhatLeavesANetwork_IsAskedForWhereItLeaves(string nodes, string to, bool allowed, string? note)
    {
        ClusterPolicy cluster = Cluster($$$"""{apiVersion: margay.dev/v1, kind: VirtualNetwork, metadata: {name: red, namespace: tenant}, spec: {vni: 1, subnets: [{cidr: 10.65.0.0/24}], egress: {mode: Snat{{{nodes}}} } } }""");
        PathVerdict verdict = Ask(cluster, "tenant/r", to);
        Assert.Equal(allowed, verdict.Allowed);
        if (note is not null) Assert.Contains(note, Assert.Single(verdict.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.65.0.1", null, "default/a")]
    [InlineData("10.65.0.1", "tenant.red", "tenant.red/tenant/r")]
    [InlineData("192.0.2.2", null, "node n2")]
    [InlineData("203.0.113.1", null, "203.0.113.1")]
    [InlineData("web", null, "default/a")]
    [InlineData("default/b", null, "default/b")]
    [InlineData("tenant/r", "tenant.red", "tenant.red/tenant/r")]
    [InlineData("node:n1", null, "node n1")]
    public void Party_IsFoundByWhatPeopleCallIt(string text, string? network, string name) => Assert.Equal(name, Party(Cluster(), text, network is null ? null : new NetworkName(network)).Name);

    [Theory]
    [InlineData("c", "there is no workload default/c; known: default/a, default/b, tenant.red/tenant/r. Write [NAMESPACE/]NAME, an address, or node:NAME")]
    [InlineData("node:n3", "there is no node n3; known: n1, n2")]
    public void UnknownParty_IsNamed_WithThoseThatAreKnown(string text, string expected)
    {
        Assert.Null(Cluster().Parties.Find(text, null, "default", out string fault));
        Assert.Equal(expected, fault);
    }

    [Theory]
    [InlineData("a", "b", "10.65.1.0/26 via 192.0.2.2 (node n2)")]
    [InlineData("b", "a", "10.65.0.1/32 via 192.0.2.1 (node n1)")]
    [InlineData("node:n2", "b", "10.65.1.1/32 at interface mgb of node n2")]
    [InlineData("a", "203.0.113.1", "as the routes of node n1 say")]
    public void Route_IsThatOfTheBlock(string from, string to, string route)
    {
        ClusterPolicy cluster = Cluster("{apiVersion: projectcalico.org/v3, kind: IPAMBlock, metadata: {name: 10-65-1-0-26}, spec: {cidr: 10.65.1.0/26, affinity: \"host:n2\"}}");
        Assert.Equal(route, ExpectedRoute.Of(cluster, Party(cluster, from), Party(cluster, to), isIPv6: false)!.Text);
    }

    [Fact]
    public void WorkloadsOfTests_NeedNoNode()
    {
        ClusterPolicy cluster = new([new WorkloadEndpoint { Metadata = new ObjectMeta { Name = "x", Namespace = "t" }, Spec = new WorkloadEndpointSpec { IpNetworks = ["10.0.0.1/32"], Profiles = ["gone"] } },
            new WorkloadEndpoint { Metadata = new ObjectMeta { Name = "y", Namespace = "t" }, Spec = new WorkloadEndpointSpec { IpNetworks = ["10.0.0.2/32"] } }]);
        Assert.False(Ask(cluster, "t/x", "t/y").Allowed);
        Assert.Equal(2, Ask(cluster, "t/x", "t/y").Legs.Count);
    }
}
