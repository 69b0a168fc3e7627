using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Interop.Dataplane;

/// <summary>What the speaker learnt stands in the kernel, over nexthop objects, and what it did not learn goes when it says so.</summary>
public class RouteTests
{
    [Fact]
    public async Task LearntRoutes_StandInTheKernel_AndFollowTheirNextHops()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Underlay(host);
        await host.Loop.PostAsync(new RoutesChanged([
            Route("10.70.0.0/26", "192.0.2.2"), Route("10.71.0.0/26", "192.0.2.2", "192.0.2.3"), Route("10.72.0.0/26", "203.0.113.99"), Route("fd00:70::/64", "fd00:2::2"),
            Route("10.73.0.0/26", "192.0.2.2")]), TestContext.Current.CancellationToken);
        DataplaneSnapshot state = await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        string routes = host.IpText("route show proto 80");
        // An IPv6 network on a link is routed a moment after the link came up.
        await Eventually.TrueAsync(() => host.IpText("-6 route show proto 80").Length > 0, TimeSpan.FromSeconds(2), () => host.IpText("-6 route show"));
        string v6 = host.IpText("-6 route show proto 80");
        Assert.Matches(@"10\.70\.0\.0/26 nhid \d+ via 192\.0\.2\.2 dev net0", routes);
        Assert.Matches(@"10\.71\.0\.0/26 nhid \d+ .*metric 1024 *\n\tnexthop via 192\.0\.2\.2 dev net0 weight 1 *\n\tnexthop via 192\.0\.2\.3 dev net0 weight 1", routes);
        Assert.Matches(@"fd00:70::/64 nhid \d+ via fd00:2::2 dev net0", v6);
        Assert.DoesNotContain("10.72.0.0/26", routes, StringComparison.Ordinal);
        Assert.Contains(state.Routes, r => r is { Prefix: "10.72.0.0/26", Reason: "no next hop can be reached" });

        // It can be reached now, another cannot: the kernel said so, nobody asked.
        host.Ip("route add 203.0.113.99 via 192.0.2.9 dev net0");
        await Eventually.TrueAsync(() => host.IpText("route show proto 80").Contains("10.72.0.0/26", StringComparison.Ordinal), TimeSpan.FromSeconds(2), () => "10.72.0.0/26");
        Assert.Matches(@"10\.72\.0\.0/26 nhid \d+ via 192\.0\.2\.9 dev net0", host.IpText("route show proto 80"));

        await host.Loop.PostAsync(new RoutesChanged([Route("10.73.0.0/26")]), TestContext.Current.CancellationToken);
        await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("10.73.0.0/26", host.IpText("route show proto 80"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LinkDownAndUp_BringsRoutesBack()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Underlay(host);
        await host.Loop.PostAsync(new RoutesChanged([Route("10.70.0.0/26", "192.0.2.2")]), TestContext.Current.CancellationToken);
        await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        host.Ip("link set net0 down");
        await Eventually.TrueAsync(() => !host.IpText("route show proto 80").Contains("10.70", StringComparison.Ordinal), TimeSpan.FromSeconds(2), () => "gone");
        host.Ip("link set net0 up");
        await Eventually.TrueAsync(() => host.IpText("route show proto 80").Contains("10.70", StringComparison.Ordinal), TimeSpan.FromSeconds(2), () => "back");
    }

    [Fact]
    public async Task OwnBlocks_AreBlackholed_BelowTheirWorkloads()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        await host.Loop.PostAsync(new BlocksChanged([Prefix("10.65.0.0/26"), Prefix("fd00:65::/122")]), TestContext.Current.CancellationToken);
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a);
        Assert.Matches(@"blackhole 10\.65\.0\.0/26 metric 1024", host.IpText("route show proto 80"));
        Assert.Contains("blackhole fd00:65::/122", host.IpText("-6 route show proto 80"), StringComparison.Ordinal);
        Assert.Matches(@"10\.65\.0\.1 dev mga scope link metric 1024", host.IpText("route show proto 80"));
    }

    [Fact]
    public async Task AfterRestart_LearntRoutesStay_UntilTheSpeakerIsInSync()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Underlay(host);
        await host.Loop.PostAsync(new RoutesChanged([Route("10.70.0.0/26", "192.0.2.2"), Route("10.71.0.0/26", "192.0.2.3")], InSync: true), TestContext.Current.CancellationToken);
        await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        string before = host.IpText("route show proto 80");
        await host.RestartAsync();
        Assert.Equal(before, host.IpText("route show proto 80"));
        // The same gateway announces the same: not even the object's number changes.
        await host.Loop.PostAsync(new RoutesChanged([Route("10.70.0.0/26", "192.0.2.2")]), TestContext.Current.CancellationToken);
        await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Equal(before, host.IpText("route show proto 80"));
        await host.Loop.PostAsync(new RoutesChanged([], InSync: true), TestContext.Current.CancellationToken);
        await host.Loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("10.71.0.0/26", host.IpText("route show proto 80"), StringComparison.Ordinal);
        Assert.Contains("10.70.0.0/26", host.IpText("route show proto 80"), StringComparison.Ordinal);
        Assert.DoesNotContain("192.0.2.3", host.IpText("nexthop show"), StringComparison.Ordinal);
    }

    private static void Underlay(TestHost host)
    {
        host.Ip("link add net0 type veth peer name net1");
        host.Ip("link set net1 up");
        host.Ip("link set net0 up");
        host.Ip("addr add 192.0.2.1/24 dev net0");
        host.Ip("addr add fd00:2::1/64 dev net0 nodad");
    }

    private static NetworkPrefix Prefix(string prefix) => new(NetworkName.Default, IpPrefix.Parse(prefix));

    private static RouteUpdate Route(string prefix, params string[] gateways) =>
        new(Prefix(prefix), [.. gateways.Select(g => new RouteNextHop(InetAddress.Parse(g)))]);
}
