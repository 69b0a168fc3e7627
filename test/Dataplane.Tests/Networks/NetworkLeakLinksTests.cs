using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Dataplane.Networks;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>Links between networks that reach each other: there when both want it and both are closed to the rest, gone at once when one does not.</summary>
public sealed class NetworkLeakLinksTests : IAsyncLifetime
{
    private static readonly NetworkName s_red = new("red.net"), s_blue = new("blue.net");

    private readonly FakeKernel _host = new();
    private readonly FakeTunnelKernel _inRed = new(), _inBlue = new();
    private readonly FakeTimeProvider _time = new();
    private DataplaneLoop _loop = null!;

    public ValueTask InitializeAsync()
    {
        Open();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private void Open()
    {
        _loop = new DataplaneLoop(new DataplaneOptions { TunnelEnd = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500) }, _host, _ => { }, _time, NullLogger.Instance);
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
        await PostAsync();
        _time.Advance(TimeSpan.FromSeconds(11));
        return await PostAsync();
    }

    private static NetworkView Network(NetworkName name, int vni, string subnet, params (NetworkName To, string Subnet)[] leaks) => new()
    {
        Name = name.Value, Vni = vni, Subnets = [subnet, $"fd00:{vni}::/64"], Leaks = [.. leaks.Select(l => new LeakView { Network = l.To.Value, Subnets = [l.Subnet] })],
    };

    private static ViewChanged View(params NetworkView[] networks) => new(new ViewDelta { Epoch = "e", Revision = 7, Snapshot = true, Networks = networks });

    private static readonly ViewChanged s_apart = View(Network(s_red, 100, "10.0.0.0/16"), Network(s_blue, 101, "10.1.0.0/16"));
    private static readonly ViewChanged s_joined = View(Network(s_red, 100, "10.0.0.0/16", (s_blue, "10.1.0.0/16")), Network(s_blue, 101, "10.1.0.0/16", (s_red, "10.0.0.0/16")));

    private static string RoutesOf(FakeTunnelKernel kernel) => string.Join(' ', kernel.Routes.Values.OrderBy(r => r.Destination).Select(r => $"{r.Destination},{kernel.Links.Values.Single(l => l.Index == kernel.Nexthops[r.NexthopId].LinkIndex).Name}"));

    private static bool IsClosed(FakeTunnelKernel kernel) => kernel.Tables.Chains.Contains(new FilterName(FilterFamily.Inet, "leaks"));

