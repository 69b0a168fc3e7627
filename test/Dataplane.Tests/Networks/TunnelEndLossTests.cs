using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>A host dies: groups leave it out, each by one message; routes stay as they are until BGP says what becomes of them.</summary>
public sealed class TunnelEndLossTests : IAsyncLifetime
{
    private static readonly NetworkName s_red = new("red.net");
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500) };

    private readonly FakeKernel _host = new();
    private readonly FakeTunnelKernel _inRed = new();
    private readonly FakeTimeProvider _time = new();
    private DataplaneLoop _loop = null!;

    private static TunnelEnd Host(int number) => TunnelEnd.Of(InetAddress.Parse($"192.0.2.{number}"), 1500);

    public async ValueTask InitializeAsync()
    {
        _loop = new DataplaneLoop(s_options, _host, _ => { }, _time, NullLogger.Instance);
        _loop.Start();
        await PostAsync(
            new ViewChanged(new ViewDelta { Epoch = "e", Revision = 7, Snapshot = true, Networks = [new NetworkView { Name = s_red.Value, Vni = 100 }] }),
            new EndpointsRestored(), new NetworkOpened(s_red, _inRed), Behind(2, 3, 4),
            Learnt(("10.0.0.1/32", [2, 3]), ("10.0.0.2/32", [2, 3]), ("10.0.0.3/32", [3, 4]), ("10.0.0.4/32", [2]), ("10.0.0.5/32", [3, 4, 2])));
        _inRed.Calls.Clear();
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task PostAsync(params DataplaneEvent[] events)
    {
        foreach (DataplaneEvent item in events) await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }

    private static TunnelPeersChanged Behind(params int[] hosts) => new(s_red, hosts.Select(Host).ToDictionary(h => h.RouterMac, h => h.Address));

    private static RoutesChanged Learnt(params (string Prefix, int[] Hosts)[] routes) =>
        new([.. routes.Select(r => new RouteUpdate(new NetworkPrefix(s_red, IpPrefix.Parse(r.Prefix)), [.. r.Hosts.Select(h => new RouteNextHop(Host(h).RouterMac.ToLinkLocal()))]))], InSync: true);

    private static TunnelEndsLost Lost(params int[] hosts) => new(hosts.Select(h => Host(h).Address).ToHashSet());

    /// <summary>Last octet of each prefix and the hosts that it is sent to.</summary>
    private string Ways() => string.Join(' ', _inRed.Routes.Values.OrderBy(r => r.Destination).Select(r => $"{r.Destination.Address.IPv4Value & 255}:{string.Join('+', HostsOf(r.NexthopId))}"));

    private IEnumerable<int> HostsOf(uint id) => _inRed.Nexthops[id].Group is { Count: > 0 } group
        ? group.SelectMany(m => HostsOf(m.Id)) : [Enumerable.Range(2, 3).Single(h => Host(h).RouterMac.ToLinkLocal() == _inRed.Nexthops[id].Gateway)];

    [Fact]
    public async Task EachGroup_LosesTheHost_ByOneMessage_AndNoRouteIsTouched()
    {
        Assert.Equal("1:2+3 2:2+3 3:3+4 4:2 5:2+3+4", Ways());
        await PostAsync(Lost(2));
        Assert.Equal("1:3 2:3 3:3+4 4:2 5:3+4", Ways());
        Assert.Equal(["nexthop set", "nexthop set"], _inRed.Calls);
    }

    [Fact]
    public async Task WhatHasNoOtherWay_StaysAsItIs()
    {
        await PostAsync(Lost(2, 3, 4));
        Assert.Equal("1:2+3 2:2+3 3:3+4 4:2 5:2+3+4", Ways());
        Assert.Empty(_inRed.Calls);
    }

    [Fact]
    public async Task AHostThatWasNotLostAfterAll_IsBack_ByOneMessageForEachGroup()
    {
        await PostAsync(Lost(2));
        _inRed.Calls.Clear();
        await PostAsync(Lost());
        Assert.Equal("1:2+3 2:2+3 3:3+4 4:2 5:2+3+4", Ways());
        Assert.Equal(["nexthop set", "nexthop set"], _inRed.Calls);
    }

    [Fact]
    public async Task AfterTheRoutesHaveFollowed_NothingIsLeftOfIt()
    {
        await PostAsync(Lost(2));
        await PostAsync(Behind(3, 4), Learnt(("10.0.0.1/32", [3]), ("10.0.0.2/32", [3]), ("10.0.0.4/32", []), ("10.0.0.5/32", [3, 4])), Lost());
        Assert.Equal("1:3 2:3 3:3+4 5:3+4", Ways());
        // Before all counts as learnt no object goes.
        _time.Advance(TimeSpan.FromSeconds(6));
        await PostAsync();
        // Two hosts, and the group of both.
        Assert.Equal(3, _inRed.Nexthops.Count);
    }

    [Fact]
    public async Task RoutesLearntWhileAHostIsLost_LeaveItOutToo()
    {
        await PostAsync(Lost(2));
        await PostAsync(Learnt(("10.0.0.6/32", [2, 4])));
        Assert.EndsWith("6:4", Ways(), StringComparison.Ordinal);
        await PostAsync(Lost());
        Assert.EndsWith("6:2+4", Ways(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATunnelEndThatTheUnderlayHasNoWayTo_IsLost_AndBackWhenItHas()
    {
        _host.Unreachable.Add(Host(2).Address);
        _host.Notify(new RouteNotification(IpPrefix.Parse("192.0.2.0/24"), Ours: false, Removed: true));
        await PostAsync();
        Assert.Equal("1:3 2:3 3:3+4 4:2 5:3+4", Ways());
        _host.Unreachable.Clear();
        _host.Notify(new RouteNotification(IpPrefix.Parse("192.0.2.0/24"), Ours: false, Removed: false));
        await PostAsync();
        Assert.Equal("1:2+3 2:2+3 3:3+4 4:2 5:2+3+4", Ways());
    }

    /// <summary>The host learns its underlay from BGP too: what it takes away by its own hand nobody notifies it of.</summary>
    [Fact]
    public async Task AnUnderlayRouteThatBgpWithdraws_CountsAsWell()
    {
        _host.Unreachable.Add(Host(3).Address);
        await PostAsync(new RoutesChanged([new RouteUpdate(new NetworkPrefix(NetworkName.Default, IpPrefix.Parse("192.0.2.3/32")), [])]));
        Assert.Equal("1:2 2:2 3:4 4:2 5:2+4", Ways());
    }

    [Fact]
    public async Task ALinkThatGoesSilent_TakesTheTunnelEndsBehindItAlong()
    {
        await PostAsync();
        _host.Notify(new LinkNotification(2, "eth0", Removed: false, Carries: false));
        await PostAsync();
        // All three: then nothing is left out.
        Assert.Equal("1:2+3 2:2+3 3:3+4 4:2 5:2+3+4", Ways());
        Assert.Empty(_inRed.Calls);
    }
}
