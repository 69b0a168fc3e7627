using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using static Margay.Policy.Tests.Given;

namespace Margay.Policy.Tests;

/// <summary>One rule, one packet.</summary>
public class MatchTests
{
    private static readonly AddressSets Sets = AddressSets.From(
    [
        new IpSetView { Id = "web", Members = ["10.0.0.1/32", "10.1.0.0/16", "fd00::1/128"], Origin = "app == \"web\"" },
        new IpSetView { Id = "prod", Members = ["10.1.0.0/24", "fd00::/64"] },
        new IpSetView { Id = "http", Type = IpSetType.IpPorts, Members = ["10.0.0.2,6,8080", "fd00::2,6,8080", "10.0.0.2,17,53"] },
    ]);

    private static readonly Packet V4 = Tcp("10.0.0.1", "10.0.0.2", 8080);
    private static readonly Packet V6 = Tcp("fd00::1", "fd00::2", 8080);

    private static readonly Packet Ping4 = new() { Source = InetAddress.Parse("10.0.0.1"), Destination = InetAddress.Parse("10.0.0.2"), Protocol = Protocol.Icmp, IcmpType = 8, IcmpCode = 0 };
    private static readonly Packet Ping6 = new() { Source = InetAddress.Parse("fd00::1"), Destination = InetAddress.Parse("fd00::2"), Protocol = Protocol.IcmpV6, IcmpType = 128, IcmpCode = 0 };
    private static readonly Packet Gre = new() { Source = InetAddress.Parse("10.0.0.1"), Destination = InetAddress.Parse("10.0.0.2"), Protocol = 47 };

    private static RuleView From(SideView side) => Rule(RuleAction.Allow, from: side);
    private static RuleView To(SideView side, byte? protocol = Protocol.Tcp) => Rule(RuleAction.Allow, protocol: protocol, to: side);
    private static PortRange[] Ports(params (ushort, ushort)[] ranges) => [.. ranges.Select(r => new PortRange(r.Item1, r.Item2))];
    private static RuleView Any => Rule(RuleAction.Allow);

