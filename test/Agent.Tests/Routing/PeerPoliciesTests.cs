using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bgp;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Tests.Routing;

/// <summary>What filters and defaults mean for a route, from the view to the verdict.</summary>
public class PeerPoliciesTests
{
    private static readonly NodeSettings s_settings = new() { Node = "n1", Ipv4Address = "192.0.2.1", AsNumber = 64512 };
    private static readonly PeerView s_internal = new() { Name = "mesh/n2", Address = "192.0.2.2", AsNumber = 64512, Origin = "node-to-node mesh" };
    private static readonly PeerView s_tor = new() { Name = "global/tor", Address = "192.0.2.250", AsNumber = 65001, Origin = "BGPPeer tor" };

    private enum From
    {
        Own,
        Mesh,
        Internal,
        External,
    }

    [Theory]
    // A plain node tells what is its own, but for hidden pools, and is no transit.
    [InlineData(false, false, "own", "10.65.0.0/26", true)]
    [InlineData(false, true, "own", "10.65.0.0/26", true)]
    [InlineData(false, false, "own", "10.66.0.0/26", false)]
    [InlineData(false, false, "internal", "10.65.1.0/26", false)]
    [InlineData(false, true, "internal", "10.65.1.0/26", false)]
    [InlineData(false, false, "external", "10.99.0.0/16", false)]
    // An elected reflector passes on to the mesh what the mesh told it, and nothing from beside it.
    [InlineData(true, false, "own", "10.65.0.0/26", true)]
    [InlineData(true, false, "mesh", "10.65.1.0/26", true)]
    [InlineData(true, false, "mesh", "10.66.1.0/26", false)]
    [InlineData(true, false, "internal", "10.65.1.0/26", false)]
    [InlineData(true, false, "external", "10.99.0.0/16", false)]
    [InlineData(true, true, "mesh", "10.65.1.0/26", false)]
    public void DefaultExport(bool reflector, bool toExternal, string from, string prefix, bool told)
    {
        HeldView view = View(s_settings with { RouteReflectorClusterId = reflector ? "1.1.1.1" : null }, [], s_internal, s_tor);
        Assert.Equal(told, Tells(view, toExternal ? s_tor : s_internal, prefix, Enum.Parse<From>(from, ignoreCase: true)));
    }

    /// <summary>A reflector by manifest has no mesh: all its internal peers are told what internal peers told it.</summary>
    [Theory]
    [InlineData("internal", "10.65.1.0/26", true)]
    [InlineData("internal", "10.66.1.0/26", false)]
    [InlineData("external", "10.99.0.0/16", false)]
    public void ExportOfAReflectorByManifest(string from, string prefix, bool told)
    {
        PeerView client = s_internal with { Name = "node/to-clients/n2", RouteReflectorClient = true };
        HeldView view = View(s_settings with { RouteReflectorClusterId = "1.1.1.1" }, [], client, s_tor);
        Assert.Equal(told, Tells(view, client, prefix, Enum.Parse<From>(from, ignoreCase: true)));
    }

    /// <summary>Its own wish for everything covers those of others; whoever is no client, or has a reflector without that wish, hears them.</summary>
    [Theory]
    [InlineData("1.1.1.1", true, true)]
    [InlineData("1.1.1.1", false, false)]
    [InlineData("", true, false)]
    public void AReflectorsClient_HearsNotWhatOthersSubscribeTo(string clusterId, bool isClient, bool isKeptBack)
    {
        PeerView client = s_internal with { RouteReflectorClient = isClient, Filters = ["all"] };
        HeldView view = View(s_settings with { RouteReflectorClusterId = clusterId }, [Export("all", new BGPFilterRule { Action = "Accept" })], client);
        IRouteFilter filter = new PeerPolicies(view, view.Settings!).Export(client, external: false)!;
        RouteSource other = new("mesh/n3", InetAddress.Parse("192.0.2.9"), 64512, InetAddress.Parse("192.0.2.9"), IsExternal: false, IsClient: true);
        Nlri wish = RouteTargetMembership.Of(64512, new ExtendedCommunity(0x0002_fc00_0000_2711));
        Assert.Equal(!isKeptBack, filter.Apply(new FilterContext(wish, new PathAttributesBuilder().Build(), other, peerIsExternal: false)).Accepted);
        Assert.True(filter.Apply(new FilterContext(RouteTargetMembership.All, new PathAttributesBuilder().Build(), RouteSource.Local, peerIsExternal: false)).Accepted);
        Assert.True(filter.Apply(new FilterContext(IpPrefix.Parse("10.65.1.0/26"), new PathAttributesBuilder().Build(), other, peerIsExternal: false)).Accepted);
    }

