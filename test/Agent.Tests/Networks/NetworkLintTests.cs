using Margay.Agent.Networks;
using Margay.Agent.Underlay;
using Margay.Api.NodeSync;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Tests.Networks;

/// <summary>What a host finds wrong with its networks.</summary>
public class NetworkLintTests
{
    private static readonly TunnelEnd s_end = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500);
    private static readonly NetworkView s_red = new() { Name = "red.net", Vni = 100, Import = ["64512:100"], Export = ["64512:100"] };

    private static RouteChange Route(string vtep, string prefix, MacAddress? mac)
    {
        InetAddress end = InetAddress.Parse(vtep);
        EvpnRoute route = EvpnRoute.IpPrefix(RouteDistinguisher.Of(end, 100), IpPrefix.Parse(prefix), 100);
        List<ExtendedCommunity> communities = [ExtendedCommunity.RouteTarget(64512, 100), ExtendedCommunity.Encapsulation(8)];
        if (mac is { } known) communities.Add(ExtendedCommunity.RouterMac(known));
        return new RouteChange(route.Nlri, [new NextHop(end, null, "rr")], new PathAttributesBuilder().SetNextHop(end).SetNlriPayload(route.Payload.Span).SetExtendedCommunities([.. communities]).Build(), null, false);
    }

    private static RouteChange Sound(string vtep, string prefix) => Route(vtep, prefix, TunnelEnd.Of(InetAddress.Parse(vtep), 1500).RouterMac);

    private static string[] Lint(NetworkView network, TunnelEnd? end, UnderlayPath path, params RouteChange[] routes)
    {
        VrfImporter importer = new(s_end.Address, s_end.RouterMac);
        importer.Configure([new ImportingVrf("red.net", [ExtendedCommunity.RouteTarget(64512, 100)], 100)]);
        importer.Apply(routes);
        return [.. NetworkLint.Run([network], end, [.. importer.Rows()], _ => path).Select(f => $"{f.Kind} | {f.Where} | {f.What}")];
    }

    [Fact]
    public void SoundRoutes_AreNoFault() => Assert.Empty(Lint(s_red, s_end, new UnderlayPath(1500, null), Sound("192.0.2.2", "10.0.0.2/32"), Sound("192.0.2.1", "10.0.0.1/32")));

    [Fact]
    public void RefusedRoutes_AreOneFault_ForEachReasonAndSender()
    {
        string[] faults = Lint(s_red, s_end, new UnderlayPath(1500, null), [.. Enumerable.Range(2, 5).Select(i => Route("192.0.2.2", $"10.0.0.{i}/32", null)), Sound("192.0.2.3", "10.0.0.9/32")]);
        Assert.Equal("RouteRefused | network red.net, from 192.0.2.2 | 5 of its routes (10.0.0.2/32, 10.0.0.3/32, 10.0.0.4/32 …) are not used: it has no Router's MAC (RFC 9135 §8.1); its sender must add one", Assert.Single(faults));
    }

    [Fact]
    public void OneRouteDistinguisherOfTwoHosts_IsToldOf()
    {
        RouteChange Copied(string vtep, string prefix) => Sound(vtep, prefix) with { Nlri = EvpnRoute.IpPrefix(RouteDistinguisher.Of(InetAddress.Parse("192.0.2.2"), 100), IpPrefix.Parse(prefix), 100).Nlri };
        Assert.StartsWith("RdCollision | tunnel ends 192.0.2.2 and 192.0.2.3 | both tell routes of red.net with the route distinguisher 192.0.2.2:100: ",
            Assert.Single(Lint(s_red, s_end, new UnderlayPath(1500, null), Sound("192.0.2.2", "10.0.0.2/32"), Copied("192.0.2.3", "10.0.0.3/32"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fits", 0, "")]
    [InlineData("None", 0, "")]
    [InlineData("TooBig", 1400, "MtuTooSmall | tunnel end 192.0.2.2, on the way | the underlay carries 1400 bytes, a full packet needs 1450 + 50; set spec.mtu to 1350 or less, or raise the underlay's MTU")]
    [InlineData("Lost", 0, "MtuTooSmall | tunnel end 192.0.2.2, on the way | packets of 1500 bytes do not arrive and small ones do, and no router says what fits; raise the underlay's MTU on the way, or lower spec.mtu of red.net")]
    public void WhatProbesSay_IsToldOf(string answer, int mtu, string fault) => Assert.Equal(fault,
        string.Join('\n', Lint(s_red, s_end, new UnderlayPath(1500, null, new ProbeResult(Enum.Parse<ProbeAnswer>(answer), mtu)), Sound("192.0.2.2", "10.0.0.2/32"))));

    [Fact]
    public void OneRouterMacOfTwoHosts_IsTheSecondsFault()
    {
        MacAddress shared = TunnelEnd.Of(InetAddress.Parse("192.0.2.2"), 1500).RouterMac;
        Assert.StartsWith("RouteRefused | network red.net, from 192.0.2.3 | its route 10.0.0.3/32 is not used: its Router's MAC",
            Assert.Single(Lint(s_red, s_end, new UnderlayPath(1500, null), Sound("192.0.2.2", "10.0.0.2/32"), Route("192.0.2.3", "10.0.0.3/32", shared))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1500, 0)]
    [InlineData(1450, 1500, 0)]
    [InlineData(1451, 1500, 1)]
    [InlineData(null, 1400, 1)]
    [InlineData(1300, 1400, 0)]
    public void PacketsThatDoNotFit_AreToldOf(int? mtu, int underlay, int faults)
    {
        string[] found = Lint(s_red with { Mtu = mtu }, s_end, new UnderlayPath(underlay, null), Sound("192.0.2.2", "10.0.0.2/32"));
        Assert.Equal(faults, found.Length);
        Assert.All(found, f => Assert.Contains($"set spec.mtu to {underlay - 50} or less", f, StringComparison.Ordinal));
    }

    [Fact]
    public void ATunnelEndWithoutARoute_IsToldOf_OnlyWhenSomethingLeadsThroughIt()
    {
        UnderlayPath gone = new(0, "network is unreachable");
        Assert.Empty(Lint(s_red, s_end, gone));
        Assert.StartsWith("VtepUnreachable | tunnel end 192.0.2.2 | this host has no way there (network is unreachable), and red.net lead", Assert.Single(Lint(s_red, s_end, gone, Sound("192.0.2.2", "10.0.0.2/32"))), StringComparison.Ordinal);
    }

    [Fact]
    public void AHostWithoutAnAddressOfTheUnderlay_SaysSo() => Assert.StartsWith("NoTunnelEnd", Assert.Single(Lint(s_red, null, default)), StringComparison.Ordinal);
}
