using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Netlink.Conntrack;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>What connection tracking knows is let through unasked only while all of it obeys policy.</summary>
public sealed class KnownFlowTests : IAsyncLifetime
{
    private static readonly FilterName Known = new(FilterFamily.Inet, ChainNames.KnownFlows);
    private static readonly InetAddress Own = InetAddress.Parse("10.65.0.1"), Outside = InetAddress.Parse("198.51.100.1");

    private readonly FakeKernel _kernel = new();
    private readonly FakeTimeProvider _time = new();
    private DataplaneLoop _loop = null!;

    public ValueTask InitializeAsync()
    {
        _kernel.AddLink("mga", 5, "margay:default/ns/a");
        _loop = new DataplaneLoop(new DataplaneOptions(), _kernel, _ => { }, _time, NullLogger.Instance);
        _loop.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    [Fact]
    public async Task BeforeTheView_NothingIsKnown()
    {
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Empty(_kernel.Tables.Elements(Known));
    }

    [Fact]
    public async Task EndpointThatComes_IsLookedAtASecondLater()
    {
        await StartAsync(allowed: 53);
        Assert.NotEmpty(_kernel.Tables.Elements(Known));
        ConntrackFlow denied = OneWay(Outside, InetAddress.Parse("10.65.0.2"), 54), allowed = OneWay(Outside, InetAddress.Parse("10.65.0.2"), 53);
        // It has moved here with its connections: those stay.
        ConntrackFlow established = OneWay(Outside, InetAddress.Parse("10.65.0.2"), 55) with { Status = ConntrackStatus.SeenReply };
        _kernel.Flows.AddRange([denied, allowed, established]);
        _kernel.AddLink("mgb", 6, "margay:default/ns/b");
        await PostAsync(Attach("b", "10.65.0.2"), new ViewChanged(new ViewDelta { Epoch = "e", Revision = 2, Endpoints = [Endpoint("b")] }));
        Assert.Empty(_kernel.Tables.Elements(Known));
        Assert.Contains(denied, _kernel.Flows);
        _time.Advance(TimeSpan.FromSeconds(1));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.NotEmpty(_kernel.Tables.Elements(Known));
        Assert.Equal([allowed, established], _kernel.Flows);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TightenedPolicy_ForgetsWhatHasNoAnswer_WhateverItLeavesAlone(bool keepEstablished)
    {
        await StartAsync(allowed: 53, keepEstablished);
        ConntrackFlow asked = OneWay(Outside, Own, 53), answered = asked with { Status = ConntrackStatus.SeenReply | ConntrackStatus.Confirmed };
        _kernel.Flows.AddRange([asked, answered]);
        await PostAsync(new ViewChanged(new ViewDelta { Epoch = "e", Revision = 2, Policies = [Policy(54, keepEstablished)] }));
        Assert.Equal(keepEstablished ? [answered] : [], _kernel.Flows);
        Assert.NotEmpty(_kernel.Tables.Elements(Known));
    }

    /// <summary>Whose policy decides cannot be told from these addresses, so the rules are asked again; but nobody asks about what the host itself sends.</summary>
    [Theory]
    [InlineData("10.65.0.1", "198.51.100.1", 0, false)]
    [InlineData("203.0.113.1", "198.51.100.1", 0, false)]
    [InlineData("10.9.0.1", "10.65.0.1", 0, false)]
    [InlineData("198.51.100.1", "10.65.0.1", 0, true)]
    [InlineData("192.0.2.9", "198.51.100.1", 0, true)]
    [InlineData("10.65.0.1", "198.51.100.1", ConntrackStatus.SeenReply, true)]
    public async Task FlowOfUnknownAddresses_IsForgotten(string from, string to, ConntrackStatus status, bool stays)
    {
        await StartAsync(allowed: 53);
        _kernel.Flows.Add(OneWay(InetAddress.Parse(from), InetAddress.Parse(to), 53) with { Status = status });
        await PostAsync(new ViewChanged(new ViewDelta { Epoch = "e", Revision = 2, Policies = [Policy(53, keepEstablished: false, more: 55)] }));
        Assert.Equal(stays, _kernel.Flows.Count == 1);
    }

    [Fact]
    public async Task WhenSomeoneElseTookOurRulesAway_WhatCameThenIsLookedAt()
    {
        await StartAsync(allowed: 53);
        _kernel.Flows.AddRange([OneWay(Outside, Own, 99), OneWay(Outside, Own, 53)]);
        _kernel.Notify(new TableNotification());
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Equal([OneWay(Outside, Own, 53)], _kernel.Flows);
    }

    [Fact]
    public async Task WhenFlowsCannotBeRead_NoneIsKnown_UntilTheyCan()
    {
        await StartAsync(allowed: 53);
        _kernel.Flows.Add(OneWay(Outside, Own, 53));
        _kernel.RefuseFlows = true;
        await PostAsync(new ViewChanged(new ViewDelta { Epoch = "e", Revision = 2, Policies = [Policy(54, keepEstablished: false)] }));
        Assert.Empty(_kernel.Tables.Elements(Known));
        _kernel.RefuseFlows = false;
        _time.Advance(TimeSpan.FromSeconds(10));
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.NotEmpty(_kernel.Tables.Elements(Known));
        Assert.Empty(_kernel.Flows);
    }

    private Task StartAsync(ushort allowed, bool keepEstablished = false) => PostAsync(
        Attach("a", Own.ToString()), new EndpointsRestored(), new RoutesChanged([], InSync: true),
        new ViewChanged(new ViewDelta { Epoch = "e", Revision = 1, Snapshot = true, Policies = [Policy(allowed, keepEstablished)], Endpoints = [Endpoint("a") with { AllowedSourcePrefixes = ["10.9.0.0/16"] }] }),
        After(TimeSpan.FromSeconds(1)));

    /// <summary>Nothing happens, but time has gone by.</summary>
    private EndpointsRestored After(TimeSpan time)
    {
        _time.Advance(time);
        return new EndpointsRestored();
    }

    private static EndpointAttached Attach(string name, string address) =>
        new(new LocalEndpoint { Id = $"default/ns/{name}", Interface = $"mg{name}", Addresses = [InetAddress.Parse(address)], Mac = new MacAddress(2) });

    private static EndpointView Endpoint(string name) => new()
    {
        Id = $"default/ns/{name}", Revision = 1, Interface = $"mg{name}",
        Tiers = [new EndpointTier { Name = "t", IngressPolicies = ["GlobalNetworkPolicy/p"], EgressPolicies = ["GlobalNetworkPolicy/p"] }],
    };

    private static PolicyView Policy(ushort port, bool keepEstablished, ushort? more = null)
    {
        RuleView[] rules = [.. ((ushort?[])[port, more]).OfType<ushort>().Select(p => new RuleView { Action = RuleAction.Allow, Protocol = Protocol.Udp, Destination = new SideView { Ports = [new PortRange(p, p)] } })];
        return new PolicyView { Id = "GlobalNetworkPolicy/p", Tier = "t", Ingress = rules, Egress = rules, KeepEstablished = keepEstablished };
    }

    private static ConntrackFlow OneWay(InetAddress from, InetAddress to, ushort port) =>
        new() { Original = new ConntrackTuple(from, to, Protocol.Udp, 40000, port), Reply = new ConntrackTuple(to, from, Protocol.Udp, port, 40000), Status = ConntrackStatus.Confirmed };

    private async Task PostAsync(params DataplaneEvent[] events)
    {
        foreach (DataplaneEvent item in events) await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }
}
