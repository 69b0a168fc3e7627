using Margay.Bgp.Rib;
using Margay.Bgp.Tests.Hostile;
using Margay.Bgp.Tests.Wire;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>Peers that lack what others have: two-octet AS numbers, long messages, route target membership, long-lived restart of one family.</summary>
public class PartialDeploymentTests
{
    private readonly Net _net = new();

    private static LocalRouteChange Evpn(string prefix, uint vni)
    {
        EvpnRoute route = EvpnRoute.IpPrefix(RouteDistinguisher.Of(Net.Address(2), 100), IpPrefix.Parse(prefix), vni);
        return new(route.Nlri, new LocalRoute { NlriPayload = route.Payload, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, vni)] });
    }

    private void Settle(RawPeer raw)
    {
        for (int i = 0; i < 20; i++)
        {
            _net.Run(0.01);
            raw.Poll();
        }
    }

    private RawPeer Meet(int n, params byte[][] messages)
    {
        RawPeer raw = new(_net.Sim.Network, Net.Address(n));
        raw.Connect(Net.Address(1));
        Settle(raw);
        raw.Send(messages);
        Settle(raw);
        return raw;
    }

    private int Evpns(Speaker s) => _net.Routes(s, RibKind.AdjRibIn, family: Family.Evpn).Length;

    [Fact]
    public void ConfiguredRouteTargets_FilterForAClientThatSaysNone_AndFollowTheConfiguration()
    {
        Speaker rr = _net.Add(1, 65000), source = _net.Add(2, 65000), client = _net.Add(3, 65000);
        RouteTargetSet one = new([ExtendedCommunity.RouteTarget(65000, 1)]);
        _net.Link(rr, 1, source, 2, p => p with { RouteReflectorClient = true, Families = FamilySet.Evpn }, p => p with { Families = FamilySet.Evpn });
        _net.Link(rr, 1, client, 3, p => p with { RouteReflectorClient = true, Families = FamilySet.Evpn, RouteTargets = one }, p => p with { Families = FamilySet.Evpn });
        _net.AwaitUp(rr, 2);
        _net.AwaitUp(rr, 3);
        _net.Sim.Wait(source.UpdateLocalRoutesAsync([Evpn("10.1.0.0/24", 1), Evpn("10.2.0.0/24", 2)]));
        _net.Run(1);
        Assert.Equal(1, Evpns(client));
        _net.ChangePeer(rr, 3, p => p with { RouteTargets = new([ExtendedCommunity.RouteTarget(65000, 1), ExtendedCommunity.RouteTarget(65000, 2)]) });
        _net.Run(1);
        Assert.Equal(2, Evpns(client));
        _net.ChangePeer(rr, 3, p => p with { RouteTargets = new RouteTargetSet(Array.Empty<ExtendedCommunity>()) });
        _net.Run(1);
        Assert.Equal(0, Evpns(client));
        _net.ChangePeer(rr, 3, p => p with { RouteTargets = null });
        _net.Run(1);
        Assert.Equal(2, Evpns(client));
        Assert.Equal(1, _net.Status(rr, 3).TimesEstablished);
    }

    /// <summary>As FRR's wildcard import would have it: what a client asks for is no permission.</summary>
    [Theory]
    [InlineData(1u, 1)]
    [InlineData(2u, 0)]
    [InlineData(null, 1)]
    public void ConfiguredRouteTargets_AreTheMostThatAClientGets_WhateverItAsksFor(uint? asksFor, int gets)
    {
        const FamilySet families = FamilySet.Evpn | FamilySet.RouteTarget;
        Speaker rr = _net.Add(1, 65000), source = _net.Add(2, 65000), client = _net.Add(3, 65000);
        _net.Link(rr, 1, source, 2, p => p with { RouteReflectorClient = true, Families = FamilySet.Evpn }, p => p with { Families = FamilySet.Evpn });
        _net.Link(rr, 1, client, 3, p => p with { RouteReflectorClient = true, Families = families, RouteTargets = new([ExtendedCommunity.RouteTarget(65000, 1)]) }, p => p with { Families = families });
        _net.AwaitUp(rr, 2);
        _net.AwaitUp(rr, 3);
        Nlri wish = asksFor is { } number ? RouteTargetMembership.Of(65000, ExtendedCommunity.RouteTarget(65000, number)) : RouteTargetMembership.All;
        _net.Sim.Wait(client.UpdateLocalRoutesAsync([new LocalRouteChange(wish, LocalRoute.Default)]));
        _net.Sim.Wait(source.UpdateLocalRoutesAsync([Evpn("10.1.0.0/24", 1), Evpn("10.2.0.0/24", 2)]));
        _net.Run(2);
        Assert.Equal(gets, Evpns(client));
    }

    /// <summary>A reflector, too, believes a peer only so far: its clients never hear the rest, and a copied route distinguisher hides nobody's route.</summary>
    [Fact]
    public void APeerThatSpeaksForOneNetwork_IsNotReflectedForAnother_AndHidesNoRoute()
    {
        Speaker rr = _net.Add(1, 65000), host = _net.Add(2, 65000), client = _net.Add(3, 65000), border = _net.Add(4, 65000);
        TrustedTargets trust = new([ExtendedCommunity.RouteTarget(65000, 1)], "red alone", null);
        PeerSpec Client(PeerSpec p) => p with { RouteReflectorClient = true, Families = FamilySet.Evpn };
        foreach ((Speaker speaker, int n) in ((Speaker, int)[])[(host, 2), (client, 3)]) _net.Link(rr, 1, speaker, n, Client, p => p with { Families = FamilySet.Evpn });
        _net.Link(rr, 1, border, 4, p => Client(p) with { Import = trust }, p => p with { Families = FamilySet.Evpn });
        for (int n = 2; n <= 4; n++) _net.AwaitUp(rr, n);
        // The same key as the host's route of green, told for red: the border's own, and better by all that it can say.
        LocalRouteChange green = Evpn("10.2.0.0/24", 2);
        LocalRoute stolen = green.Route! with { LocalPref = 1000, ExtendedCommunities = [ExtendedCommunity.RouteTarget(65000, 1), ExtendedCommunity.MacMobility(9, sticky: true)] };
        _net.Sim.Wait(border.UpdateLocalRoutesAsync([new LocalRouteChange(green.Nlri, stolen), Evpn("10.1.0.0/24", 1), Evpn("10.3.0.0/24", 2)]));
        _net.Sim.Wait(host.UpdateLocalRoutesAsync([green]));
        _net.Run(2);
        Dictionary<string, ExtendedCommunity> heard = _net.Routes(client, RibKind.AdjRibIn, family: Family.Evpn).ToDictionary(r => r.Nlri.ToString(), r => r.Attributes.ExtendedCommunities.Single(c => c.IsRouteTarget));
        Assert.Equal(2, heard.Count);
        Assert.Equal(ExtendedCommunity.RouteTarget(65000, 2), heard[green.Nlri.ToString()]);
        Assert.Equal((1, 0), (_net.Status(rr, 4).RoutesDistrusted, _net.Status(rr, 2).RoutesDistrusted));
    }

    [Fact]
    public void LongLivedTimes_AreOfEachFamily()
    {
        GracefulRestartSpec spec = new(true, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1000));
        Speaker us = _net.Add(1, 65001);
        _net.Peer(us, 2, 65002, p => p with { Passive = true, Families = FamilySet.Unicast, GracefulRestart = spec });
        RawPeer raw = Meet(
            2,
            new OpenMessage(65002, 90, Net.Address(2), new Capabilities
            {
                HasMultiprotocol = true,
                Families = FamilySet.Unicast,
                FourOctetAs = 65002,
                GracefulRestart = new(false, true, 10, FamilySet.Unicast, FamilySet.Unicast),
                LongLived = [(FamilySet.IPv4Unicast, true, 100), (FamilySet.IPv6Unicast, true, 300)],
            }).ToMessage(),
            MessageHeader.Keepalive,
            MessageHeader.Whole(MessageType.Update, Hex.Update("18 0b0101", "", Hex.Origin, Hex.Attribute(0x40, 2, "0201 0000fdea"), Hex.Attribute(0x40, 3, "0a000002"))),
            MessageHeader.Whole(MessageType.Update, Hex.Update("", "", Hex.Attribute(0x80, 14, "000201 10 20010db8000000000000000000000002 00 30 20010db8000b"), Hex.Origin, Hex.Attribute(0x40, 2, "0201 0000fdea"))));
        Assert.Equal(2, _net.Status(us, 2).RoutesAccepted);
        raw.Connection!.Dispose();
        _net.Run(60);
        Assert.True(_net.Route(us, "11.1.1.0/24")!.Attributes.HasCommunity(Community.LlgrStale));
        Assert.True(_net.Route(us, "2001:db8:b::/48")!.Attributes.HasCommunity(Community.LlgrStale));
        _net.Run(60);
        Assert.Null(_net.Route(us, "11.1.1.0/24"));
        Assert.NotNull(_net.Route(us, "2001:db8:b::/48"));
        _net.Run(250);
        Assert.Null(_net.Route(us, "2001:db8:b::/48"));
    }

    [Fact]
    public void LongAttributes_GoToPeersWithExtendedMessages_AndAreWithdrawnFromOthers()
    {
        Speaker us = _net.Add(1, 65001), modern = _net.Add(2, 65002);
        _net.Link(us, 1, modern, 2);
        _net.Peer(us, 3, 65003, p => p with { Passive = true });
        RawPeer old = Meet(3, new OpenMessage(65003, 90, Net.Address(3), new Capabilities { HasMultiprotocol = true, Families = FamilySet.IPv4Unicast, FourOctetAs = 65003 }).ToMessage(), MessageHeader.Keepalive);
        _net.AwaitUp(us, 2);
        _net.Announce(us, "192.0.2.0/24");
        _net.AwaitRoute(modern, "192.0.2.0/24");
        Settle(old);
        old.Received.Clear();
        LocalRoute longest = new() { LargeCommunities = [.. Enumerable.Range(0, 500).Select(i => new LargeCommunity(65001, 1, (uint)i))] };
        _net.Announce(us, "192.0.2.0/24", longest);
        _net.Announce(us, "198.51.100.0/24", longest);
        _net.AwaitRoute(modern, "198.51.100.0/24");
        Assert.Equal(500, _net.Route(modern, "192.0.2.0/24")!.Attributes.LargeCommunities.Length);
        Settle(old);
        Assert.Contains("0004" + "18c00002", Convert.ToHexStringLower(old.Received.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void TwoOctetPeer_GetsTheWideNumbersBesides()
    {
        Speaker us = _net.Add(1, 4_200_000_001);
        _net.Peer(us, 2, 65002, p => p with { Passive = true });
        RawPeer old = Meet(2, new OpenMessage(65002, 90, Net.Address(2), new Capabilities { HasMultiprotocol = true, Families = FamilySet.IPv4Unicast }).ToMessage(), MessageHeader.Keepalive);
        PathAttributes a = new PathAttributesBuilder().SetNextHop(Net.Address(9)).Set(AttributeType.Aggregator, AttributeFlags.Optional | AttributeFlags.Transitive, Hex.Bytes("fa56ea02 0a000009")).Build();
        _net.ChangePeer(us, 2, p => p with { Export = new Replace(a) });
        _net.Announce(us, "192.0.2.0/24");
        Settle(old);
        string hex = Convert.ToHexStringLower(old.Received.ToArray());
        Assert.Contains("400204" + "02015ba0", hex, StringComparison.Ordinal);
        Assert.Contains("c00706" + "5ba0" + "0a000009", hex, StringComparison.Ordinal);
        Assert.Contains("c01106" + "0201fa56ea01", hex, StringComparison.Ordinal);
        Assert.Contains("c01208" + "fa56ea02" + "0a000009", hex, StringComparison.Ordinal);
    }

    private sealed record Replace(PathAttributes By) : IRouteFilter
    {
        public FilterResult Apply(in FilterContext route) => FilterResult.Modify(By);
    }

    [Fact]
    public void PrefixLimit_WarnsBeforeItStrikes_Once()
    {
        Warnings log = new();
        Speaker us = _net.Add(1, 65001, options: o => o with { Logger = log }), peer = _net.Add(2, 65002);
        _net.Link(us, 1, peer, 2, p => p with { PrefixLimit = new PrefixLimit(8, null, WarnAtPercent: 50) });
        _net.AwaitUp(us, 2);
        for (int i = 0; i < 4; i++) _net.Announce(peer, $"10.2.{i}.0/24");
        _net.Run(1);
        Assert.Empty(log.Lines);
        for (int i = 4; i < 8; i++) _net.Announce(peer, $"10.2.{i}.0/24");
        _net.Run(1);
        Assert.Equal("peer s2: 5 routes come near the limit of 8", Assert.Single(log.Lines));
        Assert.True(_net.IsUp(us, 2));
    }

    private sealed class Warnings : Microsoft.Extensions.Logging.ILogger
    {
        internal List<string> Lines { get; } = [];
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == Microsoft.Extensions.Logging.LogLevel.Warning) Lines.Add(formatter(state, exception));
        }
    }
}