    [Fact]
    public void WhereNothingIsToBeDecided_ThereIsNoPolicy()
    {
        HeldView view = HeldView.Empty.Apply(new ViewDelta { Epoch = "e", Revision = 1, Snapshot = true, Settings = s_settings with { RouteReflectorClusterId = "" }, Peers = [s_internal] });
        PeerPolicies policies = new(view, view.Settings!);
        Assert.Null(policies.Import(s_internal));
        Assert.Null(policies.Export(s_internal, external: false));
    }

    [Fact]
    public void FiltersComeFirst_InOrder_ThenTheDefault()
    {
        BgpFilterView first = Export("first", new BGPFilterRule { Action = "Reject", Cidr = "10.65.1.0/24", MatchOperator = "In" }, new BGPFilterRule { Action = "Accept", Cidr = "10.99.0.0/16", MatchOperator = "In", Source = "RemotePeers" });
        BgpFilterView second = Export("second", new BGPFilterRule { Action = "Accept", Cidr = "10.65.0.0/16", MatchOperator = "In" }, new BGPFilterRule { Action = "Accept", Cidr = "10.66.0.0/16", MatchOperator = "In", PeerType = "eBGP" });
        PeerView peer = s_tor with { Filters = ["first", "second"] };
        HeldView view = View(s_settings, [first, second], peer);
        Assert.False(Tells(view, peer, "10.65.1.0/26", From.Own));
        Assert.True(Tells(view, peer, "10.65.2.0/26", From.Own));
        Assert.True(Tells(view, peer, "10.65.2.0/26", From.Internal));
        // A filter may open a pool that is hidden by default, and let routes through that were learned.
        Assert.True(Tells(view, peer, "10.66.0.0/26", From.Own));
        Assert.True(Tells(view, peer, "10.99.0.0/16", From.External));
        Assert.False(Tells(view, peer, "10.98.0.0/16", From.External));
        Assert.True(Tells(view, peer, "172.16.0.0/26", From.Own));
        PeerView other = s_tor with { Filters = ["second", "first"] };
        Assert.True(Tells(View(s_settings, [first, second], other), other, "10.65.1.0/26", From.Own));
    }

    [Fact]
    public void Import_AcceptsWhatNoRuleRejects()
    {
        BgpFilterView filter = new()
        {
            Name = "in",
            Spec = new BGPFilterSpec
            {
                ImportV4 = [new BGPFilterRule { Action = "Accept", Cidr = "10.0.0.0/8", MatchOperator = "In", PrefixLength = new PrefixLengthRange { Max = 24 } }, new BGPFilterRule { Action = "Reject", Cidr = "10.0.0.0/8", MatchOperator = "In" }],
                ImportV6 = [new BGPFilterRule { Action = "Reject" }],
            },
        };
        PeerView peer = s_tor with { Filters = ["in"] };
        PeerPolicies policies = new(View(s_settings, [filter], peer), s_settings);
        Assert.True(Run(policies.Import(peer), "10.1.0.0/16", From.External).Accepted);
        FilterResult rejected = Run(policies.Import(peer), "10.1.0.0/25", From.External);
        Assert.Equal((false, "BGPFilter in importV4[1]"), (rejected.Accepted, rejected.Reason));
        Assert.True(Run(policies.Import(peer), "172.16.0.0/12", From.External).Accepted);
        Assert.False(Run(policies.Import(peer), "fd00::/64", From.External).Accepted);
    }

