using Margay.Api.NodeSync;
using Margay.Core.Net;

namespace Margay.Interop.Dataplane;

/// <summary>What gets through between workloads and host, with real packets.</summary>
public class ReachabilityTests
{
    public static TheoryData<string, PolicyView[], bool, bool> Policies => new()
    {
        { "no policy: the profile allows", [], true, true },
        { "deny all", [Rules.Ingress("deny", Rules.Deny)], false, false },
        { "end of tier", [Rules.Ingress("other-port", Rules.Allow.Tcp(81))], false, false },
        { "this port", [Rules.Ingress("port", Rules.Allow.Tcp(80))], true, true },
        { "v4 source only", [Rules.Ingress("net", Rules.Allow.FromNets("10.65.0.0/24"))], true, false },
        { "v6 source only", [Rules.Ingress("net", Rules.Allow.FromNets("fd00:65::/64"))], false, true },
        { "several nets", [Rules.Ingress("nets", Rules.Allow.FromNets("192.0.2.0/24", "10.65.0.1/32", "198.51.100.0/24"))], true, false },
        { "order: deny first", [Rules.Ingress("a", Rules.Deny.Tcp(80)), Rules.Ingress("b", Rules.Allow)], false, false },
        { "order: allow first", [Rules.Ingress("a", Rules.Allow.Tcp(80)), Rules.Ingress("b", Rules.Deny)], true, true },
        { "egress denies", [Rules.Egress("out", Rules.Deny)], false, false },
        { "egress and ingress allow", [Rules.Egress("out", Rules.Allow.Tcp(80)), Rules.Ingress("in", Rules.Allow.Tcp(80))], true, true },
        { "egress allows, ingress denies", [Rules.Egress("out", Rules.Allow), Rules.Ingress("in", Rules.Deny)], false, false },
        { "selector set with the sender", [Rules.Ingress("set", Rules.Allow.FromSet("clients"))], true, true },
        { "selector set without the sender", [Rules.Ingress("set", Rules.Allow.FromSet("others"))], false, false },
        { "set that is not there", [Rules.Ingress("set", Rules.Allow.FromSet("nowhere"))], false, false },
        { "set of nets", [Rules.Ingress("set", Rules.Allow.FromSet("nets"))], true, true },
    };

    [Fact]
    public async Task EndpointToHost_IsWhatTheNodesSettingsSay()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a);
        InetAddress own = InetAddress.Parse("203.0.113.1");
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, host.Namespace, own, 80));
        await host.PostViewAsync(host.View with { Settings = new NodeSettings { Node = "n", EndpointToHostAction = "Accept" } });
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, host.Namespace, own, 80));
        await host.PostViewAsync(host.View with { Settings = new NodeSettings { Node = "n", EndpointToHostAction = "Drop" } });
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, host.Namespace, own, 80));
    }

    /// <summary>A staged policy is counted and changes nothing, whatever it says and wherever it stands.</summary>
    [Fact]
    public async Task StagedPolicy_CountsAndDecidesNothing()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        PolicyView staged = Rules.Ingress("staged", Rules.Deny.Tcp(80), Rules.Allow.Tcp(81)) with { Id = "StagedGlobalNetworkPolicy/staged" };
        await host.ApplyAsync(staged, Rules.Ingress("real", Rules.Allow.Tcp(80)));
        await host.WaitProgrammedAsync(a, b);
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 81));
        Assert.Matches("dport 80 counter packets [1-9][0-9]* bytes [0-9]+ return comment \"StagedGlobalNetworkPolicy/staged 0", host.Nft("list", "table", "inet", "margay"));
        await host.ApplyAsync(staged);
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 82));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Policy_DecidesForBothFamilies(string name, PolicyView[] policies, bool v4, bool v6)
    {
        Assert.NotEmpty(name);
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.PostViewAsync(host.View with
        {
            IpSets =
            [
                new IpSetView { Id = "clients", Members = [$"{a.V4}/32", $"{a.V6}/128"] },
                new IpSetView { Id = "others", Members = ["10.65.0.99/32", "fd00:65::99/128", "10.66.0.0/16"] },
                new IpSetView { Id = "nets", Members = ["10.65.0.0/24", "10.65.0.0/16", "fd00:65::/64"] },
            ],
        });
        await host.ApplyAsync(policies);
        await host.WaitProgrammedAsync(a, b);
        Assert.True(v4 == await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80), $"v4 is not {v4}\n{host.Ruleset()}");
        Assert.True(v6 == await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V6, 80), $"v6 is not {v6}\n{host.Ruleset()}");
    }

    [Fact]
    public async Task HostReachesWorkload_WhateverItsPolicy()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        host.Ip("addr add 192.0.2.1/32 dev lo");
        await host.ApplyAsync(Rules.Ingress("deny", Rules.Deny));
        await host.WaitProgrammedAsync(a);
        Assert.True(await Traffic.ConnectsAsync(host.Namespace, a.Namespace, a.V4, 80));
    }

    [Theory]
    [InlineData(Margay.Dataplane.EndpointToHostAction.Drop, false)]
    [InlineData(Margay.Dataplane.EndpointToHostAction.Accept, true)]
    public async Task WorkloadReachesHost_OnlyIfConfigured(Margay.Dataplane.EndpointToHostAction action, bool reaches)
    {
        await using TestHost host = new(new Margay.Dataplane.DataplaneOptions { EndpointToHost = action });
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        host.Ip("addr add 192.0.2.1/32 dev lo");
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a);
        Assert.Equal(reaches, await Traffic.ConnectsAsync(a.Namespace, host.Namespace, InetAddress.Parse("192.0.2.1"), 80));
    }
}
