using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>Two speakers over the kernel's TCP on loopback, on threads of their own: the whole of the real path, without root.</summary>
public class TcpTests
{
    private static readonly InetAddress s_loopback = InetAddress.Parse("127.0.0.1");

    private static async Task Until(Func<Task<bool>> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "did not happen in time");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task TenThousandRoutes_ComeAndGo()
    {
        await using Speaker a = new(new SpeakerOptions()), b = new(new SpeakerOptions());
        a.Start();
        b.Start();
        Assert.Empty(await a.ApplyAsync(new SpeakerConfig
        {
            LocalAs = 65001,
            RouterId = InetAddress.Parse("192.0.2.1"),
            Listen = [new ListenEndpoint(s_loopback, 0)],
            Peers = [new PeerSpec { Name = "b", ListenRange = IpPrefix.Host(s_loopback), RemoteAs = 65002 }],
        }));
        ushort port = (await a.GetListenersAsync())[0].Port;
        Assert.Empty(await b.ApplyAsync(new SpeakerConfig
        {
            LocalAs = 65002,
            RouterId = InetAddress.Parse("192.0.2.2"),
            Peers = [new PeerSpec { Name = "a", RemoteAddress = s_loopback, RemotePort = port, RemoteAs = 65001, NextHop = NextHopMode.Keep }],
        }));
        LocalRoute route = new() { NextHop = InetAddress.Parse("192.0.2.2") };
        LocalRouteChange[] routes = [.. Enumerable.Range(0, 10_000).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), route))];
        await b.UpdateLocalRoutesAsync(routes);
        await Until(async () => (await a.GetPeersAsync()).FirstOrDefault()?.RoutesAccepted == 10_000);
        await b.UpdateLocalRoutesAsync([.. routes.Select(r => r with { Route = null })]);
        await Until(async () => (await a.GetPeersAsync()).Single().RoutesReceived == 0);
    }

    [Fact]
    public async Task AddressInUse_IsSaid()
    {
        await using Speaker a = new(new SpeakerOptions()), b = new(new SpeakerOptions());
        a.Start();
        b.Start();
        SpeakerConfig config = new() { LocalAs = 65001, RouterId = InetAddress.Parse("192.0.2.1"), Listen = [new ListenEndpoint(s_loopback, 0)] };
        Assert.Empty(await a.ApplyAsync(config));
        string fault = Assert.Single(await b.ApplyAsync(config with { Listen = [new ListenEndpoint(s_loopback, (await a.GetListenersAsync())[0].Port)] }));
        Assert.Contains("in use", fault, StringComparison.Ordinal);
    }
}
