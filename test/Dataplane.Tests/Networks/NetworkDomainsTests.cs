using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Dataplane.Networks;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>Virtual networks beside the default one in the dataplane's loop: each has its kernel, and the host's filter knows whom their tunnels lead to.</summary>
public sealed class NetworkDomainsTests : IAsyncLifetime
{
    private static readonly NetworkName s_red = new("red.net"), s_green = new("green.net");
    private static readonly MacAddress s_mac = new(0x02_6d_c0_00_02_02);
    private static readonly InetAddress s_vtep = InetAddress.Parse("192.0.2.2"), s_other = InetAddress.Parse("192.0.2.3");
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500) };

    private readonly FakeKernel _host = new();
    private readonly FakeTunnelKernel _inRed = new(), _inGreen = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<DataplaneReport> _reports = [];
    private DataplaneLoop _loop = null!;

    public ValueTask InitializeAsync()
    {
        Open();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private void Open()
    {
        _loop = new DataplaneLoop(s_options, _host, _reports.Add, _time, NullLogger.Instance);
        _loop.Start();
    }

    private async Task<DataplaneSnapshot> PostAsync(params DataplaneEvent[] events)
    {
        foreach (DataplaneEvent item in events) await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        return await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }

    private async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        await PostAsync();
    }

    private static ViewChanged View(params string[] networks) => new(new ViewDelta
    {
        Epoch = "e", Revision = 7, Snapshot = true,
        Networks = [.. networks.Select((n, i) => new NetworkView { Name = n, Vni = 100 + i })],
        Profiles = [.. networks.Select(n => new ProfileView { Name = $"open@{n}", Network = n, Ingress = [new RuleView { Action = Api.Resources.RuleAction.Allow }] })],
        Endpoints = [.. networks.Select(n => new EndpointView { Id = $"{n}/ns/a", Network = n, Revision = 7, Interface = "mga", Profiles = [$"open@{n}"] })],
    });

    private static EndpointAttached Attached(NetworkName network) => new(new LocalEndpoint
    {
        Id = $"{network}/ns/a", Network = network, Interface = "mga", Addresses = [InetAddress.Parse("10.0.0.1")], Mac = new MacAddress(2),
    });

    private static RouteUpdate Learnt(NetworkName network, string prefix) => new(new NetworkPrefix(network, IpPrefix.Parse(prefix)), [new RouteNextHop(s_mac.ToLinkLocal())]);

    private static TunnelPeersChanged Behind(NetworkName network, params InetAddress[] ends) =>
        new(network, ends.ToDictionary(e => e == s_vtep ? s_mac : new MacAddress(s_mac.Value + e.IPv4Value), e => e));

    private string[] Guarded(string set) => [.. _host.Tables.Elements(new FilterName(FilterFamily.Inet, set)).Select(e => Convert.ToHexStringLower(e.From.Span)).Order(StringComparer.Ordinal)];

    private void AddLinks()
    {
        foreach ((FakeTunnelKernel kernel, NetworkName network) in ((FakeTunnelKernel, NetworkName)[])[(_inRed, s_red), (_inGreen, s_green)]) kernel.AddLink("mga", 5, $"margay:{network}/ns/a");
    }

    [Fact]
    public async Task EqualAddresses_OfTwoNetworks_MeetNowhere()
    {
        AddLinks();
        await PostAsync(View("red.net", "green.net"), Attached(s_red), Attached(s_green), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen),
            Behind(s_red, s_vtep), new RoutesChanged([Learnt(s_red, "10.0.0.2/32")], InSync: true));
        Assert.Equal(["10.0.0.1/32", "10.0.0.2/32"], _inRed.Routes.Keys.Order().Select(r => r.ToString()));
        Assert.Equal(["10.0.0.1/32"], _inGreen.Routes.Keys.Select(r => r.ToString()));
        Assert.Empty(_host.Routes);
        Assert.Equal(["green.net/ns/a", "red.net/ns/a"], _reports.OfType<EndpointProgrammed>().Select(r => r.Id).Order(StringComparer.Ordinal));
        Assert.Equal((100u, 101u), (_inRed.Tunnel!.Vxlan!.Vni, _inGreen.Tunnel!.Vxlan!.Vni));
        Assert.Single(_inRed.Fdb);
        Assert.Empty(_inGreen.Fdb);
    }

    [Fact]
    public async Task WhatWasHeardBefore_IsToldToANetworkThatComesLater()
    {
        AddLinks();
        await PostAsync(View("red.net"), new EndpointsRestored(), Behind(s_red, s_vtep), new RoutesChanged([Learnt(s_red, "10.0.0.2/32"), Learnt(s_red, "10.0.0.3/32")], InSync: true),
            new RoutesChanged([new RouteUpdate(new NetworkPrefix(s_red, IpPrefix.Parse("10.0.0.3/32")), [])]), Attached(s_red));
        Assert.Empty(_reports);
        await PostAsync(new NetworkOpened(s_red, _inRed));
        Assert.Equal(["10.0.0.1/32", "10.0.0.2/32"], _inRed.Routes.Keys.Order().Select(r => r.ToString()));
        Assert.Single(_inRed.Fdb);
        Assert.Single(_reports.OfType<EndpointProgrammed>());
    }

    [Fact]
    public async Task TheTunnel_IsOpenedAfterTheHostsFilterKnowsIt()
    {
        AddLinks();
        await PostAsync(View("red.net"), new EndpointsRestored());
        _host.CommitsToRefuse = 1;
        await PostAsync(new NetworkOpened(s_red, _inRed));
        Assert.Null(_inRed.Tunnel);
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["000064"], Guarded(TunnelGuard.Vnis));
        Assert.Empty(Guarded(TunnelGuard.From4));
        Assert.NotNull(_inRed.Tunnel);
    }

    [Fact]
    public async Task TunnelEnds_AreThoseOfNetworksThatAreHere()
    {
        AddLinks();
        await PostAsync(View("red.net", "green.net"), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen),
            Behind(s_red, s_vtep), Behind(s_green, s_vtep, s_other), new RoutesChanged([], InSync: true));
        // What is an end of green's is none of red's.
        Assert.Equal(["c000020200006400", "c000020200006500", "c000020300006500"], Guarded(TunnelGuard.From4));
        TaskCompletionSource<ITunnelKernel?> closed = new();
        await PostAsync(new NetworkClosed(s_green, closed));
        Assert.True(closed.Task.IsCompleted);
        Assert.Equal(["c000020200006400"], Guarded(TunnelGuard.From4));
        Assert.Equal(["000064"], Guarded(TunnelGuard.Vnis));
        await PostAsync(Behind(s_red));
        Assert.Empty(Guarded(TunnelGuard.From4));
        // The last one takes the whole chain along: other hosts' packets cost nothing then.
        await PostAsync(new NetworkClosed(s_red, new TaskCompletionSource<ITunnelKernel?>()));
        Assert.DoesNotContain(new FilterName(FilterFamily.Inet, TunnelGuard.Chain), _host.Tables.Chains);
    }

    [Fact]
    public async Task AClosedNetwork_ForwardsNothing_AndItsKernelIsGivenBack()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        TaskCompletionSource<ITunnelKernel?> closed = new(), again = new();
        await PostAsync(new NetworkClosed(s_red, closed), new NetworkClosed(s_red, again));
        Assert.Same(_inRed, await closed.Task);
        Assert.Null(await again.Task);
        Assert.Equal(("0", "0"), (_inRed.Sysctls["net/ipv4/ip_forward"], _inRed.Sysctls["net/ipv6/conf/all/forwarding"]));
        // The setting is heard of, and nobody puts it back.
        await PostAsync(new KernelChanged(new LinkNotification(-1, null, false), s_red));
        Assert.Equal("0", _inRed.Sysctls["net/ipv4/ip_forward"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ANewNamespace_IsNotReadBack(bool isNew)
    {
        AddLinks();
        IpPrefix stray = IpPrefix.Parse("10.9.0.0/24");
        _inRed.Routes[stray] = new RouteEntry { Destination = stray, LinkIndex = 5, Protocol = (RouteProtocol)80 };
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed, isNew), Behind(s_red, s_vtep), new RoutesChanged([Learnt(s_red, "10.0.0.2/32")], InSync: true));
        await PassAsync(TimeSpan.FromSeconds(10));
        // What was there is as good as not there; otherwise it is found, and goes.
        Assert.Equal(isNew, _inRed.Routes.ContainsKey(stray));
        Assert.Superset(new HashSet<string> { "10.0.0.1/32", "10.0.0.2/32" }, _inRed.Routes.Keys.Select(r => r.ToString()).ToHashSet());
        Assert.Single(_inRed.Fdb);
        Assert.Single(_reports.OfType<EndpointProgrammed>());
    }

    [Fact]
    public async Task ALinkThatNobodyWants_WakesNoNetwork()
    {
        AddLinks();
        DataplaneSnapshot before = await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        int calls = _inRed.Calls.Count;
        await PostAsync(new KernelChanged(new LinkNotification(77, "mgother", false), s_red), new KernelChanged(new LinkNotification(78, null, false), s_red));
        Assert.Equal(calls, _inRed.Calls.Count);
        _inRed.Links["mga"] = _inRed.Links["mga"] with { Flags = LinkFlags.None };
        await PostAsync(new KernelChanged(new LinkNotification(_inRed.Links["mga"].Index, "mga", false), s_red));
        Assert.True(_inRed.Links["mga"].IsUp);
        Assert.Equal(before.Routes.Count, _inRed.Routes.Count);
    }

    [Fact]
    public async Task TunnelEnds_OfBothFamilies_HaveTheirSets()
    {
        AddLinks();
        await PostAsync(View("red.net"), new EndpointsRestored(), new NetworkOpened(s_red, _inRed),
            new TunnelPeersChanged(s_red, new Dictionary<MacAddress, InetAddress> { [s_mac] = s_vtep, [new MacAddress(0x06_00_00_00_00_01)] = InetAddress.Parse("2001:db8::7") }));
        Assert.Equal(["c000020200006400"], Guarded(TunnelGuard.From4));
        Assert.Equal(["20010db800000000000000000000000700006400"], Guarded(TunnelGuard.From6));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARestart_KeepsEndsAndRoutes_UntilAllHasBeenLearntAgain(bool inSync)
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), Behind(s_red, s_vtep, s_other),
            new RoutesChanged([Learnt(s_red, "10.0.0.2/32")], InSync: true));
        await PassAsync(s_options.NetworkSettleTime);
        await _loop.DisposeAsync();
        _inRed.Calls.Clear();
        _host.Calls.Clear();
        Open();
        await PostAsync(View("red.net"), Attached(s_red), new NetworkOpened(s_red, _inRed), new EndpointsRestored(), Behind(s_red, s_other));
        Assert.Empty(_host.Calls);
        Assert.Empty(_inRed.Calls);
        if (inSync)
        {
            await PostAsync(new RoutesChanged([], InSync: true));
            await PassAsync(s_options.NetworkSettleTime / 2);
            Assert.Equal(2, Guarded(TunnelGuard.From4).Length);
            await PassAsync(s_options.NetworkSettleTime / 2);
        }
        else
        {
            await PassAsync(s_options.RouteHoldTime);
        }
        Assert.Equal(["c000020300006400"], Guarded(TunnelGuard.From4));
        Assert.DoesNotContain(IpPrefix.Parse("10.0.0.2/32"), _inRed.Routes.Keys);
        Assert.Equal(s_other, Assert.Single(_inRed.Fdb.Values));
    }

    [Fact]
    public async Task ATunnelThatIsFound_StaysGuarded_WhenTheViewDoesNotKnowItsNetwork()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), Behind(s_red, s_vtep));
        await _loop.DisposeAsync();
        Open();
        await PostAsync(View(), Attached(s_red), new NetworkOpened(s_red, _inRed), new EndpointsRestored(), new RoutesChanged([], InSync: true));
        await PassAsync(s_options.NetworkSettleTime);
        Assert.NotNull(_inRed.Tunnel);
        Assert.Equal(["000064"], Guarded(TunnelGuard.Vnis));
        Assert.Empty(Guarded(TunnelGuard.From4));
    }

    [Fact]
    public async Task ADetachedEndpoint_OfANetworkThatIsNotHere_IsReportedGone()
    {
        await PostAsync(new EndpointDetached("red.net/ns/a"));
        Assert.Equal(new EndpointRemoved("red.net/ns/a"), Assert.Single(_reports));
    }

    [Fact]
    public async Task ALinkThatGoesInANetwork_IsReported()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        _inRed.Notify(new LinkNotification(5, "mga", Removed: true));
        await PostAsync();
        Assert.Contains(new WorkloadLinkGone("mga"), _reports);
    }

    [Fact]
    public async Task ANeighbourOfOurs_IsSetAgain_OneOfTheWorkloads_MakesNoWork()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        _inRed.Calls.Clear();
        _inRed.Notify(new NeighbourNotification(5, InetAddress.Parse("fe80::77"), Removed: false));
        await PostAsync();
        Assert.Empty(_inRed.Calls);
        InetAddress ours = InetAddress.Parse("10.0.0.1");
        Assert.True(_inRed.Neighbours.Remove((5, ours)));
        _inRed.Notify(new NeighbourNotification(5, ours, Removed: true));
        await PostAsync();
        Assert.Contains((5, ours), _inRed.Neighbours.Keys);
    }

    [Fact]
    public async Task AGroupsEntryOnTheTunnel_HasNothingReadBack_AHostsHas()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), Behind(s_red, s_vtep), new RoutesChanged([], InSync: true));
        int tunnel = _inRed.Tunnel!.Index;
        _inRed.Fdb[s_mac] = s_other;
        _inRed.Notify(new NeighbourNotification(tunnel, InetAddress.Parse("ff02::16"), Removed: true));
        await PostAsync();
        Assert.Equal(s_other, _inRed.Fdb[s_mac]);
        _inRed.Notify(new NeighbourNotification(tunnel, s_mac.ToLinkLocal(), Removed: true));
        await PostAsync();
        Assert.Equal(s_vtep, _inRed.Fdb[s_mac]);
    }

    [Fact]
    public async Task WhatIsLostOfOneNetwork_HasThatOneReadBack_AndNoOther()
    {
        AddLinks();
        await PostAsync(View("red.net", "green.net"), Attached(s_red), Attached(s_green), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_green, _inGreen));
        InetAddress ours = InetAddress.Parse("10.0.0.1");
        Assert.True(_inRed.Neighbours.Remove((5, ours)));
        Assert.True(_inGreen.Neighbours.Remove((5, ours)));
        await WhileTheLoopStandsStill(() =>
        {
            for (int i = 0; i <= 4096; i++) _inRed.Notify(new LinkNotification(99, "other", Removed: false));
        });
        Assert.Contains((5, ours), _inRed.Neighbours.Keys);
        Assert.DoesNotContain((5, ours), _inGreen.Neighbours.Keys);
    }

    [Fact]
    public async Task ANetworkThatLeaves_IsNotListenedTo()
    {
        AddLinks();
        await PostAsync(View("red.net"), Attached(s_red), new EndpointsRestored(), new NetworkOpened(s_red, _inRed));
        await PostAsync(new NetworkClosed(s_red, new TaskCompletionSource<ITunnelKernel?>()));
        _inRed.Notify(new LinkNotification(5, "mga", Removed: true));
        await PostAsync();
        Assert.DoesNotContain(new WorkloadLinkGone("mga"), _reports);
    }

    /// <summary>Nothing is taken from the queue while the action runs.</summary>
    private async Task WhileTheLoopStandsStill(Action action)
    {
        TaskCompletionSource<ITunnelKernel?> standing = new();
        using ManualResetEventSlim reached = new(), release = new();
        _ = standing.Task.ContinueWith(_ =>
        {
            reached.Set();
            release.Wait();
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await _loop.PostAsync(new NetworkClosed(new NetworkName("none.net"), standing), TestContext.Current.CancellationToken);
        reached.Wait(TestContext.Current.CancellationToken);
        action();
        release.Set();
        await PostAsync();
    }
}
