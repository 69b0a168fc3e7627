using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>EVPN routes of our own, and who is sent them by route target membership.</summary>
public class EvpnTests
{
    private readonly Net _net = new();
    private const FamilySet Families = FamilySet.Evpn | FamilySet.RouteTarget;

    private static LocalRouteChange Prefix(string prefix, uint vni)
    {
        EvpnRoute route = EvpnRoute.IpPrefix(RouteDistinguisher.Of(Net.Address(2), 100), IpPrefix.Parse(prefix), vni);
        return new(route.Nlri, new LocalRoute
        {
            NlriPayload = route.Payload,
            ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, vni), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(MacAddress.Parse("02:00:00:00:00:01"))],
        });
    }

    private string[] Learned(Speaker s) => [.. _net.Routes(s, RibKind.AdjRibIn, family: Family.Evpn).Select(r => r.Attributes.ExtendedCommunities[0].ToString()).Order(StringComparer.Ordinal)];

    [Fact]
    public void OwnRoutes_HaveTheBytesOfTheRfc()
    {
        EvpnRoute five = EvpnRoute.IpPrefix(new RouteDistinguisher(0x0001_0a00_0001_0064), IpPrefix.Parse("10.1.2.0/24"), 5000);
        Assert.Equal("0511" + "00010a0000010064" + "00000000" + "18" + "0a010200", Convert.ToHexStringLower(five.Nlri.Key));
        Assert.Equal("00000000000000000000" + "00000000" + "001388", Convert.ToHexStringLower(five.Payload.Span));
        EvpnRoute two = EvpnRoute.MacIp(new RouteDistinguisher(0x0001_0a00_0001_0064), MacAddress.Parse("02:00:00:00:00:01"), InetAddress.Parse("10.1.2.3"), 5000, 5001);
        Assert.Equal("0218" + "00010a0000010064" + "00000000" + "30" + "020000000001" + "20" + "0a010203", Convert.ToHexStringLower(two.Nlri.Key));
        Assert.Equal("00000000000000000000" + "001388" + "001389", Convert.ToHexStringLower(two.Payload.Span));
    }

    [Fact]
    public void Membership_DecidesWhatAClientIsSent_AndFollowsIt()
    {
        Speaker rr = _net.Add(1, 65000), source = _net.Add(2, 65000), client = _net.Add(3, 65000), old = _net.Add(4, 65000);
        _net.Link(rr, 1, source, 2, p => p with { RouteReflectorClient = true, Families = Families }, p => p with { Families = Families });
        _net.Link(rr, 1, client, 3, p => p with { RouteReflectorClient = true, Families = Families }, p => p with { Families = Families });
        _net.Link(rr, 1, old, 4, p => p with { RouteReflectorClient = true, Families = Families }, p => p with { Families = FamilySet.Evpn });
        _net.Sim.Wait(rr.UpdateLocalRoutesAsync([new LocalRouteChange(RouteTargetMembership.All, LocalRoute.Default)]));
        for (int n = 2; n <= 4; n++) _net.AwaitUp(rr, n);
        _net.Sim.Wait(source.UpdateLocalRoutesAsync([Prefix("10.1.0.0/24", 1), Prefix("10.2.0.0/24", 2)]));
        _net.Run(1);
        Assert.Empty(Learned(client));
        Assert.Equal(["rt:65000:1", "rt:65000:2"], Learned(old));
        Nlri one = RouteTargetMembership.Of(65000, ExtendedCommunity.RouteTarget(65000, 1));
        _net.Sim.Wait(client.UpdateLocalRoutesAsync([new LocalRouteChange(one, LocalRoute.Default)]));
        _net.Run(1);
        Assert.Equal(["rt:65000:1"], Learned(client));
        RouteExplanation e = _net.Sim.Wait(rr.ExplainAsync(Prefix("10.2.0.0/24", 2).Nlri))!;
        Assert.Contains(e.NotAdvertisedTo, n => n.Peer == "s3" && n.Reason.Contains("RFC 4684", StringComparison.Ordinal));
        _net.Sim.Wait(client.UpdateLocalRoutesAsync([new LocalRouteChange(RouteTargetMembership.Of(65000, ExtendedCommunity.RouteTarget(65000, 2)), LocalRoute.Default), new LocalRouteChange(one, null)]));
        _net.Run(1);
        Assert.Equal(["rt:65000:2"], Learned(client));
        Assert.Equal(1, _net.Status(client, 1).TimesEstablished);
    }
}
