using Margay.Netlink.NfTables;
using Margay.Netlink.Route;

namespace Margay.Interop.Dataplane;

/// <summary>A restarted agent takes over what it finds, and no packet notices.</summary>
public class RestartTests
{
    [Fact]
    public async Task Restart_LosesNoPacket_AndChangesNothingInTheKernel()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(Rules.Ingress("port", Rules.Allow.FromNets("10.65.0.0/24", "192.0.2.0/24")), Rules.Egress("out", Rules.Allow));
        await host.WaitProgrammedAsync(a, b);
        string before = Listing.Settled(host.Nft("-a", "list", "ruleset"));

        using NfTablesMonitor tables = NfTablesMonitor.OpenIn(host.Namespace);
        using RouteMonitor routes = RouteMonitor.OpenIn(host.Namespace, RouteEvents.Links | RouteEvents.Addresses | RouteEvents.Routes | RouteEvents.Nexthops);
        await using PacketStream stream = PacketStream.Start(a.Namespace, b.Namespace, a.V4, b.V4);
        for (int i = 0; i < 3; i++)
        {
            await host.RestartAsync();
            await host.WaitProgrammedAsync(a, b);
        }
        (int sent, int lost) = await stream.StopAsync();

        Assert.True(sent > 100, $"only {sent} packets were sent");
        Assert.Equal(0, lost);
        Assert.Equal(before, Listing.Settled(host.Nft("-a", "list", "ruleset")));
        Assert.False(tables.TryRead(out NftEvent? change), change?.ToString());
        Assert.False(routes.TryRead(out RouteEvent? moved), moved?.ToString());
    }

    [Fact]
    public async Task WhatChangedWhileTheAgentWasAway_IsPutRightAfterIt()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(Rules.Ingress("port", Rules.Allow.Tcp(80)));
        await host.WaitProgrammedAsync(a, b);
        string rules = Sorted(host), routes = host.IpText("route show proto 80");
        await host.StopAsync();
        host.Ip("route add 10.99.0.0/16 dev mga proto 80 metric 1024");
        host.Ip($"route del {b.V4}");
        host.Nft("add", "element", "inet", "margay", "sources4", "{ \"mga\" . 10.65.0.2 }");
        host.Nft("add", "chain", "inet", "margay", "stale");
        host.Nft("flush", "chain", "inet", "margay", "to-workload");
        await host.RestartAsync();
        Assert.Equal(rules, Sorted(host));
        Assert.Equal(routes, host.IpText("route show proto 80"));
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
    }

    [Fact]
    public async Task BeforeTheViewIsThere_NothingIsTaken()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a, b);
        string before = host.Ruleset();
        await host.RestartWithoutViewAsync();
        Assert.Equal(before, host.Ruleset());
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
    }

    private static string Sorted(TestHost host) => string.Join('\n', host.Ruleset().Split('\n').Order(StringComparer.Ordinal));
}