    [Fact]
    public async Task TwoThatReachEachOther_HaveALink_WithRulesAndRoutesOfBoth()
    {
        await PostAsync(s_joined, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        Assert.Empty((await PassAsync()).Pending);
        Assert.Equal(("10.1.0.0/16,to101", "10.0.0.0/16,to100"), (RoutesOf(_inRed), RoutesOf(_inBlue)));
        Assert.True(IsClosed(_inRed) && IsClosed(_inBlue));
        Assert.Equal(1, _inRed.Calls.Concat(_inBlue.Calls).Count(c => c == "leak create"));
        // From blue come its range and the gateway's address; for red is what is red's.
        Assert.Equal(2, _inRed.Tables.Elements(new FilterName(FilterFamily.Inet, "leak-sources4")).Count);
        Assert.Single(_inRed.Tables.Elements(new FilterName(FilterFamily.Inet, "leak-own4")));

        await PostAsync(s_apart);
        Assert.DoesNotContain(_inRed.Links.Keys.Concat(_inBlue.Links.Keys), l => l.StartsWith("to", StringComparison.Ordinal));
        await PassAsync();
        Assert.Equal(("", ""), (RoutesOf(_inRed), RoutesOf(_inBlue)));
        Assert.False(IsClosed(_inRed) || IsClosed(_inBlue));
    }

    /// <summary>Sent while there was no way but the leg, and since then again and again, so that it does not end by itself.</summary>
    [Fact]
    public async Task AConnectionThatLeftUnderAnotherAddress_BeginsAnew_WhenThereIsAWay()
    {
        InetAddress own = InetAddress.Parse("10.0.0.5"), floating = InetAddress.Parse("203.0.113.7"), there = InetAddress.Parse("10.1.0.9"), world = InetAddress.Parse("198.51.100.1");
        ConntrackFlow Flow(InetAddress to, InetAddress under, ConntrackStatus status) => new()
        {
            Original = new ConntrackTuple(own, to, 17, 4000, 53), Reply = new ConntrackTuple(to, under, 17, 53, 4000), Status = status | ConntrackStatus.SeenReply | ConntrackStatus.Confirmed,
        };
        await PostAsync(s_apart, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        await PassAsync();
        ConntrackFlow stuck = Flow(there, floating, ConntrackStatus.SourceNat), outside = Flow(world, floating, ConntrackStatus.SourceNat), direct = Flow(there, own, ConntrackStatus.None);
        _inRed.Flows.AddRange([stuck, outside, direct]);
        await PostAsync(s_joined);
        await PassAsync();
        Assert.Equal("10.1.0.0/16,to101", RoutesOf(_inRed));
        Assert.Equal([outside, direct], _inRed.Flows);
    }

    [Fact]
    public async Task TunnelEndsOfOne_AreLetIntoTheOther()
    {
        await PostAsync(s_apart, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue),
            new TunnelPeersChanged(s_blue, new Dictionary<MacAddress, InetAddress> { [new MacAddress(7)] = InetAddress.Parse("192.0.2.7") }));
        Assert.Equal(["101 192.0.2.7"], Ends());
        await PostAsync(s_joined);
        Assert.Equal(["100 192.0.2.7", "101 192.0.2.7"], Ends());
        await PostAsync(new TunnelPeersChanged(s_blue, new Dictionary<MacAddress, InetAddress> { [new MacAddress(8)] = InetAddress.Parse("192.0.2.8") }), new RoutesChanged([], InSync: true));
        await PassAsync();
        Assert.Equal(["100 192.0.2.8", "101 192.0.2.8"], Ends());
        await PostAsync(s_apart);
        Assert.Equal(["101 192.0.2.8"], Ends());
    }

    private string[] Ends() => [.. _host.Tables.Elements(new FilterName(FilterFamily.Inet, TunnelGuard.From4)).Select(e => e.From.Span.ToArray())
        .Select(k => $"{k[4] << 16 | k[5] << 8 | k[6]} {InetAddress.FromBytes(k.AsSpan(0, 4))}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task OneSideAlone_IsNotEnough()
    {
        await PostAsync(View(Network(s_red, 100, "10.0.0.0/16", (s_blue, "10.1.0.0/16")), Network(s_blue, 101, "10.1.0.0/16")), new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        await PassAsync();
        Assert.Equal(("", ""), (RoutesOf(_inRed), RoutesOf(_inBlue)));
        await PostAsync(s_joined);
        await PassAsync();
        Assert.Equal("10.1.0.0/16,to101", RoutesOf(_inRed));
        // The other one's namespace goes.
        await PostAsync(new NetworkClosed(s_blue, new TaskCompletionSource<ITunnelKernel?>()));
        await PassAsync();
        Assert.Equal("", RoutesOf(_inRed));
        Assert.False(IsClosed(_inRed));
    }

    [Fact]
    public async Task TheLink_IsMadeAfterBothAreClosed()
    {
        await PostAsync(s_apart, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        _inBlue.CommitsToRefuse = 1;
        await PostAsync(s_joined);
        Assert.DoesNotContain("to101", _inRed.Links.Keys);
        await PassAsync();
        Assert.Contains("to101", _inRed.Links.Keys);
    }

    [Fact]
    public async Task AfterARestart_WhatIsWantedStays_AndWhatIsNotGoes()
    {
        await PostAsync(s_joined, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        await PassAsync();
        await _loop.DisposeAsync();
        foreach (FakeTunnelKernel kernel in (FakeTunnelKernel[])[_inRed, _inBlue]) kernel.Calls.Clear();
        Open();
        await PostAsync(s_joined, new NetworkOpened(s_blue, _inBlue), new NetworkOpened(s_red, _inRed));
        await PostAsync(new EndpointsRestored());
        await PassAsync();
        Assert.DoesNotContain(_inRed.Calls.Concat(_inBlue.Calls), c => c is "leak create" or "leak delete" or "route set" or "route delete" or "nexthop set");
        await _loop.DisposeAsync();
        Open();
        // Consent was withdrawn while nobody looked; a link that only looks like ours is another's.
        _inRed.Links["tourist"] = new Link { Name = "tourist", Index = 77, Kind = "dummy" };
        await PostAsync(s_apart, new NetworkOpened(s_blue, _inBlue), new NetworkOpened(s_red, _inRed), new EndpointsRestored());
        await PassAsync();
        Assert.Equal(["tourist"], _inRed.Links.Keys.Concat(_inBlue.Links.Keys).Where(l => l.StartsWith("to", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ALinkThatSomeoneTookAway_ComesBack()
    {
        await PostAsync(s_joined, new EndpointsRestored(), new NetworkOpened(s_red, _inRed), new NetworkOpened(s_blue, _inBlue));
        await PassAsync();
        int index = _inRed.Links["to101"].Index;
        _inRed.DeleteLink(index);
        _inRed.Notify(new Margay.Dataplane.Kernel.LinkNotification(index, "to101", true, false));
        await PostAsync();
        await PassAsync();
        Assert.Contains("to101", _inRed.Links.Keys);
        Assert.Contains("to100", _inBlue.Links.Keys);
    }
}