    [Fact]
    public void AMissingFilter_RejectsInItsPlace_BothWays_AndIsNamed()
    {
        BgpFilterView first = Export("first", new BGPFilterRule { Action = "Accept", Cidr = "10.65.0.0/24", MatchOperator = "In" });
        PeerView peer = s_tor with { Filters = ["first", "gone"] };
        HeldView view = View(s_settings, [first], peer);
        Assert.True(Tells(view, peer, "10.65.0.0/26", From.Own));
        Assert.False(Tells(view, peer, "10.65.9.0/26", From.Own));
        Assert.Equal("BGPFilter gone does not exist", Run(new PeerPolicies(view, s_settings).Import(peer), "10.99.0.0/16", From.External).Reason);
        SpeakerConfig config = SpeakerPlan.Of(view, BgpListen.Default, out IReadOnlyList<string> faults)!;
        Assert.Single(config.Peers);
        Assert.Contains("BGPFilter 'gone' does not exist", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void ConditionsAndOperations()
    {
        BgpFilterView filter = Export("f",
            new BGPFilterRule
            {
                Action = "Accept", Communities = new CommunityMatch { Values = ["64512:1"] }, Priority = 1024,
                Operations = [new() { AddCommunity = new AddCommunityOperation { Value = "64512:1:2" } }, new() { PrependASPath = new PrependASPathOperation { Prefix = [new AsNumber(1), new AsNumber(2)] } }, new() { SetPriority = new SetPriorityOperation { Value = 512 } }],
            },
            new BGPFilterRule { Action = "Reject", AsPathPrefix = [new AsNumber(65001)] });
        PeerView peer = s_internal with { Filters = ["f"] };
        IRouteFilter export = new PeerPolicies(View(s_settings, [filter], peer), s_settings).Export(peer, external: false)!;
        PathAttributes changed = Run(export, "10.65.0.0/26", From.Own, b => b.AddCommunity(new Community(64512, 1)).SetLocalPref(2147482623)).Attributes!;
        Assert.Equal(("1 2", 2147483135u), (changed.AsPath.ToString(), changed.LocalPref!.Value));
        Assert.Equal([new LargeCommunity(64512, 1, 2)], changed.LargeCommunities);
        // Another priority: the rule does not match, and the default leaves the route as it is.
        Assert.Null(Run(export, "10.65.0.0/26", From.Own, b => b.AddCommunity(new Community(64512, 1)).SetLocalPref(100)).Attributes);
        Assert.Equal("BGPFilter f exportV4[1]", Run(export, "10.65.0.0/26", From.External, b => b.SetAsPath(AsPath.Sequence(65001, 7))).Reason);
    }

    [Fact]
    public void WhatIsNotUnderstood_Rejects()
    {
        foreach (BGPFilterRule rule in new BGPFilterRule[]
        {
            new() { Action = "Maybe" }, new() { Action = "Accept", Cidr = "10.0.0.0/8", MatchOperator = "Like" }, new() { Action = "Accept", Cidr = "ten", MatchOperator = "In" },
            new() { Action = "Accept", Communities = new CommunityMatch { Values = ["x"] } }, new() { Action = "Accept", Operations = [new()] },
        })
        {
            PeerView peer = s_tor with { Filters = ["f"] };
            Assert.False(Tells(View(s_settings, [Export("f", rule)], peer), peer, "10.65.0.0/26", From.Own));
        }
    }

    [Fact]
    public void TheSameView_MakesTheSamePolicies()
    {
        PeerView peer = s_tor with { Filters = ["f"] };
        HeldView One() => View(s_settings, [Export("f", new BGPFilterRule { Action = "Accept", Cidr = "10.65.0.0/24", MatchOperator = "In", AsPathPrefix = [new AsNumber(7)] })], peer);
        Assert.Equal(SpeakerPlan.Of(One(), BgpListen.Default, out _)!.Peers[0], SpeakerPlan.Of(One(), BgpListen.Default, out _)!.Peers[0]);
    }

    private static BgpFilterView Export(string name, params BGPFilterRule[] rules) => new() { Name = name, Spec = new BGPFilterSpec { ExportV4 = rules } };

    private static bool Tells(HeldView view, PeerView peer, string prefix, From from) =>
        Run(new PeerPolicies(view, view.Settings!).Export(peer, peer.AsNumber != view.Settings!.AsNumber), prefix, from).Accepted;

    private static FilterResult Run(IRouteFilter? filter, string prefix, From from, Func<PathAttributesBuilder, PathAttributesBuilder>? more = null, bool peerIsExternal = true)
    {
        PathAttributesBuilder builder = new();
        RouteSource source = from == From.Own ? RouteSource.Local : new RouteSource(from == From.Mesh ? "mesh/n3" : "p", InetAddress.Parse("192.0.2.9"), 1, InetAddress.Parse("192.0.2.9"), from == From.External, false);
        return filter?.Apply(new FilterContext(IpPrefix.Parse(prefix), (more?.Invoke(builder) ?? builder).Build(), source, peerIsExternal: peerIsExternal)) ?? FilterResult.Accept;
    }

    private static HeldView View(NodeSettings settings, BgpFilterView[] filters, params PeerView[] peers) => HeldView.Empty.Apply(new ViewDelta
    {
        Epoch = "e", Revision = 1, Snapshot = true, Settings = settings, Peers = peers, BgpFilters = filters,
        Pools = [new PoolView { Name = "a", Cidr = "10.65.0.0/16" }, new PoolView { Name = "b", Cidr = "10.66.0.0/16", DisableBgpExport = true }],
    });
}
