using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;

namespace Margay.Dataplane.Tests;

/// <summary>Caps of a network in its own table: there while they are wanted, and never more in all than was said.</summary>
public sealed class NetworkLimitTests
{
    private readonly FakeKernel _kernel = new();
    private readonly FilterTables _tables;
    private readonly NetworkLimitManager _limits;

    public NetworkLimitTests()
    {
        _tables = new FilterTables(_kernel, "margay");
        _limits = new NetworkLimitManager(_tables, new DataplaneOptions());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1023, 1)]
    [InlineData(1024, 2)]
    [InlineData(65_537, 128)]
    [InlineData(int.MaxValue, 128)]
    public void Connections_AreCountedInShares_ThatAddUp(int most, int shares)
    {
        _limits.Want(new NetworkLimits { Connections = most });
        string[] rules = Rules(NetworkLimitManager.Connections);
        Assert.Equal(shares, rules.Length);
        Assert.Equal(most, rules.Sum(r => long.Parse(r[(r.IndexOf("over ", StringComparison.Ordinal) + 5)..].Split(' ')[0])));
        Assert.All(rules, r => Assert.EndsWith("counter goto network-connections-over", r, StringComparison.Ordinal));
        if (shares > 1) Assert.Equal(Enumerable.Range(0, shares).Select(i => $"symhash mod {shares} {i}"), rules.Select(r => r.Split(" ct ")[0]));
        Assert.Contains("drop", Rules("network-connections-over")[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, 1, 32)]
    [InlineData(1024, 8, 256)]
    public void Neighbours_AreBoundedByRate(int most, int rate, int burst)
    {
        _limits.Want(new NetworkLimits { Neighbours = most });
        Assert.Equal($"limit rate over {rate} packets/second burst {burst} counter goto network-neighbours-over", Assert.Single(Rules("network-neighbours-rate")));
        Assert.Equal(3, Rules(NetworkLimitManager.Neighbours).Length);
        // A minute until it is unused, and some more until the kernel looks.
        Assert.True(75 * rate + burst <= most);
    }

    [Fact]
    public void NothingWanted_NothingThere()
    {
        _limits.Want(new NetworkLimits { Connections = 7, Neighbours = 200, Routes = 3 });
        Apply();
        Assert.Equal(7, _kernel.Tables.Chains.Count());
        _limits.Want(new NetworkLimits { Routes = 3 });
        Apply();
        Assert.Empty(_kernel.Tables.Chains);
        _limits.Want(new NetworkLimits { Connections = 7 });
        _limits.Want(null);
        Apply();
        Assert.Empty(_kernel.Tables.Chains);
    }

    private string[] Rules(string chain)
    {
        Apply();
        return [.. _kernel.Tables.Rules(new FilterName(FilterFamily.Inet, chain)).Select(r => r.Text)];
    }

    private void Apply()
    {
        if (_tables.NeedsResync) Assert.True(_tables.Resync().Ok);
        while (!_tables.InSync) Assert.True(_tables.Apply(_tables.Plan()).Ok);
    }
}
