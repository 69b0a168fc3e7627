using Margay.Dataplane;

namespace Margay.Interop.Dataplane;

/// <summary>What another hand changes of ours is put right at once; what is not ours is left alone.</summary>
public class DriftTests
{
    /// <summary>From the notification on; the machine may be busy.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Commands => new()
    {
        "ip route del 10.65.0.2",
        "ip -6 route del fd00:65::2",
        "ip neigh del 10.65.0.2 dev mgb",
        "ip link set mgb down",
        "nft flush ruleset",
        "nft delete table inet margay",
        "nft flush chain inet margay egress-policy",
        "nft flush chain inet margay to-workload",
        "nft delete element inet margay sources4 { \"mgb\" . 10.65.0.2 }",
        "nft flush map inet margay ingress",
        "nft add element inet margay sources4 { \"mga\" . 10.65.0.2 }",
        "nft insert rule inet margay forward accept",
        "sysctl -qw net.ipv4.conf.mgb.rp_filter=0",
        "sysctl -qw net.ipv4.conf.mgb.proxy_arp=0",
        "sysctl -qw net.ipv4.ip_forward=0",
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Change_IsPutRight(string command)
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await TwoAsync(host);
        string before = State(host);
        string[] words = command.Split(' ');
        host.Run(words[0], words[1..]);
        await Eventually.TrueAsync(() => State(host) == before, AtOnce, () => $"as before:\n{before}\nbut:\n{State(host)}");
        Assert.True(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 80));
        Assert.True(await Traffic.ConnectsAsync(b.Namespace, a.Namespace, a.V6, 80));
    }

    [Fact]
    public async Task ForeignTablesAndRoutes_AreLeftAlone()
    {
        await using TestHost host = new();
        host.Ip("link add ext type veth peer name ext2");
        host.Ip("link set ext up");
        host.Ip("addr add 192.0.2.1/24 dev ext");
        host.Ip("route add 198.51.100.0/24 via 192.0.2.2 onlink dev ext proto 99");
        host.Ip("route add 10.65.0.99 dev ext metric 7");
        host.Nft("add", "table", "inet", "other");
        host.Nft("add", "chain", "inet", "other", "input", "{ type filter hook input priority 5; }");
        string routes = host.IpText("route show dev ext"), table = host.Nft("list", "table", "inet", "other");
        (Workload a, Workload _) = await TwoAsync(host);
        await host.Loop.PostAsync(new RoutesChanged([], InSync: true), TestContext.Current.CancellationToken);
        await host.DetachAsync(a.Endpoint);
        Assert.Equal(routes, host.IpText("route show dev ext"));
        Assert.Equal(table, host.Nft("list", "table", "inet", "other"));
    }

    [Fact]
    public async Task ForeignRouteInTheWay_IsReported_AndOursFollowsWhenItGoes()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        host.Ip("route add blackhole 10.65.0.1 metric 1024");
        Workload a = await host.AddWorkloadAsync("a");
        await host.ApplyAsync();
        await Eventually.TrueAsync(() => host.Reports.Any(r => r is EndpointFailed { Reason: var why } && why.Contains("in the way", StringComparison.Ordinal)), AtOnce,
            () => $"failure: {string.Join(", ", host.Reports)}");
        Assert.Contains("blackhole 10.65.0.1", host.IpText("route show"), StringComparison.Ordinal);
        host.Ip("route del blackhole 10.65.0.1 metric 1024");
        await host.WaitProgrammedAsync(a);
        Assert.True(await Traffic.ConnectsAsync(host.Namespace, a.Namespace, a.V4, 80));
    }

    private static async Task<(Workload A, Workload B)> TwoAsync(TestHost host)
    {
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(Rules.Ingress("port", Rules.Allow.Tcp(80)));
        await host.WaitProgrammedAsync(a, b);
        return (a, b);
    }

    private static string State(TestHost host) => string.Join('\n',
        string.Join('\n', host.Ruleset().Split('\n').Order(StringComparer.Ordinal)),
        host.IpText("route show"), host.IpText("-6 route show proto 80"), host.IpText("neigh show nud permanent"),
        host.Run("sysctl", "net.ipv4.conf.mgb.rp_filter", "net.ipv4.conf.mgb.proxy_arp", "net.ipv4.ip_forward"));
}