    /// <summary>A name for the case, the rule, the packet, whether it matches.</summary>
    private static IEnumerable<(string Name, RuleView Rule, Packet Packet, bool Matches)> Table()
    {
        yield return ("everything", Any, V4, true);
        yield return ("everything, v6", Any, V6, true);
        yield return ("v4 only", Any with { IpVersion = 4 }, V4, true);
        yield return ("v4 only, v6", Any with { IpVersion = 4 }, V6, false);
        yield return ("v6 only", Any with { IpVersion = 6 }, V6, true);
        yield return ("never", Any with { Never = true }, V4, false);
        yield return ("protocol", Any with { Protocol = Protocol.Tcp }, V4, true);
        yield return ("other protocol", Any with { Protocol = Protocol.Udp }, V4, false);
        yield return ("not protocol", Any with { NotProtocol = Protocol.Tcp }, V4, false);
        yield return ("not other protocol", Any with { NotProtocol = Protocol.Udp }, V4, true);
        yield return ("protocol and not protocol", Any with { Protocol = Protocol.Tcp, NotProtocol = Protocol.Tcp }, V4, false);

        yield return ("net", From(new SideView { Nets = ["10.0.0.0/24"] }), V4, true);
        yield return ("one of the nets", From(new SideView { Nets = ["192.0.2.0/24", "10.0.0.1/32"] }), V4, true);
        yield return ("other net", From(new SideView { Nets = ["10.0.1.0/24"] }), V4, false);
        yield return ("net of the other family", From(new SideView { Nets = ["fd00::/64"] }), V4, false);
        yield return ("not net", From(new SideView { NotNets = ["10.0.0.0/24"] }), V4, false);
        yield return ("not other net", From(new SideView { NotNets = ["10.0.1.0/24"] }), V4, true);
        yield return ("not a net of the other family: not for this one", From(new SideView { NotNets = ["fd00::/64"] }), V4, false);
        yield return ("net but not a part of it", From(new SideView { Nets = ["10.0.0.0/8"], NotNets = ["10.0.0.0/24"] }), V4, false);
        yield return ("net and not another", From(new SideView { Nets = ["10.0.0.0/8"], NotNets = ["10.1.0.0/24"] }), V4, true);
        yield return ("destination, not source", Rule(RuleAction.Allow, to: new SideView { Nets = ["10.0.0.1/32"] }), V4, false);

        yield return ("set", From(new SideView { Sets = ["web"] }), V4, true);
        yield return ("set, v6", From(new SideView { Sets = ["web"] }), V6, true);
        yield return ("set by prefix", From(new SideView { Sets = ["web"] }), Tcp("10.1.2.3", "10.0.0.2"), true);
        yield return ("not in set", From(new SideView { Sets = ["web"] }), Tcp("10.2.2.3", "10.0.0.2"), false);
        yield return ("in both sets", From(new SideView { Sets = ["web", "prod"] }), Tcp("10.1.0.9", "10.0.0.2"), true);
        yield return ("in one of two sets", From(new SideView { Sets = ["web", "prod"] }), V4, false);
        yield return ("excluded set", From(new SideView { NotSets = ["web"] }), V4, false);
        yield return ("not in the excluded set", From(new SideView { NotSets = ["web"] }), Tcp("8.8.8.8", "10.0.0.2"), true);
        yield return ("set minus set", From(new SideView { Sets = ["web"], NotSets = ["prod"] }), Tcp("10.1.0.9", "10.0.0.2"), false);
        yield return ("set that is not known", From(new SideView { Sets = ["nothing"] }), V4, false);

        yield return ("port", To(new SideView { Ports = Ports((8080, 8080)) }), V4, true);
        yield return ("port range, first", To(new SideView { Ports = Ports((8080, 9000)) }), V4, true);
        yield return ("port range, last", To(new SideView { Ports = Ports((1, 8080)) }), V4, true);
        yield return ("past the range", To(new SideView { Ports = Ports((1, 8079), (8081, 9000)) }), V4, false);
        yield return ("source port", Rule(RuleAction.Allow, protocol: Protocol.Tcp, from: new SideView { Ports = Ports((40000, 40000)) }), V4, true);
        yield return ("not port", To(new SideView { NotPorts = Ports((8080, 8080)) }), V4, false);
        yield return ("not other port", To(new SideView { NotPorts = Ports((80, 80)) }), V4, true);
        yield return ("port without protocol", To(new SideView { Ports = Ports((8080, 8080)) }, protocol: null), V4, true);
        yield return ("port of a packet without ports", To(new SideView { Ports = Ports((8080, 8080)) }, protocol: null), Gre, false);
        yield return ("not port of a packet without ports", To(new SideView { NotPorts = Ports((8080, 8080)) }, protocol: null), Gre, true);

        yield return ("named port", To(new SideView { PortSets = ["http"] }), V4, true);
        yield return ("named port, v6", To(new SideView { PortSets = ["http"] }), V6, true);
        yield return ("named port elsewhere", To(new SideView { PortSets = ["http"] }), Tcp("10.0.0.1", "10.0.0.3", 8080), false);
        yield return ("named port of another protocol", To(new SideView { PortSets = ["http"] }), Tcp("10.0.0.1", "10.0.0.2", 53), false);
        yield return ("number or name: number", To(new SideView { Ports = Ports((80, 80)), PortSets = ["http"] }), Tcp("10.0.0.1", "10.0.0.9", 80), true);
        yield return ("number or name: name", To(new SideView { Ports = Ports((80, 80)), PortSets = ["http"] }), V4, true);
        yield return ("number or name: neither", To(new SideView { Ports = Ports((80, 80)), PortSets = ["http"] }), Tcp("10.0.0.1", "10.0.0.9", 8080), false);
        yield return ("not named port", To(new SideView { NotPortSets = ["http"] }), V4, false);
        yield return ("not named port, other address", To(new SideView { NotPortSets = ["http"] }), Tcp("10.0.0.1", "10.0.0.3", 8080), true);
        yield return ("not named port, no ports at all", To(new SideView { NotPortSets = ["http"] }, protocol: null), Ping4, true);

        RuleView icmp4 = Any with { Protocol = Protocol.Icmp }, icmp6 = Any with { Protocol = Protocol.IcmpV6 };
        yield return ("icmp", icmp4, Ping4, true);
        yield return ("icmp type", icmp4 with { Icmp = new IcmpFields { Type = 8 } }, Ping4, true);
        yield return ("icmp type and code", icmp4 with { Icmp = new IcmpFields { Type = 8, Code = 0 } }, Ping4, true);
        yield return ("icmp other code", icmp4 with { Icmp = new IcmpFields { Type = 8, Code = 1 } }, Ping4, false);
        yield return ("icmp other type", icmp4 with { Icmp = new IcmpFields { Type = 0 } }, Ping4, false);
        yield return ("icmpv6 type", icmp6 with { Icmp = new IcmpFields { Type = 128 } }, Ping6, true);
        yield return ("icmp type in v6", icmp4 with { Icmp = new IcmpFields { Type = 128 } }, Ping6, false);
        yield return ("not icmp type", icmp4 with { NotIcmp = new IcmpFields { Type = 8 } }, Ping4, false);
        yield return ("not icmp code", icmp4 with { NotIcmp = new IcmpFields { Type = 8, Code = 1 } }, Ping4, true);
        yield return ("not icmp type, no protocol, not icmp", Any with { NotIcmp = new IcmpFields { Type = 8 } }, V4, true);
        yield return ("not icmp type, no protocol, icmp", Any with { NotIcmp = new IcmpFields { Type = 8 } }, Ping4, false);
    }

