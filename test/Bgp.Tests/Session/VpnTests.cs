using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>VPN routes of our own (RFC 4364, 4659), and through a reflector.</summary>
public class VpnTests
{
    private static readonly RouteDistinguisher s_rd = RouteDistinguisher.Of(InetAddress.Parse("10.0.0.1"), 100);

    [Theory]
    [InlineData("10.1.2.0/24", 100u, "vpn-ipv4", "58" + "00010a0000010064" + "0a0102", "000641")]
    [InlineData("10.1.2.3/32", 0u, "vpn-ipv4", "60" + "00010a0000010064" + "0a010203", "000001")]
    [InlineData("0.0.0.0/0", 1048575u, "vpn-ipv4", "40" + "00010a0000010064", "fffff1")]
    [InlineData("2001:db8:1::/48", 16u, "vpn-ipv6", "70" + "00010a0000010064" + "20010db80001", "000101")]
    public void OwnRoutes_HaveTheBytesOfTheRfc(string prefix, uint label, string family, string key, string payload)
    {
        VpnRoute route = VpnRoute.Of(s_rd, IpPrefix.Parse(prefix), label);
        Assert.Equal((family, key, payload), (route.Nlri.Family.ToString(), Convert.ToHexStringLower(route.Nlri.Key), Convert.ToHexStringLower(route.Payload.Span)));
    }

    [Fact]
    public void Label_HasTwentyBits() => Assert.Throws<ArgumentOutOfRangeException>(() => VpnRoute.Of(s_rd, IpPrefix.Parse("10.0.0.0/8"), 1 << 20));

    // RFC 4659 §3.2.1.2: over an IPv4 backbone the next hop of a VPN-IPv6 route is an IPv4-mapped address.
    [Theory]
    [InlineData("10.1.0.0/16", "10.0.0.2")]
    [InlineData("2001:db8:1::/48", "::ffff:10.0.0.2")]
    public void ReflectedRoutes_AreWhole(string prefix, string nextHop)
    {
        Net net = new();
        const FamilySet families = FamilySet.VpnIPv4 | FamilySet.VpnIPv6;
        Speaker rr = net.Add(1, 65000), source = net.Add(2, 65000), client = net.Add(3, 65000);
        net.Link(rr, 1, source, 2, p => p with { RouteReflectorClient = true, Families = families }, p => p with { Families = families });
        net.Link(rr, 1, client, 3, p => p with { RouteReflectorClient = true, Families = families }, p => p with { Families = families });
        net.AwaitUp(rr, 2);
        net.AwaitUp(rr, 3);
        VpnRoute route = VpnRoute.Of(s_rd, IpPrefix.Parse(prefix), 100);
        net.Sim.Wait(source.UpdateLocalRoutesAsync([new LocalRouteChange(route.Nlri, new LocalRoute { NlriPayload = route.Payload, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, 7)] })]));
        net.Run(1);
        RouteRow row = Assert.Single(net.Routes(client, family: route.Nlri.Family));
        Assert.Equal(InetAddress.Parse(nextHop), row.Attributes.NextHop);
        Assert.Equal(100u, VpnRoute.LabelOf(row.Attributes));
        Assert.Equal([ExtendedCommunity.RouteTarget(65000, 7)], row.Attributes.ExtendedCommunities);
        net.Sim.Wait(source.UpdateLocalRoutesAsync([new LocalRouteChange(route.Nlri, null)]));
        net.Run(1);
        Assert.Empty(net.Routes(client, family: route.Nlri.Family));
    }
}
