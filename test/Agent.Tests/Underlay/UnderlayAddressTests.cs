using Margay.Agent.Underlay;
using Margay.Core.Net;
using Margay.Netlink.Route;

namespace Margay.Agent.Tests.Underlay;

public class UnderlayAddressTests
{
    private static readonly Link[] s_links =
    [
        new() { Index = 1, Name = "lo", Flags = LinkFlags.Loopback, Mtu = 65536 },
        new() { Index = 2, Name = "up0", Mtu = 9000 },
        new() { Index = 3, Name = "up1", Mtu = 1500 },
    ];

    [Fact]
    public void TheDefaultRoute_SaysWhichAddress()
    {
        (HostAddress? found, string? error) = UnderlayAddress.Detect(false, [Default(2)], [Address(2, "192.0.2.10", 24), Address(3, "198.51.100.1", 24)], s_links);
        Assert.Null(error);
        Assert.Equal(new HostAddress(InetAddress.Parse("192.0.2.10"), 24, 9000), found);
    }

    [Fact]
    public void ItsPreferredSource_Wins()
    {
        (HostAddress? found, _) = UnderlayAddress.Detect(false, [Default(2) with { PreferredSource = InetAddress.Parse("10.0.0.1") }], [Address(2, "192.0.2.10", 24), Address(1, "10.0.0.1", 32)], s_links);
        Assert.Equal("10.0.0.1/32", found!.ToString());
    }

    [Fact]
    public void TwoUplinks_MeanTheLoopbackAddress_IfThereIsOne()
    {
        RouteEntry both = new() { Destination = IpPrefix.DefaultV4, Hops = [new RouteHop(InetAddress.Parse("192.0.2.1"), 2), new RouteHop(InetAddress.Parse("198.51.100.2"), 3)] };
        InterfaceAddress[] uplinks = [Address(2, "192.0.2.10", 24), Address(3, "198.51.100.1", 24)];
        (HostAddress? found, _) = UnderlayAddress.Detect(false, [both], [.. uplinks, Address(1, "10.0.0.1", 32)], s_links);
        Assert.Equal(("10.0.0.1/32", 1500), (found!.ToString(), found.Mtu));

        (found, string? error) = UnderlayAddress.Detect(false, [both], uplinks, s_links);
        Assert.Null(found);
        Assert.Contains("up0, up1", error, StringComparison.Ordinal);
        Assert.Contains("--ip ADDRESS/LENGTH", error, StringComparison.Ordinal);
    }

    [Fact]
    public void NoDefaultRoute_IsNoAddress_AndNoError() => Assert.Equal((null, null), UnderlayAddress.Detect(true, [], [Address(2, "2001:db8::1", 64)], s_links));

    [Fact]
    public void LinkLocalAddresses_AreNoAnswer()
    {
        (_, string? error) = UnderlayAddress.Detect(true, [new RouteEntry { Destination = IpPrefix.DefaultV6, LinkIndex = 2 }], [Address(2, "fe80::1", 64)], s_links);
        Assert.Contains("--ip6", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto", false, true)]
    [InlineData("none", false, true)]
    [InlineData("192.0.2.1", false, true)]
    [InlineData("192.0.2.1/24", false, true)]
    [InlineData("2001:db8::1", false, false)]
    [InlineData("eth0", false, false)]
    [InlineData("2001:db8::1/64", true, true)]
    public void Choice_IsChecked(string text, bool ipv6, bool good) => Assert.Equal(good, AddressChoice.TryParse(text, ipv6, out _));

    private static RouteEntry Default(int link) => new() { Destination = IpPrefix.DefaultV4, LinkIndex = link, Gateway = InetAddress.Parse("192.0.2.1") };

    private static InterfaceAddress Address(int link, string address, int length) => InterfaceAddress.On(link, InetAddress.Parse(address), length);
}
