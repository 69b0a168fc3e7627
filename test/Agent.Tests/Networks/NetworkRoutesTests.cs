using Margay.Agent.Networks;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Tests.Networks;

/// <summary>From received EVPN routes to what the dataplane hears: routes over link-local gateways, and the hosts behind each network's tunnel.</summary>
public class NetworkRoutesTests
{
    private readonly NetworkRoutes _routes = new(Vtep(1), Mac(1));

    private static InetAddress Vtep(int host) => InetAddress.Parse($"192.0.2.{host}");
    private static MacAddress Mac(int host) => TunnelEnd.Of(Vtep(host), 1500).RouterMac;
    private static ImportingVrf Vrf(string name, uint vni) => new(name, [ExtendedCommunity.RouteTarget(64512, vni)], vni);

    private static RouteChange Route(int host, string prefix, uint vni, bool withdrawn = false)
    {
        EvpnRoute route = EvpnRoute.IpPrefix(RouteDistinguisher.Of(Vtep(host), (ushort)vni), IpPrefix.Parse(prefix), vni);
        if (withdrawn) return new RouteChange(route.Nlri, [], null, null, false);
        PathAttributes attributes = new PathAttributesBuilder().SetNextHop(Vtep(host)).SetNlriPayload(route.Payload.Span)
            .SetExtendedCommunities([ExtendedCommunity.RouteTarget(64512, vni), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(Mac(host))]).Build();
        return new RouteChange(route.Nlri, [new NextHop(Vtep(host), null, "rr")], attributes, null, false);
    }

    private void Note(params RouteChange[] changes) => _routes.Note([.. changes]);

    private (string[] Peers, string[] Routes) Take()
    {
        NetworkChanges news = _routes.Take();
        Assert.False(news.IsMore);
        return ([.. news.Peers.Select(p => $"{p.Network}: {string.Join(' ', p.Peers.Values.Order())}").Order(StringComparer.Ordinal)],
            [.. news.Routes.SelectMany(c => c.Routes).Select(r => $"{r.Prefix} {string.Join(' ', r.NextHops.Select(h => h.Gateway))}".TrimEnd()).Order(StringComparer.Ordinal)]);
    }

    [Fact]
    public void BothFamilies_GoOverTheLinkLocalAddress_OfTheRouterMac()
    {
        _routes.Configure([Vrf("red.net", 100)]);
        Note(Route(2, "10.0.0.2/32", 100));
        Note(Route(2, "fd00::2/128", 100));
        (string[] peers, string[] routes) = Take();
        Assert.Equal(["red.net: 192.0.2.2"], peers);
        Assert.Equal([$"red.net/10.0.0.2/32 {Mac(2).ToLinkLocal()}", $"red.net/fd00::2/128 {Mac(2).ToLinkLocal()}"], routes);
        Assert.Equal(([], []), Take());
    }

    [Fact]
    public void AHost_IsBehindTheTunnel_WhileARouteLeadsThere()
    {
        _routes.Configure([Vrf("red.net", 100), Vrf("green.net", 101)]);
        Note(Route(2, "10.0.0.2/32", 100));
        Note(Route(2, "10.0.0.3/32", 100));
        Note(Route(3, "10.0.0.2/32", 101));
        Assert.Equal(["green.net: 192.0.2.3", "red.net: 192.0.2.2"], Take().Peers);
        Note(Route(2, "10.0.0.2/32", 100, withdrawn: true));
        (string[] peers, string[] routes) = Take();
        Assert.Empty(peers);
        Assert.Equal(["red.net/10.0.0.2/32"], routes);
        Note(Route(2, "10.0.0.3/32", 100, withdrawn: true));
        Assert.Equal(["red.net: "], Take().Peers);
    }

    [Fact]
    public void OnlyTheLast_OfSeveralChangesOfARoute_Counts()
    {
        _routes.Configure([Vrf("red.net", 100)]);
        Note(Route(2, "10.0.0.2/32", 100));
        Note(Route(2, "10.0.0.2/32", 100, withdrawn: true));
        (string[] peers, string[] routes) = Take();
        Assert.Empty(peers);
        Assert.Empty(routes);
    }

    [Fact]
    public void ANetworkThatIsNotHereAnyMore_LosesItsRoutesAndHosts_AndGetsThemBack()
    {
        _routes.Configure([Vrf("red.net", 100)]);
        Note(Route(2, "10.0.0.2/32", 100));
        Take();
        _routes.Configure([]);
        (string[] peers, string[] routes) = Take();
        Assert.Equal(["red.net: "], peers);
        Assert.Equal(["red.net/10.0.0.2/32"], routes);
        _routes.Configure([Vrf("red.net", 100)]);
        (peers, routes) = Take();
        Assert.Equal(["red.net: 192.0.2.2"], peers);
        Assert.Equal([$"red.net/10.0.0.2/32 {Mac(2).ToLinkLocal()}"], routes);
    }

    [Fact]
    public void Rows_SayWhyARouteIsNotUsed()
    {
        _routes.Configure([Vrf("red.net", 100)]);
        Note(Route(1, "10.0.0.2/32", 100));
        Take();
        Assert.Equal("its next hop is this host", Assert.Single(_routes.Rows()).Reason);
    }
}
