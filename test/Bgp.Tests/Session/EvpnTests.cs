using Margay.Bgp.Rib;
using Margay.Bgp.Tests.Hostile;
using Margay.Bgp.Tests.Wire;
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

    private static readonly LocalRouteChange s_all = new(RouteTargetMembership.All, LocalRoute.Default);

    /// <summary>A reflector, a source of routes of networks 1 and 2, and a client that wants those of <paramref name="vni"/>.</summary>
    private (Speaker Reflector, Speaker Source, Speaker Client) Reflect(uint vni, IRouteSink? sink, Func<PeerSpec, PeerSpec>? atClient = null)
    {
        Speaker rr = _net.Add(1, 65000), source = _net.Add(2, 65000), client = _net.Add(3, 65000, sink);
        static PeerSpec Client(PeerSpec p) => p with { RouteReflectorClient = true, Families = Families };
        _net.Link(rr, 1, source, 2, Client, p => p with { Families = Families });
        _net.Link(rr, 1, client, 3, Client, p => atClient?.Invoke(p with { Families = Families }) ?? p with { Families = Families });
        _net.Sim.Wait(rr.UpdateLocalRoutesAsync([s_all]));
        _net.Sim.Wait(source.UpdateLocalRoutesAsync([Prefix("10.1.0.0/24", 1), Prefix("10.2.0.0/24", 2)]));
        _net.Sim.Wait(client.UpdateLocalRoutesAsync([Subscription(vni)]));
        _net.AwaitUp(rr, 2);
        _net.AwaitUp(rr, 3);
        _net.Run(5);
        return (rr, source, client);
    }

    private static LocalRouteChange Subscription(uint vni) => new(RouteTargetMembership.Of(65000, ExtendedCommunity.RouteTarget(65000, vni)), LocalRoute.Default);

    // RFC 4684 §6. Else the client, which keeps its stale routes until End-of-RIB, would lose them and get them again.
    [Fact]
    public void RestartedReflector_SendsNoEndOfRib_BeforeItKnowsWhatTheClientWants()
    {
        RecordingSink sink = new();
        _net.Sim.Network.Delay = TimeSpan.FromMilliseconds(20);
        (Speaker rr, _, Speaker client) = Reflect(1, sink);
        Assert.Equal(["rt:65000:1"], Learned(client));
        int before = sink.Batches.Count;
        SpeakerConfig config = _net.Config(rr);
        _net.Sim.Kill(rr, fin: true);
        Speaker again = _net.Sim.Add(Net.Address(1), o => o with { Restarting = true });
        _net.Sim.Wait(again.UpdateLocalRoutesAsync([s_all]));
        _net.Sim.Apply(again, config);
        Assert.True(_net.Sim.RunUntil(() => _net.IsUp(client, 1), TimeSpan.FromSeconds(30)));
        _net.Run(30);
        Assert.Equal(["rt:65000:1"], Learned(client));
        Assert.All(_net.Routes(client, RibKind.AdjRibIn, family: Family.Evpn), r => Assert.False(r.Stale));
        Assert.DoesNotContain(sink.Batches.Skip(before).SelectMany(b => b.Changes), c => c.Attributes is null);
    }

    // One that has just restarted may wait for our End-of-RIB before it sends its own.
    [Theory]
    [InlineData(false, 60)]
    [InlineData(true, 10)]
    public void PeerThatNeverSaysWhatItWants_IsWaitedFor_ForSoLong(bool restarting, int seconds)
    {
        Speaker us = _net.Add(1, 65000);
        _net.Peer(us, 2, 65000, p => p with { Passive = true, Families = Families });
        _net.Sim.Wait(us.UpdateLocalRoutesAsync([Prefix("10.1.0.0/24", 1)]));
        RawPeer raw = new(_net.Sim.Network, Net.Address(2));
        raw.Connect(Net.Address(1));
        _net.Run(0.1);
        raw.Poll();
        raw.Send(
            new OpenMessage(65000, 180, Net.Address(2), new Capabilities { HasMultiprotocol = true, Families = Families, FourOctetAs = 65000, GracefulRestart = new(restarting, false, 10, Families, 0) }).ToMessage(),
            MessageHeader.Keepalive,
            // A subscription to everything, and no End-of-RIB after it.
            MessageHeader.Whole(MessageType.Update, Hex.Update("", "", Hex.Attribute(0x80, 14, "000184 04 0a000002 00 00"), Hex.Origin, Hex.Attribute(0x40, 2, ""), Hex.Attribute(0x40, 5, "00000064"))));
        _net.Run(seconds - 2);
        Assert.Equal(0, _net.Status(us, 2).RoutesAdvertised);
        RouteExplanation e = _net.Sim.Wait(us.ExplainAsync(Prefix("10.1.0.0/24", 1).Nlri))!;
        Assert.Contains(e.NotAdvertisedTo, n => n.Reason.Contains("subscribes", StringComparison.Ordinal));
        _net.Run(4);
        Assert.Equal(1, _net.Status(us, 2).RoutesAdvertised);
    }

    // It promises no End-of-RIB, and keeps nothing that an early one would take away.
    [Fact]
    public void PeerWithoutGracefulRestart_IsNotWaitedFor()
    {
        (_, _, Speaker client) = Reflect(2, null, p => p with { GracefulRestart = GracefulRestartSpec.Off });
        Assert.Equal(["rt:65000:2"], Learned(client));
    }
}
