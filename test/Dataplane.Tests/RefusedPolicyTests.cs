using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Dataplane.Tests;

/// <summary>The kernel refuses a policy: who is under it is told so and closed, nobody else waits.</summary>
public sealed class RefusedPolicyTests : IAsyncLifetime
{
    private const string Chain = "pi-GlobalNetworkPolicy.bad";

    private readonly FakeKernel _kernel = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<DataplaneReport> _reports = [];
    private DataplaneLoop _loop = null!;

    public ValueTask InitializeAsync()
    {
        _loop = new DataplaneLoop(new DataplaneOptions(), _kernel, _reports.Add, _time, NullLogger.Instance);
        _loop.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    [Fact]
    public async Task WhoIsUnderIt_IsClosed_AndSaysSo()
    {
        _kernel.Refuses = change => change is AddRule { Rule.Text: not "counter drop" } c && c.Chain.StartsWith(Chain, StringComparison.Ordinal);
        await AttachAsync("good", "bad");
        DataplaneSnapshot state = await SettleAsync();
        Assert.IsType<EndpointProgrammed>(Last("good"));
        Assert.StartsWith($"closed: chain inet {Chain}", Assert.IsType<EndpointFailed>(Last("bad")).Reason, StringComparison.Ordinal);
        Assert.Equal(1, state.Counters.Refused);
        Assert.Contains(state.Pending, p => p.StartsWith($"chain inet {Chain}", StringComparison.Ordinal));
        Assert.Equal("counter drop", Assert.Single(_kernel.Tables.Rules(_kernel.Tables.Chains.Single(c => c.Name.StartsWith(Chain, StringComparison.Ordinal)))).Text);

        _kernel.Refuses = null;
        state = await SettleAsync();
        Assert.IsType<EndpointProgrammed>(Last("bad"));
        Assert.Empty(state.Pending);
    }

    /// <summary>What was programmed is not any more.</summary>
    [Fact]
    public async Task PolicyThatChanges_IsTakenBackFromItsEndpoints()
    {
        await AttachAsync("good", "bad");
        await SettleAsync();
        Assert.IsType<EndpointProgrammed>(Last("bad"));
        _kernel.Refuses = change => change is AddRule { Rule.Text: not "counter drop" } c && c.Chain.StartsWith(Chain, StringComparison.Ordinal);
        await PostAsync(new ViewChanged(View("good", "bad") with { Policies = [Policy("bad", 81)] }));
        await SettleAsync();
        Assert.IsType<EndpointFailed>(Last("bad"));
        Assert.IsType<EndpointProgrammed>(Last("good"));
    }

    /// <summary>Its address is left out of those that may send.</summary>
    [Fact]
    public async Task AddressThatIsRefused_IsItsEndpointsMatter()
    {
        _kernel.Refuses = change => change is AddElements { Set.Name: "sources4" } c && c.Elements.Any(e => e.Key.From.Span[^1] == 2);
        await AttachAsync("good", "bad");
        await SettleAsync();
        Assert.IsType<EndpointProgrammed>(Last("good"));
        Assert.Contains("element", Assert.IsType<EndpointFailed>(Last("bad")).Reason, StringComparison.Ordinal);
        Assert.Single(_kernel.Tables.Elements(new FilterName(FilterFamily.Inet, "sources4")));
    }

    private async Task AttachAsync(params string[] names)
    {
        foreach ((int i, string name) in names.Index())
        {
            _kernel.AddLink($"mg{name}", 5 + i, $"margay:default/ns/{name}");
            await PostAsync(new EndpointAttached(new LocalEndpoint { Id = $"default/ns/{name}", Interface = $"mg{name}", Addresses = [InetAddress.Parse($"10.65.0.{1 + i}")], Mac = new MacAddress(2) }));
        }
        await PostAsync(new EndpointsRestored());
        await PostAsync(new ViewChanged(View(names) with { Snapshot = true }));
    }

    /// <summary>Each endpoint under a policy of its own name.</summary>
    private static ViewDelta View(params string[] names) => new()
    {
        Epoch = "e", Revision = 1,
        Policies = [.. names.Select(n => Policy(n, 80))],
        Endpoints = [.. names.Select(n => new EndpointView { Id = $"default/ns/{n}", Revision = 7, Interface = $"mg{n}", Tiers = [new EndpointTier { Name = "default", IngressPolicies = [$"GlobalNetworkPolicy/{n}"] }] })],
    };

    private static PolicyView Policy(string name, ushort port) => new()
    {
        Id = $"GlobalNetworkPolicy/{name}", Tier = "default",
        Ingress = [new RuleView { Action = RuleAction.Allow, Protocol = Protocol.Tcp, Destination = new SideView { Ports = [new PortRange(port, port)] } }],
    };

    private async Task<DataplaneSnapshot> SettleAsync()
    {
        for (int i = 0; i < 12; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(400));
            await _loop.InspectAsync(TestContext.Current.CancellationToken);
        }
        return await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }

    private DataplaneReport Last(string name) => _reports.Last(r => r is EndpointProgrammed p ? p.Id.EndsWith(name, StringComparison.Ordinal) : r is EndpointFailed f && f.Id.EndsWith(name, StringComparison.Ordinal));

    private async Task PostAsync(DataplaneEvent item)
    {
        await _loop.PostAsync(item, TestContext.Current.CancellationToken);
        await _loop.InspectAsync(TestContext.Current.CancellationToken);
    }
}
