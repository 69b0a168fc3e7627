using Margay.Api.NodeSync;
using Margay.Core.Net;

namespace Margay.Interop.Dataplane;

/// <summary>Code points as seen outside. That IPv4 datagrams arrive at all says that their header's checksum is right.</summary>
public sealed class DscpTests
{
    private const byte Ef = 46;
    private static readonly string[] s_matches = ["ip dscp ef udp dport 9", "ip6 dscp ef udp dport 9", "ip dscp cs0 udp dport 9", "ip6 dscp cs0 udp dport 9"];
    private static readonly PoolView[] s_pools = [new() { Name = "v4", Cidr = "10.65.0.0/16" }, new() { Name = "v6", Cidr = "fd00:65::/32" }];

    [Fact]
    public async Task WorkloadsPackets_AreMarked_WhenTheyLeaveThePools()
    {
        await using TestHost host = new();
        using Outside outside = await Outside.StartAsync(host);
        await host.StartEmptyAsync();
        Workload marked = await host.AddWorkloadAsync("a"), plain = await host.AddWorkloadAsync("b");
        await host.PostViewAsync(host.View with { Pools = s_pools, Profiles = [Rules.AllowAllProfile], Endpoints = [marked.View([]) with { Qos = new QosView { Dscp = Ef } }, plain.View([])] });
        await host.WaitProgrammedAsync(marked, plain);
        Assert.Equal("0 0 1 1", await SeenAsync(outside, plain));
        Assert.Equal("1 1 0 0", await SeenAsync(outside, marked));

        Assert.Matches("ip dscp set ef(.|\n)*ip6 dscp set ef", host.Ruleset());
        Assert.DoesNotContain("@nh", host.Ruleset(), StringComparison.Ordinal);

        // To another pool address, which happens to be outside: not marked.
        await host.PostViewAsync(host.View with { Pools = [.. s_pools, new PoolView { Name = "there", Cidr = "198.51.100.0/24" }] });
        Assert.Equal("0 1 1 0", await SeenAsync(outside, marked));

        // Answers of a marked workload are its packets too.
        await host.PostViewAsync(host.View with { Pools = s_pools });
        outside.Count("ip dscp ef tcp sport 80 tcp flags & (syn | ack) == syn | ack");
        Assert.True(await Traffic.ConnectsAsync(outside.Namespace, marked.Namespace, marked.V4, 80));
        Assert.NotEqual("0", outside.Counted());

        await host.RestartAsync();
        Assert.Equal("1 1 0 0", await SeenAsync(outside, marked));
        await host.PostViewAsync(host.View with { Endpoints = [marked.View([]) with { Revision = 2 }, plain.View([])] });
        Assert.Equal("0 0 1 1", await SeenAsync(outside, marked));
        Assert.DoesNotContain("dscp", host.Ruleset(), StringComparison.Ordinal);
        Assert.DoesNotContain("set pools", host.Ruleset(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up0", null, true)]
    [InlineData("*", null, true)]
    [InlineData("*", "up0", false)]
    [InlineData("eth9", null, false)]
    public async Task HostsPackets_AreMarked_ByInterface(string @interface, string? silent, bool marked)
    {
        await using TestHost host = new();
        using Outside outside = await Outside.StartAsync(host);
        await host.StartEmptyAsync();
        Workload workload = await host.AddWorkloadAsync("a");
        // No profile closes the host, so there is one that opens it.
        HostEndpointView Endpoint(string name, string on, byte? codePoint) => new() { Name = name, Revision = 1, Interface = on, Dscp = codePoint, Profiles = [Rules.AllowAllProfile.Name] };
        await host.PostViewAsync(host.View with
        {
            Pools = s_pools, Profiles = [Rules.AllowAllProfile], Endpoints = [workload.View([])],
            HostEndpoints = [Endpoint("marks", @interface, Ef), .. silent is null ? (HostEndpointView[])[] : [Endpoint("silent", silent, null)]],
        });
        await host.WaitProgrammedAsync(workload);
        outside.Count(s_matches);
        Assert.True(await Traffic.ArrivesAsync(host.Namespace, outside.Namespace, Outside.V4, 9));
        Assert.True(await Traffic.ArrivesAsync(host.Namespace, outside.Namespace, Outside.V6, 9));
        Assert.Equal(marked ? "1 1 0 0" : "0 0 1 1", outside.Counted());
        // What is forwarded is not the host's.
        Assert.Equal("0 0 1 1", await SeenAsync(outside, workload));
    }

    private static async Task<string> SeenAsync(Outside outside, Workload from)
    {
        outside.Count(s_matches);
        foreach ((InetAddress to, InetAddress source) in ((InetAddress, InetAddress)[])[(Outside.V4, from.V4), (Outside.V6, from.V6)])
            Assert.True(await Traffic.ArrivesAsync(from.Namespace, outside.Namespace, to, 9, source), $"{source} to {to}: {outside.Counted()}");
        return outside.Counted();
    }
}
