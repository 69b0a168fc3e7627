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

/// <summary>Which interface is whose, which places are there, and what a change cuts.</summary>
public sealed class HostEndpointTests : IAsyncDisposable
{
    private readonly FakeKernel _kernel = new();
    private readonly DataplaneLoop _loop;

    public HostEndpointTests()
    {
        _loop = new DataplaneLoop(new DataplaneOptions(), _kernel, _ => { }, new FakeTimeProvider(), NullLogger.Instance);
        _loop.Start();
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    /// <summary>Host endpoints as NAME=INTERFACE or NAME=ADDRESS, links as NAME=ADDRESS, and who is for what.</summary>
    [Theory]
    [InlineData("a=eth0", "", "eth0=a")]
    [InlineData("b=eth0 a=eth0", "", "eth0=a")]
    [InlineData("a=192.0.2.1", "eth0=192.0.2.1 eth1=192.0.2.2", "eth0=a")]
    [InlineData("a=192.0.2.1", "eth1=192.0.2.2", "")]
    [InlineData("a=192.0.2.1 b=eth0", "eth0=192.0.2.1", "eth0=b")]
    [InlineData("a=192.0.2.1 b=192.0.2.2", "eth0=192.0.2.2 eth0=192.0.2.1", "eth0=a")]
    [InlineData("a=*  b=2001:db8::1", "eth0=2001:db8::1", "*=a eth0=b")]
    [InlineData("a=192.0.2.1", "eth0=192.0.2.1 eth1=192.0.2.1", "eth0=a eth1=a")]
    public void Assign_NamesFirst_ThenAddresses_ThenAll(string hosts, string links, string expected)
    {
        HostEndpointView[] given = [.. Pairs(hosts).Select(p => InetAddress.TryParse(p.Value, out InetAddress _)
            ? new HostEndpointView { Name = p.Name, Revision = 1, Addresses = [p.Value] } : new HostEndpointView { Name = p.Name, Revision = 1, Interface = p.Value })];
        Dictionary<string, HostEndpointView> assigned = HostEndpointManager.Assign(given, [.. Pairs(links).Select(p => new LinkAddress(p.Name, InetAddress.Parse(p.Value)))]);
        Assert.Equal(expected, string.Join(' ', assigned.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value.Name}")));
    }

    private static IEnumerable<(string Name, string Value)> Pairs(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => (p[..p.IndexOf('=', StringComparison.Ordinal)], p[(p.IndexOf('=', StringComparison.Ordinal) + 1)..]));

    /// <summary>What has nothing to say has no chain.</summary>
    [Theory]
    [InlineData("", "host-input host-output host-translated")]
    [InlineData("forward", "host-forward-in host-input host-output host-translated")]
    [InlineData("pre-dnat", "host-clear-in host-clear-out host-input host-output host-pre-dnat host-translated")]
    [InlineData("untracked", "host-clear-in host-clear-out host-input host-output host-translated host-untracked-in")]
    public async Task Places_AreThereWhileSomethingIsAsked(string lists, string chains)
    {
        EndpointTier[] tiers = [new EndpointTier { Name = "t", IngressPolicies = ["GlobalNetworkPolicy/p"] }];
        await PostAsync(new HostEndpointView
        {
            Name = "h", Revision = 1, Interface = "eth0", ForwardTiers = lists == "forward" ? tiers : [], PreDnatTiers = lists == "pre-dnat" ? tiers : [], UntrackedTiers = lists == "untracked" ? tiers : [],
        });
        Assert.Equal(chains, HostChains());
        await PostAsync();
        Assert.Equal("", HostChains());
        Assert.DoesNotContain(_kernel.Tables.Read().Sets.Keys, s => s.Name.StartsWith("host-", StringComparison.Ordinal) || s.Name.StartsWith("failsafe", StringComparison.Ordinal));
        Assert.DoesNotContain(_kernel.Tables.Chains, c => c.Name.StartsWith("si", StringComparison.Ordinal) || c.Name.StartsWith("pi-", StringComparison.Ordinal) || c.Name.StartsWith("di-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InterfaceOfItsOwn_IsNotAskedByThatOfAll()
    {
        EndpointTier[] tiers = [new EndpointTier { Name = "t", IngressPolicies = ["GlobalNetworkPolicy/p"] }];
        await PostAsync(new HostEndpointView { Name = "all", Revision = 1, Interface = "*", ForwardTiers = tiers }, new HostEndpointView { Name = "own", Revision = 1, Interface = "eth0" });
        Dictionary<FilterElementKey, FilterElementData> map = _kernel.Tables.Read().Elements[new FilterName(FilterFamily.Inet, "host-forward-in-lists")];
        Assert.Equal("host-open", map[Netlink.NfTables.NftValue.IfName("eth0")].Goto);
        Assert.StartsWith("si", map[default].Goto, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddressThatMoves_TakesItsHostEndpointAlong()
    {
        _kernel.Addresses.Add(new LinkAddress("eth0", InetAddress.Parse("192.0.2.1")));
        await PostAsync(new HostEndpointView { Name = "h", Revision = 1, Addresses = ["192.0.2.1"] });
        Assert.Equal("eth0", Assert.Single((await _loop.InspectAsync(TestContext.Current.CancellationToken)).HostEndpoints).Interfaces);
        _kernel.Addresses[0] = new LinkAddress("eth1", InetAddress.Parse("192.0.2.1"));
        _kernel.Notify(new AddressNotification(3));
        Assert.Equal("eth1", Assert.Single((await _loop.InspectAsync(TestContext.Current.CancellationToken)).HostEndpoints).Interfaces);
        _kernel.Addresses.Clear();
        _kernel.Notify(new AddressNotification(3));
        HostEndpointRow row = Assert.Single((await _loop.InspectAsync(TestContext.Current.CancellationToken)).HostEndpoints);
        Assert.Contains("has one of its addresses (192.0.2.1)", row.Reason, StringComparison.Ordinal);
        Assert.Equal("", HostChains());
    }

    /// <summary>The kernel takes no overlaps, and a port for everyone needs no prefix.</summary>
    [Fact]
    public async Task FailsafePorts_OfSomePrefixes_DoNotOverlap()
    {
        FailsafePort[] ports = [new(6, 22, "10.0.0.0/8"), new(6, 22, "10.1.0.0/16"), new(6, 22, "192.0.2.0/24"), new(6, 22, "fd00::/8"), new(6, 80), new(6, 80, "10.0.0.0/8"), new(17, 22, "10.1.0.0/16")];
        await PostAsync(new NodeSettings { Node = "n", FailsafeInbound = ports, FailsafeOutbound = [] }, new HostEndpointView { Name = "h", Revision = 1, Interface = "eth0" });
        FilterState state = _kernel.Tables.Read();
        Assert.Equal((1, 3, 1), (state.Elements[Inet("failsafe-in")].Count, state.Elements[Inet("failsafe-in4")].Count, state.Elements[Inet("failsafe-in6")].Count));
        Assert.Empty(state.Elements[Inet("failsafe-out")]);
        Assert.DoesNotContain(Inet("failsafe-out4"), state.Sets.Keys);
    }

    [Fact]
    public async Task ClosedHost_CutsWhatItDenies_AndNothingElse()
    {
        _kernel.AddLink("eth0", 2, "");
        InetAddress own = InetAddress.Parse("192.0.2.9"), other = InetAddress.Parse("198.51.100.1"), far = InetAddress.Parse("198.51.100.2");
        ConntrackFlow ssh = Flow(other, own, 22), web = Flow(other, own, 80), bgp = Flow(own, other, 179), mail = Flow(own, other, 25), forwarded = Flow(other, far, 80);
        _kernel.Flows.AddRange([ssh, web, bgp, mail, forwarded]);
        await PostAsync(new HostEndpointView { Name = "h", Revision = 1, Interface = "eth0" });
        Assert.Equal([ssh, bgp, forwarded], _kernel.Flows);
    }

    private static ConntrackFlow Flow(InetAddress from, InetAddress to, ushort port) =>
        new() { Original = new ConntrackTuple(from, to, 6, 40000, port), Reply = new ConntrackTuple(to, from, 6, port, 40000) };

    private string HostChains() => string.Join(' ', _kernel.Tables.Chains.Select(c => c.Name).Where(n => n.StartsWith("host-", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    private static FilterName Inet(string name) => new(FilterFamily.Inet, name);

    private Task PostAsync(params HostEndpointView[] hosts) => PostAsync(new NodeSettings { Node = "n" }, hosts);

    private async Task PostAsync(NodeSettings settings, params HostEndpointView[] hosts)
    {
        await _loop.PostAsync(new EndpointsRestored(), TestContext.Current.CancellationToken);
        await _loop.PostAsync(new ViewChanged(new ViewDelta
        {
            Epoch = "e", Revision = 1, Snapshot = true, Settings = settings, HostEndpoints = hosts,
            Policies = [new PolicyView { Id = "GlobalNetworkPolicy/p", Tier = "t", Ingress = [new RuleView { Action = RuleAction.Allow }] }],
        }), TestContext.Current.CancellationToken);
        DataplaneSnapshot state = await _loop.InspectAsync(TestContext.Current.CancellationToken);
        Assert.Empty(state.Pending);
        Assert.Equal(0, state.Counters.Failures);
    }
}
