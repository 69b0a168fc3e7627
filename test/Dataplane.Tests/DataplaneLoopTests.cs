using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>Order, retries, adoption: what the loop does with a kernel that can be looked into.</summary>
public sealed class DataplaneLoopTests : IAsyncLifetime
{
    private readonly FakeKernel _kernel = new();
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
        _loop = new DataplaneLoop(new DataplaneOptions(), _kernel, _reports.Add, _time, NullLogger.Instance);
        _loop.Start();
    }

    [Fact]
    public async Task BeforeTheView_TheTableIsMadeClosed_AndNoRouteIsTouched()
    {
        _kernel.Routes[IpPrefix.Parse("10.65.0.9/32")] = Own("10.65.0.9/32");
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Contains(new FilterName(FilterFamily.Inet, "egress-policy"), _kernel.Tables.Chains);
        Assert.Contains(IpPrefix.Parse("10.65.0.9/32"), _kernel.Routes.Keys);
    }

    [Fact]
    public async Task Attach_ProgramsTheFilterBeforeTheRoute_AndReportsAfterBoth()
    {
        await AttachAsync();
        int route = _kernel.Calls.IndexOf("route set");
        Assert.Contains("commit", _kernel.Calls.Take(route));
        // After it, connection tracking is believed again.
        Assert.Single(_kernel.Calls.Skip(route), "commit");
        Assert.Equal([new EndpointProgrammed("default/ns/a", 7)], _reports);
        Assert.Equal(new MacAddress(2), _kernel.Neighbours[(5, InetAddress.Parse("10.65.0.1"))]);
    }

    [Fact]
    public async Task Detach_TakesTheRouteBeforeTheFilter_AndReports()
    {
        await AttachAsync();
        _kernel.Calls.Clear();
        await PostAsync(new EndpointDetached("default/ns/a"));
        Assert.InRange(_kernel.Calls.IndexOf("route delete"), 0, _kernel.Calls.IndexOf("commit") - 1);
        Assert.Empty(_kernel.Tables.Elements(new FilterName(FilterFamily.Inet, "sources4")));
        Assert.IsType<EndpointRemoved>(_reports[^1]);
    }

    [Fact]
    public async Task RefusedCommit_LeavesNoRoute_AndIsTriedAgainByTheClock()
    {
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        _kernel.CommitsToRefuse = 1;
        await AttachAsync();
        Assert.Empty(_kernel.Routes);
        Assert.IsType<EndpointFailed>(Assert.Single(_reports));
        _time.Advance(TimeSpan.FromSeconds(1));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.IsType<EndpointProgrammed>(_reports[^1]);
        Assert.NotEmpty(_kernel.Routes);
    }

    [Fact]
    public async Task RefusedRoute_FailsItsEndpointOnly_AndKeepsTheReason()
    {
        _kernel.RefusedRoutes.Add(IpPrefix.Parse("10.65.0.1/32"));
        await AttachAsync();
        Assert.Contains("refused on demand", Assert.IsType<EndpointFailed>(Assert.Single(_reports)).Reason, StringComparison.Ordinal);
        _kernel.RefusedRoutes.Clear();
        _time.Advance(TimeSpan.FromSeconds(1));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.IsType<EndpointProgrammed>(_reports[^1]);
    }

    [Fact]
    public async Task Restart_WithTheSameState_ChangesNothing()
    {
        await AttachAsync();
        await _loop.DisposeAsync();
        _kernel.Calls.Clear();
        _reports.Clear();
        Open();
        await AttachAsync();
        Assert.Empty(_kernel.Calls);
        Assert.IsType<EndpointProgrammed>(Assert.Single(_reports));
    }

    [Fact]
    public async Task FlushByAnother_IsPutRight()
    {
        await AttachAsync();
        FilterState before = _kernel.Tables.Read();
        _kernel.Flush();
        _kernel.Notify(new TableNotification());
        DataplaneSnapshot state = await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Equal(before.Chains, _kernel.Tables.Read().Chains);
        Assert.Equal(1, state.Counters.Repairs);
    }

    [Fact]
    public async Task LinkOfAnother_IsNotUsed()
    {
        _kernel.AddLink("mga", 5, "something else");
        await PostAsync([.. Attach()]);
        Assert.Contains("another program's link", Assert.IsType<EndpointFailed>(Assert.Single(_reports)).Reason, StringComparison.Ordinal);
        Assert.Empty(_kernel.Routes);
        Assert.Empty(_kernel.Tables.Elements(new FilterName(FilterFamily.Inet, "sources4")));
    }

    [Fact]
    public async Task LeftOverRoutesOfBgp_GoAfterTheHoldTime()
    {
        _kernel.Nexthops[9] = new Netlink.Route.Nexthop { Id = 9, Protocol = (Netlink.Route.RouteProtocol)80, LinkIndex = 2, Gateway = InetAddress.Parse("192.0.2.1") };
        _kernel.Routes[IpPrefix.Parse("10.70.0.0/26")] = Own("10.70.0.0/26") with { NexthopId = 9 };
        await AttachAsync();
        Assert.Contains(IpPrefix.Parse("10.70.0.0/26"), _kernel.Routes.Keys);
        _time.Advance(TimeSpan.FromSeconds(121));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(IpPrefix.Parse("10.70.0.0/26"), _kernel.Routes.Keys);
        Assert.Empty(_kernel.Nexthops);
    }

    [Fact]
    public async Task ConnectedNetwork_IsNotRoutedThroughBgp_UntilItIsGone()
    {
        IpPrefix connected = IpPrefix.Parse("192.0.2.0/24"), far = IpPrefix.Parse("10.70.0.0/26");
        _kernel.Routes[connected] = new Netlink.Route.RouteEntry { Destination = connected, Protocol = Netlink.Route.RouteProtocol.Kernel, LinkIndex = 2 };
        await AttachAsync();
        await PostAsync(new RoutesChanged([Learnt(connected), Learnt(far)], InSync: true));
        Assert.Equal(Netlink.Route.RouteProtocol.Kernel, _kernel.Routes[connected].Protocol);
        Assert.Contains(far, _kernel.Routes.Keys);
        DataplaneSnapshot state = await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Contains("on that network itself", Assert.Single(state.Routes, r => r.Prefix == "192.0.2.0/24").Reason, StringComparison.Ordinal);

        // The link goes down: the kernel's route goes without a word, BGP's takes over; and back.
        _kernel.Routes.Remove(connected);
        _kernel.Notify(new LinkNotification(2, "up0", Removed: false, Carries: false));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Equal((Netlink.Route.RouteProtocol)80, _kernel.Routes[connected].Protocol);
    }

    [Fact]
    public async Task LinksThatNothingUses_DoNotMakeItReadAllRoutesBack()
    {
        await AttachAsync();
        await PostAsync(new RoutesChanged([Learnt(IpPrefix.Parse("10.70.0.0/26"))], InSync: true));
        _kernel.Listed.Clear();
        _kernel.Notify(new LinkNotification(77, "mgb", Removed: false, Carries: false));
        _kernel.Notify(new LinkNotification(77, "mgb", Removed: false));
        _kernel.Notify(new LinkNotification(77, "mgb", Removed: true, Carries: false));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Empty(_kernel.Listed);

        // The links of an endpoint and of a next hop: their routes went along.
        foreach (int link in (int[])[5, 2])
        {
            _kernel.Routes.Clear();
            _kernel.Notify(new LinkNotification(link, null, Removed: false, Carries: false));
            await _loop.InspectAsync(TestContext.Current.CancellationToken);
            Assert.Equal(2, _kernel.Routes.Count);
        }
    }

    private static RouteUpdate Learnt(IpPrefix prefix) =>
        new(new NetworkPrefix(NetworkName.Default, prefix), [new RouteNextHop(InetAddress.Parse("198.51.100.1"), 1)]);

    private async Task AttachAsync()
    {
        _kernel.AddLink("mga", 5, "margay:default/ns/a");
        await PostAsync([.. Attach()]);
    }

    private static IEnumerable<DataplaneEvent> Attach()
    {
        yield return new EndpointAttached(new LocalEndpoint
        {
            Id = "default/ns/a", Interface = "mga", Addresses = [InetAddress.Parse("10.65.0.1")], Mac = new MacAddress(2),
        });
        yield return new EndpointsRestored();
        yield return new ViewChanged(new ViewDelta
        {
            Epoch = "e", Revision = 7, Snapshot = true,
            Profiles = [new ProfileView { Name = "open", Ingress = [new RuleView { Action = RuleAction.Allow }], Egress = [new RuleView { Action = RuleAction.Allow }] }],
            Endpoints = [new EndpointView { Id = "default/ns/a", Revision = 7, Interface = "mga", Profiles = ["open"] }],
        });
    }

    private async Task PostAsync(params DataplaneEvent[] events)
    {
        foreach (DataplaneEvent item in events) await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }

    private static Netlink.Route.RouteEntry Own(string prefix) =>
        new() { Destination = IpPrefix.Parse(prefix), Protocol = (Netlink.Route.RouteProtocol)80, Priority = 1024, LinkIndex = 5 };
}
