using Margay.Core.Net;

namespace Margay.Interop.Dataplane;

/// <summary>A workload speaks for itself only, whatever it tries.</summary>
public class SpoofingTests
{
    [Theory]
    [InlineData("10.65.0.3")]
    [InlineData("192.0.2.7")]
    [InlineData("fd00:65::3")]
    [InlineData("2001:db8::7")]
    public async Task ForgedSource_DoesNotGetThrough(string source)
    {
        await using TestHost host = new();
        (Workload a, Workload b, Workload _) = await ThreeAsync(host);
        InetAddress forged = InetAddress.Parse(source);
        InetAddress to = forged.IsIPv6 ? b.V6 : b.V4;
        Assert.True(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, to, 9, forged.IsIPv6 ? a.V6 : a.V4));
        Assert.False(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, to, 9, forged));
        Assert.Matches("counter packets [1-9].*spoofed source", host.Nft("list", "chain", "inet", "margay", "from-workload"));
    }

    [Fact]
    public async Task AllowedSource_GetsThrough()
    {
        await using TestHost host = new();
        (Workload a, Workload b, Workload _) = await ThreeAsync(host);
        await host.PostViewAsync(host.View with { Endpoints = [a.View([], "192.0.2.0/24") with { Revision = 2 }, b.View([])] });
        // The kernel's own check of the way back is another matter: such an endpoint needs a route for it.
        host.Ip($"route add 192.0.2.0/24 dev {a.Endpoint.Interface}");
        Assert.True(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, b.V4, 9, InetAddress.Parse("192.0.2.7")));
        Assert.False(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, b.V4, 9, InetAddress.Parse("192.0.3.7")));
    }

    [Fact]
    public async Task ArpForAnother_TeachesTheHostNothing()
    {
        await using TestHost host = new();
        (Workload a, Workload b, Workload _) = await ThreeAsync(host);
        a.Ip($"addr add {b.V4}/32 dev eth0");
        a.Run("busybox", "arping", "-U", "-c", "1", "-I", "eth0", b.V4.ToString());
        Assert.DoesNotContain($"{b.V4} dev {a.Endpoint.Interface}", host.IpText("neigh show"), StringComparison.Ordinal);
        Assert.Matches("counter packets [1-9].*spoofed ARP", host.Nft("list", "table", "arp", "margay"));
        Assert.True(await Traffic.ConnectsAsync(host.Namespace, b.Namespace, b.V4, 80));
    }

    [Fact]
    public async Task Tunnels_AreDropped()
    {
        await using TestHost host = new();
        (Workload a, Workload b, Workload _) = await ThreeAsync(host);
        Assert.False(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, b.V4, 4789));
        Assert.True(await Traffic.ArrivesAsync(a.Namespace, b.Namespace, b.V4, 4790));
    }

    private static async Task<(Workload A, Workload B, Workload C)> ThreeAsync(TestHost host)
    {
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b"), c = await host.AddWorkloadAsync("c");
        await host.ApplyAsync();
        await host.WaitProgrammedAsync(a, b, c);
        return (a, b, c);
    }
}
