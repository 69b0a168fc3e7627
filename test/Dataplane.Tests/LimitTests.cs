using Margay.Api.NodeSync;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Tests;

/// <summary>Chains of limits are there while an endpoint has some, and follow it from interface to interface.</summary>
public sealed class LimitTests
{
    private static readonly QosView Packets = new() { EgressPacketRate = new PacketRateView(10, 5) };

    private readonly FakeKernel _kernel = new();
    private readonly FilterTables _tables;
    private readonly LimitManager _limits;

    public LimitTests()
    {
        _tables = new FilterTables(_kernel, "margay");
        _limits = new LimitManager(_tables, new DscpManager(_tables, new PoolManager(_tables, _kernel), new DataplaneOptions()), new DataplaneOptions());
    }

    [Fact]
    public void NoLimit_NoChain()
    {
        _limits.Set("n/s/a", "mg1", new QosView { Dscp = 8 });
        Assert.Equal(("", ""), (Chains(), Map("egress")));
        _limits.Set("n/s/a", "mg1", Packets);
        Assert.Equal(("le-s.a limit-egress limit-egress-over", "mg1=le-s.a"), (Chains(), Map("egress")));
        _limits.Set("n/s/a", "mg1", null);
        Assert.Equal(("", ""), (Chains(), Map("egress")));
    }

    [Fact]
    public void BothDirections_GoOneByOne()
    {
        QosView both = Packets with { IngressBandwidth = new BandwidthView(8000, 16000, null, null) };
        _limits.Set("n/s/a", "mg1", both);
        _limits.Set("n/s/b", "mg2", both);
        _limits.Set("n/s/a", "mg1", both with { EgressPacketRate = null });
        Assert.Equal(("mg1=li-s.a mg2=li-s.b", "mg2=le-s.b"), (Map("ingress"), Map("egress")));
        _limits.Remove("n/s/a");
        _limits.Remove("n/s/b");
        Assert.Equal("", Chains());
    }

    [Fact]
    public void InterfaceThatAnotherHasTakenOver_StaysTheOthers()
    {
        _limits.Set("n/s/a", "mg1", Packets);
        _limits.Set("n/s/b", "mg1", Packets);
        _limits.Set("n/s/a", "mg2", Packets);
        Assert.Equal("mg1=le-s.b mg2=le-s.a", Map("egress"));
    }

    [Fact]
    public void Connections_AreCountedWherePolicyHasDecided()
    {
        _limits.Set("n/s/a", "mg1", new QosView { EgressMaxConnections = 3 });
        State();
        Assert.Equal(["connections-egress", "connections-egress-over", "connections-to-host"], _kernel.Tables.Chains.Select(c => c.Name).Where(n => n.StartsWith("conn", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        FilterName counts = _kernel.Tables.Chains.Single(c => c.Name.StartsWith("ce-", StringComparison.Ordinal));
        Assert.Equal("ct count over 3 counter goto connections-egress-over", Assert.Single(_kernel.Tables.Rules(counts)).Text);
        _limits.Remove("n/s/a");
        State();
        Assert.Empty(_kernel.Tables.Chains);
    }

    [Fact]
    public void PeakRate_StandsBeforeTheAverage()
    {
        _limits.Set("n/s/a", "mg1", new QosView { IngressBandwidth = new BandwidthView(8_000, 80_000, 16_000, null) });
        State();
        FilterName chain = _kernel.Tables.Chains.Single(c => c.Name.StartsWith("li-", StringComparison.Ordinal));
        Assert.Equal(["limit rate over 2000 bytes/second burst 1500", "limit rate over 1000 bytes/second burst 10000"], _kernel.Tables.Rules(chain).Select(r => r.Text.Split(" counter")[0]));
    }

    /// <summary>What the kernel could not count is no limit.</summary>
    [Theory]
    [InlineData(8_000, true)]
    [InlineData(99_999_999_999, true)]
    [InlineData(100_000_000_000, false)]
    [InlineData(1_000_000_000_000_000, false)]
    public void Bandwidth_UpToWhatTheKernelCounts(long rate, bool limited)
    {
        _limits.Set("n/s/a", "mg1", new QosView { IngressBandwidth = new BandwidthView(rate, 4L << 30, null, null) });
        Assert.Equal(limited, Map("ingress") != "");
    }

    /// <summary>Neighbour discovery and multicast listening are let by before the limits, and nothing from a workload that a router would forward.</summary>
    [Theory]
    [InlineData("egress")]
    [InlineData("ingress")]
    public void LinkControl_DoesNotCount(string direction)
    {
        _limits.Set("n/s/a", "mg1", new QosView { EgressPacketRate = new PacketRateView(10, 5), IngressPacketRate = new PacketRateView(10, 5) });
        State();
        string[] rules = [.. _kernel.Tables.Rules(new FilterName(FilterFamily.Inet, $"limit-{direction}")).Select(r => r.Text)];
        Assert.Contains("vmap", rules[^1], StringComparison.Ordinal);
        Assert.All(rules[..^1], rule =>
        {
            Assert.Contains("icmp type", rule, StringComparison.Ordinal);
            Assert.Contains("ip6 hoplimit", rule, StringComparison.Ordinal);
            if (direction == "egress") Assert.Contains("ip6 daddr", rule, StringComparison.Ordinal);
        });
    }

    private string Chains() => string.Join(' ', State().Chains.Keys.Select(c => Short(c.Name)).Where(n => n.StartsWith('l')).Order(StringComparer.Ordinal));

    private string Map(string direction) => State().Elements.TryGetValue(new FilterName(FilterFamily.Inet, $"limit-{direction}-chains"), out Dictionary<FilterElementKey, FilterElementData>? map)
        ? string.Join(' ', map.Select(e => $"{Name(e.Key.From)}={Short(e.Value.Goto!)}").Order(StringComparer.Ordinal)) : "";

    private FilterState State()
    {
        if (_tables.NeedsResync) Assert.True(_tables.Resync().Ok);
        while (!_tables.InSync) Assert.True(_tables.Apply(_tables.Plan()).Ok);
        return _kernel.Tables.Read();
    }

    private static string Name(NftValue value) => System.Text.Encoding.ASCII.GetString(value.Span).TrimEnd('\0');

    /// <summary>Without the digest.</summary>
    private static string Short(string chain) => chain.StartsWith("limit-", StringComparison.Ordinal) ? chain : chain[..chain.LastIndexOf('-')];
}
