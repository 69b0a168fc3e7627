using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Vpn;

/// <summary>What is read of a received route, and in which words it is refused (RFC 9136, RFC 9135).</summary>
public class EvpnPathTests
{
    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("10.1.0.0/16")]
    [InlineData("0.0.0.0/0")]
    [InlineData("fd00::1/128")]
    [InlineData("fd00::/48")]
    public void Type5_IsReadWhole(string prefix)
    {
        EvpnPath path = EvpnPath.TryRead(new Evpn { Prefix = prefix, Host = 3, Vni = 0xabcdef, Targets = [1, 2], Sequence = 9, LocalPref = 200 }.Announced())!;
        Assert.Equal((IpPrefix.Parse(prefix), Evpn.Vtep(3), Evpn.Mac(3), 0xabcdefu, 200u, 9u), (path.Prefix, path.Vtep, path.RouterMac, path.Vni, path.LocalPref, path.Sequence));
        Assert.Equal([Evpn.Target(1), Evpn.Target(2)], path.Targets);
        Assert.Null(path.Refusal);
    }

    [Theory]
    [InlineData("10.0.0.7/32")]
    [InlineData("fd00::7/128")]
    public void Type2_WithAnAddress_IsAHostRoute_OnItsLastLabel(string address)
    {
        EvpnPath path = EvpnPath.TryRead(new Evpn { Prefix = address, IsType2 = true }.Announced())!;
        Assert.Equal((IpPrefix.Parse(address), 100u, null), (path.Prefix, path.Vni, path.Refusal));
    }

    [Fact]
    public void Type2_WithoutAnAddress_LeadsNowhere()
    {
        EvpnRoute route = EvpnRoute.MacIp(new Evpn().Rd, Evpn.Mac(1), null, 7);
        Assert.Null(EvpnPath.TryRead(new Evpn().Announced() with { Nlri = route.Nlri }));
    }

    [Fact]
    public void AWithdrawal_IsNoPath() => Assert.Null(EvpnPath.TryRead(new Evpn().Withdrawn()));

    [Fact]
    public void OtherFamilies_ArePassedOver() => Assert.Null(EvpnPath.TryRead(new Evpn().Announced() with { Nlri = IpPrefix.Parse("10.0.0.0/8") }));

    [Fact]
    public void APayloadThatIsTooShort_IsNoPath() => Assert.Null(EvpnPath.TryRead(new Evpn { Payload = new byte[16] }.Announced()));

    [Fact]
    public void WhatCannotBeFollowed_IsRefused_WithTheReason()
    {
        byte[] segment = new byte[17], gateway = new byte[17];
        (segment[0], gateway[13]) = (1, 1);
        foreach ((Evpn route, string reason) in ((Evpn, string)[])
        [
            (new Evpn { Encapsulation = 19 }, "its encapsulation is 19, not VXLAN"),
            (new Evpn { Payload = segment }, "Ethernet segment"),
            (new Evpn { Payload = gateway }, "gateway address"),
            (new Evpn { RouterMac = "" }, "no Router's MAC"),
            (new Evpn { RouterMac = "00:00:00:00:00:00" }, "no Router's MAC"),
            (new Evpn { RouterMac = "01:00:5e:00:00:01" }, "no unicast address"),
        ])
            Assert.Contains(reason, EvpnPath.TryRead(route.Announced())!.Refusal, StringComparison.Ordinal);
        Assert.Null(EvpnPath.TryRead(new Evpn { Encapsulation = null }.Announced())!.Refusal);
    }

    [Theory]
    [InlineData("64512:10001", 0x0002_fc00_0000_2711UL)]
    [InlineData("65535:4294967295", 0x0002_ffff_ffff_ffffUL)]
    [InlineData("4200000000:65535", 0x0202_fa56_ea00_ffffUL)]
    [InlineData("192.0.2.1:7", 0x0102_c000_0201_0007UL)]
    public void RouteTargets_HaveTheBytesOfTheRfcs(string text, ulong bytes)
    {
        Assert.True(RouteTarget.TryParse(text, out ExtendedCommunity target));
        Assert.Equal(bytes, target.Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("64512")]
    [InlineData(":1")]
    [InlineData("1:")]
    [InlineData("4200000000:65536")]
    [InlineData("192.0.2.1:65536")]
    [InlineData("fd00::1:7")]
    [InlineData("-1:7")]
    public void OtherTexts_AreNoRouteTargets(string? text) => Assert.False(RouteTarget.TryParse(text, out _));
}
