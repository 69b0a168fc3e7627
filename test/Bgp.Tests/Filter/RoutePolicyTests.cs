using CsCheck;
using Margay.Bgp.Filter;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Filter;

/// <summary>Conditions, operations and order of a policy, on routes made by hand.</summary>
public class RoutePolicyTests
{
    private static readonly RouteSource s_peer = new("p", InetAddress.Parse("192.0.2.2"), 65002, InetAddress.Parse("192.0.2.2"), true, false) { Interface = "eth0" };
    private static readonly RouteSource s_internal = s_peer with { IsExternal = false, Interface = null };

    private static readonly PathAttributes s_attributes = new PathAttributesBuilder()
        .SetNextHop(InetAddress.Parse("192.0.2.2")).SetAsPath(AsPath.Sequence(65002, 65003)).SetLocalPref(200)
        .SetCommunities([new Community(65002, 7)]).SetLargeCommunities([new LargeCommunity(65002, 1, 2)]).Build();

    public static TheoryData<string, string, string, bool> Prefixes => new()
    {
        { "10.0.0.0/8", "Equal", "10.0.0.0/8", true },
        { "10.0.0.0/8", "Equal", "10.0.0.0/9", false },
        { "10.0.0.0/8", "NotEqual", "10.0.0.0/9", true },
        { "10.0.0.0/8", "NotEqual", "10.0.0.0/8", false },
        { "10.0.0.0/8", "In", "10.0.0.0/8", true },
        { "10.0.0.0/8", "In", "10.255.0.1/32", true },
        { "10.0.0.0/8", "In", "11.0.0.0/16", false },
        { "10.0.0.0/8", "In", "0.0.0.0/0", false },
        { "10.0.0.0/8", "NotIn", "11.0.0.0/16", true },
        { "10.0.0.0/8", "NotIn", "10.1.0.0/16", false },
        { "10.0.0.0/8 24-26", "In", "10.1.0.0/16", false },
        { "10.0.0.0/8 24-26", "In", "10.1.2.0/24", true },
        { "10.0.0.0/8 24-26", "In", "10.1.2.0/27", false },
        { "10.0.0.0/8 24-26", "NotIn", "10.1.2.0/27", true },
        { "0.0.0.0/0", "In", "0.0.0.0/0", true },
        { "fd00::/8", "In", "fd01::/64", true },
        // Another family never matches, not even by negation.
        { "fd00::/8", "NotIn", "10.0.0.0/8", false },
        { "10.0.0.0/8", "NotEqual", "fd00::/8", false },
    };

    [Theory]
    [MemberData(nameof(Prefixes))]
    public void Prefix(string pattern, string op, string route, bool matches)
    {
        string[] parts = pattern.Split(' ');
        IpPrefix prefix = IpPrefix.Parse(parts[0]);
        PrefixOperator o = Enum.Parse<PrefixOperator>(op);
        PrefixMatch match = parts.Length == 1 ? new(prefix, o) : new(prefix, o, int.Parse(parts[1].Split('-')[0]), int.Parse(parts[1].Split('-')[1]));
        Assert.Equal(matches, match.Matches(IpPrefix.Parse(route)));
    }

    [Fact]
    public void NotIn_IsTheOppositeOfIn_WithinAFamily() =>
        (from a in Gen.UInt from la in Gen.Int[0, 32] from b in Gen.UInt from lb in Gen.Int[0, 32] from min in Gen.Int[0, 32] from max in Gen.Int[0, 32]
         select (Outer: Masked(a, la), Route: Masked(lb >= la ? (a & ~Host(la)) | (b & Host(la)) : b, lb), min, max)).Sample(c =>
        {
            bool inside = new PrefixMatch(c.Outer, PrefixOperator.In, c.min, c.max).Matches(c.Route);
            Assert.NotEqual(inside, new PrefixMatch(c.Outer, PrefixOperator.NotIn, c.min, c.max).Matches(c.Route));
            Assert.Equal(c.Outer.Overlaps(c.Route) && c.Route.Length >= c.Outer.Length && c.Route.Length >= c.min && c.Route.Length <= c.max, inside);
        });

    [Theory]
    [InlineData("eth0", true)]
    [InlineData("eth*", true)]
    [InlineData("*", true)]
    [InlineData("*0", true)]
    [InlineData("e*h*0", true)]
    [InlineData("eth", false)]
    [InlineData("*1", false)]
    [InlineData("eth0*x", false)]
    public void Interface(string pattern, bool matches)
    {
        Assert.Equal(matches, Matches(new RouteMatch { Interface = pattern }));
        // A route without one is never meant.
        Assert.False(Matches(new RouteMatch { Interface = pattern }, source: s_internal));
    }

