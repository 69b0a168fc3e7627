using Margay.Api.NodeSync;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;

namespace Margay.Dataplane.Tests;

/// <summary>Chains of code points are shared, and there while somebody has one.</summary>
public sealed class DscpTests
{
    private readonly FakeKernel _kernel = new();
    private readonly FilterTables _tables;
    private readonly PoolManager _pools;
    private readonly DscpManager _dscp;

    public DscpTests()
    {
        _tables = new FilterTables(_kernel, "margay");
        _pools = new PoolManager(_tables, _kernel);
        _dscp = new DscpManager(_tables, _pools, new DataplaneOptions());
    }

    [Fact]
    public void CodePoint_IsThereWhileSomebodyHasIt()
    {
        _dscp.Set("n/s/a", "mg1", 46);
        _dscp.Set("n/s/b", "mg2", 46);
        _dscp.Set("n/s/b", "mg2", 8);
        Assert.Equal("dscp-46 dscp-8 dscp-forward", There());
        _dscp.Set("n/s/a", "mg1", null);
        Assert.Equal("dscp-8 dscp-forward", There());
        _dscp.Remove("n/s/b", "mg2");
        Assert.Equal("", There());
    }

    [Fact]
    public void Interface_ThatAnotherHasTakenOver_StaysTheOthers()
    {
        _dscp.Set("n/s/a", "mg1", 46);
        _dscp.Set("n/s/b", "mg1", 8);
        _dscp.Remove("n/s/a", "mg1");
        Assert.Equal("dscp-8 dscp-forward", There());
    }

    /// <summary>Both look up the pools; the sets go with the last of them.</summary>
    [Fact]
    public void SetsOfPools_AreThereWhileLookedUp()
    {
        PoolView pool = new() { Name = "p", Cidr = "10.0.0.0/16", NatOutgoing = true };
        _pools.Apply([pool]);
        _dscp.Set("n/s/a", "mg1", 46);
        _pools.Apply([pool with { NatOutgoing = false }]);
        There();
        Assert.Single(_kernel.Tables.Elements(new FilterName(FilterFamily.Inet, "pools4")));
        _dscp.Set("n/s/a", "mg1", null);
        There();
        Assert.DoesNotContain(_kernel.Tables.Read().Sets.Keys, s => s.Name.StartsWith("pools", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("eth0 46", "dscp-46 dscp-output")]
    [InlineData("* 46, eth0 -", "dscp-46 dscp-keep dscp-output")]
    [InlineData("* -, eth0 -", "")]
    public void Hosts_ByInterface(string hosts, string expected)
    {
        _dscp.SetHosts(hosts.Split(", ").Select(h => h.Split(' ')).ToDictionary(h => h[0], h => new HostEndpointView { Name = h[0], Revision = 1, Dscp = h[1] == "-" ? null : byte.Parse(h[1], System.Globalization.CultureInfo.InvariantCulture) }));
        Assert.Equal(expected, There());
        _dscp.SetHosts(new Dictionary<string, HostEndpointView>());
        Assert.Equal("", There());
    }

    private string There()
    {
        if (_tables.NeedsResync) Assert.True(_tables.Resync().Ok);
        while (!_tables.InSync) Assert.True(_tables.Apply(_tables.Plan()).Ok);
        return string.Join(' ', _kernel.Tables.Chains.Select(c => c.Name).Where(n => n.StartsWith("dscp", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }
}
