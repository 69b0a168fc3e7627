using Margay.Core.Net;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

public class RuleTests
{
    public static TheoryData<string, Rule> Rules => new()
    {
        { "rule add pref 100 from 10.0.0.0/8 lookup 1001 protocol static", new Rule { Priority = 100, Source = IpPrefix.Parse("10.0.0.0/8"), Table = 1001 } },
        { "rule add pref 100 to 10.0.0.0/8 iif lo oif v0 lookup 200 protocol 80", new Rule { Priority = 100, Destination = IpPrefix.Parse("10.0.0.0/8"), IncomingLink = "lo", OutgoingLink = "v0", Table = 200, Protocol = (RouteProtocol)80 } },
        { "rule add pref 100 fwmark 0x10/0xf0 lookup 200 protocol static", new Rule { Priority = 100, Mark = 0x10, MarkMask = 0xf0, Table = 200 } },
        { "rule add pref 100 fwmark 0x10 lookup 200 protocol static", new Rule { Priority = 100, Mark = 0x10, Table = 200 } },
        { "rule add pref 100 not fwmark 0x10 lookup main suppress_prefixlength 0 protocol static", new Rule { Priority = 100, Mark = 0x10, Invert = true, SuppressPrefixLength = 0 } },
        { "rule add pref 100 tun_id 2001 lookup 2001 protocol static", new Rule { Priority = 100, TunnelId = 2001, Table = 2001 } },
        { "rule add pref 100 ipproto tcp sport 1000-2000 dport 80 lookup 200 protocol static", new Rule { Priority = 100, IpProtocol = 6, SourcePorts = new PortRange(1000, 2000), DestinationPorts = new PortRange(80, 80), Table = 200 } },
        { "rule add pref 100 from 10.0.0.0/8 unreachable protocol static", new Rule { Priority = 100, Source = IpPrefix.Parse("10.0.0.0/8"), Action = RuleAction.Unreachable } },
        { "rule add pref 100 from all goto 32766 protocol static", new Rule { Priority = 100, Action = RuleAction.Goto, Target = 32766 } },
        { "-6 rule add pref 100 from 2001:db8::/32 lookup 1001 protocol static", new Rule { IPv6 = true, Priority = 100, Source = IpPrefix.Parse("2001:db8::/32"), Table = 1001 } },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rule_IsTheSameAsIps_AndReadsBackAsItWasAdded(string command, Rule rule) => Twin.AssertSame(
        s => s.Ip(command),
        s =>
        {
            s.Route.AddRule(rule).ThrowIfFailed();
            Assert.True(s.Route.AddRule(rule).Exists);
            Assert.Equal(rule, Assert.Single(s.Route.ListRules(rule.IPv6).Value, r => r.Priority == 100));
            s.Route.DeleteRule(rule).ThrowIfFailed();
            Assert.True(s.Route.DeleteRule(rule).IsNotFound);
            s.Route.AddRule(rule).ThrowIfFailed();
        },
        s => s.IpJson(rule.IPv6 ? "-6 rule show" : "rule show"));
}