    public static TheoryData<RouteMatch, bool> Conditions => new()
    {
        { RouteMatch.Any, true },
        { new RouteMatch { Family = Family.IPv4Unicast }, true },
        { new RouteMatch { Family = Family.IPv6Unicast }, false },
        { new RouteMatch { Origin = RouteOrigin.Own }, false },
        { new RouteMatch { Origin = RouteOrigin.Learned }, true },
        { new RouteMatch { Origin = RouteOrigin.LearnedExternally }, true },
        { new RouteMatch { PeerIsExternal = true }, true },
        { new RouteMatch { PeerIsExternal = false }, false },
        { new RouteMatch { Community = new Community(65002, 7) }, true },
        { new RouteMatch { Community = new Community(65002, 8) }, false },
        { new RouteMatch { LargeCommunity = new LargeCommunity(65002, 1, 2) }, true },
        { new RouteMatch { LargeCommunity = new LargeCommunity(65002, 1, 3) }, false },
        { new RouteMatch { AsPathPrefix = AsPath.Sequence(65002) }, true },
        { new RouteMatch { AsPathPrefix = AsPath.Sequence(65002, 65003) }, true },
        { new RouteMatch { AsPathPrefix = AsPath.Sequence(65003) }, false },
        { new RouteMatch { AsPathPrefix = AsPath.Sequence(65002, 65003, 65004) }, false },
        { new RouteMatch { LocalPref = 200 }, true },
        { new RouteMatch { LocalPref = 100 }, false },
        { new RouteMatch { LocalPref = 100, LocalPrefMayBeAbsent = true }, false },
        { new RouteMatch { Community = new Community(65002, 7), LocalPref = 100 }, false },
    };

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Condition(RouteMatch match, bool matches) => Assert.Equal(matches, Matches(match));

    [Fact]
    public void AbsentLocalPref_CountsOnlyWhenItMay()
    {
        PathAttributes none = s_attributes.ToBuilder().SetLocalPref(null).Build();
        Assert.False(Matches(new RouteMatch { LocalPref = 100 }, none));
        Assert.True(Matches(new RouteMatch { LocalPref = 100, LocalPrefMayBeAbsent = true }, none));
    }

    [Fact]
    public void TheFirstMatchDecides_AndSaysSo()
    {
        PolicyStatement reject = new("second", RouteMatch.Any, PolicyAction.Reject), accept = new("first", new RouteMatch { Community = new Community(65002, 7) }, PolicyAction.Accept);
        Assert.True(Run(new RoutePolicy([accept, reject], PolicyAction.Reject)).Accepted);
        FilterResult rejected = Run(new RoutePolicy([reject, accept], PolicyAction.Accept));
        Assert.Equal((false, "second"), (rejected.Accepted, rejected.Reason));
        Assert.True(Run(new RoutePolicy([], PolicyAction.Accept)).Accepted);
        Assert.False(Run(new RoutePolicy([], PolicyAction.Reject)).Accepted);
    }

    [Fact]
    public void Operations_AreDoneInOrder()
    {
        PolicyStatement statement = new("s", RouteMatch.Any, PolicyAction.Accept)
        {
            Operations =
            [
                new RouteOperation.AddCommunity(new Community(1, 2)), new RouteOperation.AddCommunity(new Community(65002, 7)), new RouteOperation.AddLargeCommunity(new LargeCommunity(1, 2, 3)),
                new RouteOperation.PrependAsPath(AsPath.Sequence(65010, 65011)), new RouteOperation.PrependAsPath(AsPath.Sequence(65012)), new RouteOperation.SetLocalPref(5), new RouteOperation.SetLocalPref(6),
            ],
        };
        PathAttributes changed = Run(new RoutePolicy([statement], PolicyAction.Reject)).Attributes!;
        Assert.Equal("65012 65010 65011 65002 65003", changed.AsPath.ToString());
        Assert.Equal(6u, changed.LocalPref);
        Assert.Equal([new Community(65002, 7), new Community(1, 2)], changed.Communities);
        Assert.Equal([new LargeCommunity(65002, 1, 2), new LargeCommunity(1, 2, 3)], changed.LargeCommunities);
        Assert.Equal(s_attributes.NextHop, changed.NextHop);
    }

    [Fact]
    public void PoliciesThatSayTheSame_AreEqual()
    {
        Assert.Equal(Sample(7), Sample(7));
        Assert.Equal(Sample(7).GetHashCode(), Sample(7).GetHashCode());
        Assert.NotEqual(Sample(7), Sample(8));
        Assert.NotEqual(Sample(7), new RoutePolicy(Sample(7).Statements, PolicyAction.Accept));

        static RoutePolicy Sample(ushort value) => new(
            [
                new PolicyStatement("s", new RouteMatch { AsPathPrefix = AsPath.Sequence(1, 2), Prefix = new PrefixMatch(IpPrefix.Parse("10.0.0.0/8"), PrefixOperator.In) }, PolicyAction.Accept)
                {
                    Operations = [new RouteOperation.AddCommunity(new Community(1, value)), new RouteOperation.PrependAsPath(AsPath.Sequence(value))],
                },
            ], PolicyAction.Reject);
    }

    private static bool Matches(RouteMatch match, PathAttributes? attributes = null, RouteSource? source = null) =>
        Run(new RoutePolicy([new PolicyStatement("s", match, PolicyAction.Accept)], PolicyAction.Reject), attributes, source).Accepted;

    private static FilterResult Run(RoutePolicy policy, PathAttributes? attributes = null, RouteSource? source = null) =>
        policy.Apply(new FilterContext(IpPrefix.Parse("10.1.0.0/16"), attributes ?? s_attributes, source ?? s_peer, peerIsExternal: true));

    private static uint Host(int length) => length == 0 ? uint.MaxValue : length == 32 ? 0 : uint.MaxValue >> length;

    private static IpPrefix Masked(uint address, int length) => new(InetAddress.FromIPv4(address & ~Host(length)), length);
}
