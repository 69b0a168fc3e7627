using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>Each network's own addresses on its leg, kept while it has it.</summary>
public sealed class TransitAddressesTests
{
    private static readonly NetworkName s_a = new("a.net"), s_b = new("b.net"), s_c = new("c.net");
    private readonly TransitAddresses _transit = new(IpPrefix.Parse("169.254.64.0/30"), IpPrefix.Parse("fd00::/64"));

    private string Of(NetworkName network) => _transit.Of(network) is { } pair ? $"{pair.V4} {pair.V6}" : "none";

    [Fact]
    public void EachNetwork_HasItsOwn_UntilItLetsGo()
    {
        Assert.Equal("169.254.64.1 fd00::1", Of(s_a));
        Assert.Equal("169.254.64.2 fd00::2", Of(s_b));
        Assert.Equal("169.254.64.1 fd00::1", Of(s_a));
        Assert.Equal("none", Of(s_c));
        _transit.Release(s_a);
        Assert.Equal("169.254.64.1 fd00::1", Of(s_c));
    }

    [Theory]
    [InlineData("169.254.64.2", "169.254.64.2 fd00::2", "169.254.64.1 fd00::1")]
    [InlineData("169.254.64.0", "169.254.64.1 fd00::1", "169.254.64.2 fd00::2")]
    [InlineData("169.254.64.3", "169.254.64.1 fd00::1", "169.254.64.2 fd00::2")]
    [InlineData("10.0.0.1", "169.254.64.1 fd00::1", "169.254.64.2 fd00::2")]
    public void WhatIsFound_IsKept_WhenItIsOfTheRange(string found, string first, string second)
    {
        _transit.Keep(s_a, InetAddress.Parse(found));
        Assert.Equal(first, Of(s_a));
        Assert.Equal(second, Of(s_b));
    }

    [Fact]
    public void WhatTwoClaim_TheFirstKeeps()
    {
        _transit.Keep(s_a, InetAddress.Parse("169.254.64.1"));
        _transit.Keep(s_b, InetAddress.Parse("169.254.64.1"));
        Assert.Equal("169.254.64.2 fd00::2", Of(s_b));
    }
}
