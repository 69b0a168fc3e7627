using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>Legs of networks to their host: made when the host is closed to them, gone before it opens, found again with their addresses.</summary>
public sealed class NetworkLegsTests : IAsyncLifetime
{
    private static readonly NetworkName s_red = new("red.net"), s_green = new("green.net");
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500) };

    private readonly FakeKernel _host = new();
    private readonly FakeTunnelKernel _inRed = new(), _inGreen = new();
    private readonly FakeTimeProvider _time = new();
    private DataplaneLoop _loop = null!;

    public ValueTask InitializeAsync()
    {
        Open();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private void Open(DataplaneOptions? options = null)
    {
        _loop = new DataplaneLoop(options ?? s_options, _host, _ => { }, _time, NullLogger.Instance);
        _loop.Start();
    }

    private async Task<DataplaneSnapshot> PostAsync(params DataplaneEvent[] events)
    {
        foreach (DataplaneEvent item in events) await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        return await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }

    private async Task<DataplaneSnapshot> PassAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(11));
        return await PostAsync();
    }

    private static ViewChanged View(params (string Network, bool LetsOut)[] networks) => new(new ViewDelta
    {
        Epoch = "e", Revision = 7, Snapshot = true,
        Networks = [.. networks.Select((n, i) => new NetworkView { Name = n.Network, Vni = 100 + i, LetsOut = n.LetsOut, Subnets = ["10.0.0.0/16", "fd00::/112"] })],
    });

    private string Sources() => string.Join(' ', _host.Tables.Elements(new FilterName(FilterFamily.Inet, "leg-sources4")).Select(e => Text(e.From.Span)).Order(StringComparer.Ordinal));

    private static string Text(ReadOnlySpan<byte> key) => $"{System.Text.Encoding.ASCII.GetString(key[..16]).TrimEnd('\0')},{InetAddress.FromBytes(key[16..])}";

    private bool HasLegRules() => _host.Tables.Chains.Any(c => c.Name.StartsWith("leg-", StringComparison.Ordinal));

    private static string[] RoutesOf(FakeKernel kernel) => [.. kernel.Routes.Values.OrderBy(r => r.Destination).Select(r => $"{r.Destination}{(r.Type == RouteType.Blackhole ? " blackhole" : $" {kernel.Nexthops[r.NexthopId].LinkIndex}")}")];

    [Fact]
    public async Task ANetworkThatIsLetOut_HasALeg_AndItsUnusedAddressesDoNotLeave()
    {
        await PostAsync(View(("red.net", true), ("green.net", false)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen));
        Assert.Equal("mleg100,169.254.64.1", Sources());
        Assert.Equal(["169.254.64.1/32 100", "fd6d:6172:6761:7900::1/128 100"], RoutesOf(_host));
        int leg = _inRed.Links["leg"].Index;
        Assert.Equal([$"0.0.0.0/0 {leg}", "10.0.0.0/16 blackhole", $"::/0 {leg}", "fd00::/112 blackhole"], RoutesOf(_inRed));
        Assert.Equal(["leaving", "leaving-source"], _inRed.Tables.Chains.Select(c => c.Name).Where(c => c.StartsWith("leaving", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("leg", _inGreen.Links.Keys);
        Assert.Empty(_inGreen.Routes);
    }

    [Fact]
    public async Task TheLeg_IsMadeAfterTheHostIsClosedToIt()
    {
        await PostAsync(View(("red.net", true)), new EndpointsRestored());
        _host.CommitsToRefuse = 1;
        await PostAsync(new NetworkOpened(s_red, _inRed));
        Assert.DoesNotContain("leg create", _inRed.Calls);
        await PassAsync();
        Assert.Contains("leg create", _inRed.Calls);
    }

    [Fact]
    public async Task NotLetOutAnyMore_TheHostOpensAfterTheLegIsGone()
    {
        await PostAsync(View(("red.net", true), ("green.net", true)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen));
        Assert.Equal("mleg100,169.254.64.1 mleg101,169.254.64.2", Sources());
        await PostAsync(View(("red.net", false), ("green.net", true)));
        await PassAsync();
        Assert.Equal("mleg101,169.254.64.2", Sources());
        Assert.DoesNotContain("leg", _inRed.Links.Keys);
        Assert.Empty(_inRed.Routes);
        Assert.DoesNotContain("leaving", _inRed.Tables.Chains.Select(c => c.Name));
        // The last one takes everything along.
        await PostAsync(new NetworkClosed(s_green, new TaskCompletionSource<ITunnelKernel?>()));
        Assert.False(HasLegRules());
        Assert.Empty(_host.Routes);
        // It goes with its namespace, in which nothing is forwarded any more.
        Assert.Equal("0 0", $"{_inGreen.Sysctls["net/ipv4/ip_forward"]} {_inGreen.Sysctls["net/ipv6/conf/all/forwarding"]}");
    }

    [Fact]
    public async Task ALegThatIsThereAlready_KeepsItsAddresses()
    {
        await PostAsync(View(("green.net", true), ("red.net", true)), new EndpointsRestored(), new NetworkOpened(s_green, _inGreen), new NetworkOpened(s_red, _inRed));
        Assert.Equal("mleg100,169.254.64.1 mleg101,169.254.64.2", Sources());
        string[] before = RoutesOf(_inRed);
        await _loop.DisposeAsync();
        foreach (FakeTunnelKernel kernel in (FakeTunnelKernel[])[_inRed, _inGreen]) kernel.Calls.Clear();
        Open();
        // Green, which had the first address, is heard of last.
        await PostAsync(View(("green.net", true), ("red.net", true)), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen), new EndpointsRestored());
        await PassAsync();
        Assert.Equal("mleg100,169.254.64.1 mleg101,169.254.64.2", Sources());
        Assert.Equal(before, RoutesOf(_inRed));
        foreach (FakeTunnelKernel kernel in (FakeTunnelKernel[])[_inRed, _inGreen]) Assert.DoesNotContain(kernel.Calls, c => c is "leg create" or "leg delete" or "route set" or "nexthop set");
    }

    [Fact]
    public async Task ALegThatNobodyWants_IsGuardedUntilItIsGone()
    {
        await PostAsync(View(("red.net", true)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        await _loop.DisposeAsync();
        Open();
        await PostAsync(new NetworkOpened(s_red, _inRed), new EndpointsRestored());
        await PassAsync();
        // Nobody has said anything yet.
        Assert.Contains("leg", _inRed.Links.Keys);
        Assert.True(HasLegRules());
        await PostAsync(View(("red.net", false)));
        Assert.DoesNotContain("leg", _inRed.Links.Keys);
        await PassAsync();
        Assert.False(HasLegRules());
    }

    [Fact]
    public async Task FloatingAddresses_AreWhereTheirTargetsAre()
    {
        _inRed.AddLink("mga", 5, "margay:red.net/ns/a");
        ViewChanged view = new(new ViewDelta
        {
            Epoch = "e", Revision = 7, Snapshot = true,
            Networks = [new NetworkView { Name = "red.net", Vni = 100, Subnets = ["10.0.0.0/16"], Floating = [new("203.0.113.2", "10.0.0.1"), new("203.0.113.1", "10.0.0.1"), new("203.0.113.3", "10.0.0.9"), new("2001:db8::1", "fd00::1")] }],
        });
        await PostAsync(view, new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        Assert.DoesNotContain("leg", _inRed.Links.Keys);

        await PostAsync(new EndpointAttached(new LocalEndpoint { Id = "red.net/ns/a", Network = s_red, Interface = "mga", Addresses = [InetAddress.Parse("10.0.0.1"), InetAddress.Parse("fd00::1")], Mac = new MacAddress(2) }));
        Assert.Contains("leg", _inRed.Links.Keys);
        Assert.Equal(["169.254.64.1/32", "203.0.113.1/32", "203.0.113.2/32", "2001:db8::1/128", "fd6d:6172:6761:7900::1/128"], _host.Routes.Keys.Order().Select(r => r.ToString()));
        Assert.Equal("mleg100,169.254.64.1 mleg100,203.0.113.1 mleg100,203.0.113.2", Sources());
        Assert.Equal(["203.0.113.1 to 10.0.0.1", "203.0.113.2 to 10.0.0.1"], Map("floating4"));
        // Of two the lower is the one that it leaves under.
        Assert.Equal(["10.0.0.1 to 203.0.113.1"], Map("floating-of4"));
        Assert.Equal(["fd00::1 to 2001:db8::1"], Map("floating-of6"));

        ConntrackTuple there = new() { Source = InetAddress.Parse("192.0.2.7"), Destination = InetAddress.Parse("203.0.113.1"), Protocol = 6 }, back = new() { Source = InetAddress.Parse("10.0.0.1"), Destination = InetAddress.Parse("192.0.2.7"), Protocol = 6 };
        _inRed.Flows.Add(new ConntrackFlow { Original = there, Reply = back });
        await PostAsync(new EndpointDetached("red.net/ns/a"));
        await PassAsync();
        Assert.DoesNotContain("leg", _inRed.Links.Keys);
        Assert.Empty(_inRed.Flows);
        Assert.Empty(_host.Routes);
        Assert.False(HasLegRules());
    }

    private string[] Map(string set) => [.. _inRed.Tables.Read().Elements[new FilterName(FilterFamily.Inet, set)].Select(e => $"{InetAddress.FromBytes(e.Key.From.Span)} to {InetAddress.FromBytes(e.Value.Address.Span)}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task ServicesOfTheHost_AreReachedFromEveryNetwork_WithoutAWayOut()
    {
        await _loop.DisposeAsync();
        Open(s_options with { Services = [HostService.Parse("169.254.169.254:80=127.0.0.1:8775", out _)!, HostService.Parse("169.254.169.254:81=192.0.2.1:81", out _)!] });
        await PostAsync(View(("red.net", false), ("green.net", true)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen));
        Assert.Equal(["169.254.169.254/32"], _inRed.Routes.Keys.Select(r => r.ToString()));
        Assert.Equal(["0.0.0.0/0", "10.0.0.0/16", "169.254.169.254/32", "::/0", "fd00::/112"], _inGreen.Routes.Keys.Order().Select(r => r.ToString()));
        Assert.Contains(new FilterName(FilterFamily.Inet, "leg-services"), _host.Tables.Chains);
        Assert.Equal(["mleg100"], _inRed.LoopbackAllowed);
    }

    [Fact]
    public async Task ALinkOfAnothersName_IsLeftAlone_AndToldOf()
    {
        _inRed.HostLinks["mleg100"] = new Link { Name = "mleg100", Index = 9, Kind = "dummy" };
        DataplaneSnapshot snapshot = await PostAsync(View(("red.net", true)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        Assert.Contains(snapshot.Pending, p => p == "network red.net: the host has a link mleg100 already that is not ours; remove it (ip link delete mleg100)");
        _inRed.HostLinks.Clear();
        snapshot = await PassAsync();
        Assert.Empty(snapshot.Pending);
        Assert.Contains("leg", _inRed.Links.Keys);
    }

    [Theory]
    [InlineData(1400, 0x02_6d_6c_65_67_00, LinkFlags.Up | LinkFlags.NoArp)]
    [InlineData(1500, 0x02_00_00_00_00_01, LinkFlags.Up | LinkFlags.NoArp)]
    [InlineData(1500, 0x02_6d_6c_65_67_00, LinkFlags.Up)]
    [InlineData(1500, 0x02_6d_6c_65_67_00, LinkFlags.NoArp)]
    public async Task ALegThatIsNotAsWanted_IsMadeAnew(int mtu, long mac, LinkFlags flags)
    {
        await PostAsync(View(("red.net", true)), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        _inRed.Links["leg"] = _inRed.Links["leg"] with { Mtu = mtu, Mac = new MacAddress((ulong)mac), Flags = flags };
        _inRed.Notify(new LinkNotification(_inRed.Links["leg"].Index, "leg", false, true));
        await PostAsync();
        Assert.Equal(2, _inRed.Calls.Count(c => c == "leg create"));
        Assert.Equal((1500, LinkFlags.Up | LinkFlags.NoArp), (_inRed.Links["leg"].Mtu, _inRed.Links["leg"].Flags));
    }
}
