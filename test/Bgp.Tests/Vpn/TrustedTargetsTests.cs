using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Vpn;

/// <summary>What is left of the routes of a peer that may speak for one network only.</summary>
public class TrustedTargetsTests
{
    private static readonly TrustedTargets s_red = new([Evpn.Target(100)], "it may speak for red alone", null);

    private static FilterResult Judge(Evpn route, TrustedTargets? policy = null)
    {
        RouteChange change = route.Announced();
        return (policy ?? s_red).Apply(new FilterContext(change.Nlri, change.Attributes!, RouteSource.Local, peerIsExternal: true));
    }

    [Theory]
    [InlineData(new uint[] { 100 }, true, false)]
    [InlineData(new uint[] { 100, 101 }, true, true)]
    [InlineData(new uint[] { 101 }, false, true)]
    [InlineData(new uint[0], false, false)]
    public void RouteTargetsOfOthers_AreTakenAway(uint[] targets, bool accepted, bool distrusted)
    {
        FilterResult result = Judge(new Evpn { Targets = targets });
        Assert.Equal((accepted, distrusted), (result.Accepted, result.IsDistrusted));
        if (accepted) Assert.Equal([Evpn.Target(100)], result.Attributes!.ExtendedCommunities.Where(c => c.IsRouteTarget));
        if (distrusted) Assert.Equal("rt:65000:101 is not believed: it may speak for red alone", result.Reason);
        if (!accepted && !distrusted) Assert.Equal("it has no route target, and it may speak for red alone", result.Reason);
    }

    [Theory]
    [InlineData(null, 99u)]
    [InlineData(50u, 50u)]
    [InlineData(uint.MaxValue, 99u)]
    public void ItCountsLessThanARouteOfOurs_WhateverItSays(uint? localPref, uint becomes)
    {
        PathAttributes kept = Judge(new Evpn { LocalPref = localPref, Sequence = uint.MaxValue }).Attributes!;
        Assert.Equal(becomes, kept.LocalPref);
        Assert.DoesNotContain(ExtendedCommunity.MacMobility(uint.MaxValue, sticky: false), kept.ExtendedCommunities);
        Assert.Contains(ExtendedCommunity.RouterMac(Evpn.Mac(1)), kept.ExtendedCommunities);
    }

    [Fact]
    public void OtherFamilies_AndWhatIsLeft_AreTheNextFiltersBusiness()
    {
        TrustedTargets none = new([], "nothing", new Refuse());
        PathAttributes plain = new PathAttributesBuilder().SetNextHop(Evpn.Vtep(1)).Build();
        Assert.Equal("refused", none.Apply(new FilterContext(IpPrefix.Parse("10.0.0.0/8"), plain, RouteSource.Local, false)).Reason);
        Assert.True(s_red.Apply(new FilterContext(IpPrefix.Parse("10.0.0.0/8"), plain, RouteSource.Local, false)).Accepted);
        Assert.Equal("refused", Judge(new Evpn(), new TrustedTargets([Evpn.Target(100)], "x", new Refuse())).Reason);
    }

    [Fact]
    public void EqualPolicies_AreEqual()
    {
        Assert.Equal(new TrustedTargets([Evpn.Target(1)], "x", null), new TrustedTargets([Evpn.Target(1)], "x", null));
        Assert.NotEqual(new TrustedTargets([Evpn.Target(1)], "x", null), new TrustedTargets([Evpn.Target(2)], "x", null));
        Assert.NotEqual(new TrustedTargets([Evpn.Target(1)], "x", null), new TrustedTargets([Evpn.Target(1)], "x", new Refuse()));
    }

    private sealed class Refuse : IRouteFilter
    {
        public FilterResult Apply(in FilterContext route) => FilterResult.Rejected("refused");
    }
}
