using Margay.Core.Net;

namespace Margay.Core.Tests.Net;

public class IpPrefixTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("192.0.2.7", "192.0.2.7/32")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("2001:db8::1", "2001:db8::1/128")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("::/0", "::/0")]
    public void TryParse_Valid_RoundTrips(string text, string canonical)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        Assert.Equal(canonical, prefix.ToString());
    }

    [Theory]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0")]
    [InlineData("010.0.0.0/8")]
    [InlineData("fe80::1%eth0/128")]
    [InlineData("[::]/0")]
    [InlineData("10.0.0.0/")]
    [InlineData("")]
    public void TryParse_Invalid_IsRefused(string text) => Assert.False(IpPrefix.TryParse(text, out _));

    [Fact]
    public void Subnet_WalksTheParent()
    {
        IpPrefix pool = IpPrefix.Parse("10.65.0.0/16");
        Assert.Equal("10.65.1.64/26", pool.Subnet(26, 5).ToString());
        Assert.Equal("10.65.255.255", pool.Last.ToString());
        Assert.True(pool.Contains(pool.Subnet(26, 1023)));
        Assert.False(pool.Contains(IpPrefix.DefaultV4));
    }

    [Fact]
    public void ToLinkLocal_IsModifiedEui64() =>
        Assert.Equal("fe80::ecee:eeff:feee:eeee", MacAddress.Gateway.ToLinkLocal().ToString());
}