    public static TheoryData<string> Names => [.. Table().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Rule_MatchesOrNot(string name)
    {
        (_, RuleView rule, Packet packet, bool matches) = Table().Single(c => c.Name == name);
        CompiledPolicySet set = Compile([Tier("t", TierDefault.Deny, "a")], [], [PolicyOf("a", rule)]);
        Verdict verdict = Evaluator.Evaluate(set, packet, Sets);
        Assert.True(matches == verdict.Allowed, verdict.Trace[0].Reason);
    }

    [Theory]
    [InlineData("set", "source 10.0.0.1 is in the set of [app == \"web\"]")]
    [InlineData("not in set", "source 10.2.2.3 is not in the set of [app == \"web\"]")]
    [InlineData("excluded set", "source 10.0.0.1 is in the set of [app == \"web\"]")]
    [InlineData("not in the excluded set", "source 8.8.8.8 is not in the set of [app == \"web\"]")]
    [InlineData("net of the other family", "never matches IPv4: its source nets are all of the other family")]
    [InlineData("v4 only, v6", "never matches IPv6: it is for IPv4 only")]
    [InlineData("number or name: neither", "destination port 8080 is not in 80, or destination 10.0.0.9 port 8080 is not in the named ports [http]")]
    [InlineData("icmp other code", "ICMP type 8 code 0 is not type 8 code 1")]
    [InlineData("not port of a packet without ports", "protocol 47 is not tcp or udp or sctp")]
    public void Reason_SaysWhatHeldOrWhatDidNot(string name, string reason)
    {
        (_, RuleView rule, Packet packet, _) = Table().Single(c => c.Name == name);
        CompiledPolicySet set = Compile([Tier("t", TierDefault.Deny, "a")], [], [PolicyOf("a", rule)]);
        Assert.Equal(reason, Evaluator.Evaluate(set, packet, Sets).Trace[0].Reason);
    }

    [Fact]
    public void Sets_FollowTheirChanges()
    {
        AddressSets sets = AddressSets.From([new IpSetView { Id = "s", Members = ["10.0.0.0/24", "10.0.0.1/32"] }]);
        sets.Change(new IpSetChange { Id = "s", Removed = ["10.0.0.0/24"], Added = ["fd00::/64"] });
        Assert.True(sets.Contains("s", InetAddress.Parse("10.0.0.1")));
        Assert.False(sets.Contains("s", InetAddress.Parse("10.0.0.2")));
        Assert.True(sets.Contains("s", InetAddress.Parse("fd00::9")));
        sets.Remove("s");
        Assert.False(sets.Contains("s", InetAddress.Parse("10.0.0.1")));
    }
}
