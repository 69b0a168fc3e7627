using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using static Margay.Policy.Tests.Given;

namespace Margay.Policy.Tests;

public class CompilerTests
{
    private static CompiledRule V4(RuleView rule) => PolicyCompiler.Compile(PolicyOf("a", rule), PolicyType.Ingress).V4[0];

    [Fact]
    public void Ranges_AreSortedAndMerged()
    {
        RuleView rule = Rule(RuleAction.Allow, protocol: Protocol.Tcp, to: new SideView { Ports = [new(90, 100), new(80, 80), new(81, 89), new(200, 300), new(250, 260)] });
        PortMatch match = Assert.Single(V4(rule).Clauses[0].Matches.OfType<PortMatch>());
        Assert.Equal([new PortRange(80, 100), new PortRange(200, 300)], match.Ranges);
    }

    [Fact]
    public void Nets_KeepTheirFamily_WithoutWhatLiesWithinAnother()
    {
        RuleView rule = Rule(RuleAction.Allow, from: new SideView { Nets = ["10.1.0.0/16", "10.0.0.0/8", "fd00::/8", "192.0.2.1/32"] });
        NetMatch match = Assert.IsType<NetMatch>(Assert.Single(V4(rule).Clauses[0].Matches));
        Assert.Equal([IpPrefix.Parse("10.0.0.0/8"), IpPrefix.Parse("192.0.2.1/32")], match.Nets);
    }

    [Fact]
    public void Protocol_ComesFirst_SoThatPortsMeanSomething()
    {
        RuleView rule = Rule(RuleAction.Allow, protocol: Protocol.Udp, from: new SideView { Sets = ["s"], Nets = ["10.0.0.0/8"] }, to: new SideView { Ports = [new(53, 53)] });
        Assert.Equal([typeof(ProtocolMatch), typeof(PortMatch), typeof(NetMatch), typeof(SetMatch)], V4(rule).Clauses[0].Matches.Select(m => m.GetType()));
    }

    [Fact]
    public void Compiling_IsByValue()
    {
        PolicyView Make() => PolicyOf("a", Rule(RuleAction.Allow, protocol: Protocol.Tcp, from: new SideView { Nets = ["10.0.0.0/8"] }, to: new SideView { Ports = [new(53, 53)], PortSets = ["p"] }));
        Assert.Equal(PolicyCompiler.Compile(Make(), PolicyType.Ingress), PolicyCompiler.Compile(Make(), PolicyType.Ingress));
        Assert.NotEqual(PolicyCompiler.Compile(Make(), PolicyType.Ingress), PolicyCompiler.Compile(Make() with { Id = "b" }, PolicyType.Ingress));
    }

    [Fact]
    public void NeverRule_KeepsItsPlaceAndReason()
    {
        CompiledPolicy policy = PolicyCompiler.Compile(PolicyOf("a", Allow with { Never = true, Note = "it matches services" }, Deny), PolicyType.Ingress);
        Assert.Empty(policy.V4[0].Clauses);
        Assert.Equal("it matches services", policy.V4[0].NeverBecause);
        Assert.Equal(1, policy.V4[1].Index);
    }

    // ---- random rules: compiled and evaluated, against a plain reading of the view ----------------------------------------------

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<List<T>?> Few<T>(params T[] values) => Gen.Frequency((2, Gen.Const((List<T>?)null)), (1, Pick(values).List[1, 3].Select(l => (List<T>?)l)));

    private static readonly string[] Nets = ["10.0.0.0/30", "10.0.0.1/32", "fd00::/126", "fd00::1/128", "0.0.0.0/0"];
    private static readonly PortRange[] Ranges = [new(1, 1), new(1, 2), new(3, 4), new(2, 3)];

    private static readonly Gen<SideView> Side =
        from nets in Few(Nets)
        from notNets in Few(Nets[..4])
        from sets in Few("a", "b")
        from notSets in Few("a", "b")
        from ports in Few(Ranges)
        from portSets in Few("x", "y")
        from notPorts in Few(Ranges)
        from notPortSets in Few("x", "y")
        select new SideView { Nets = nets, NotNets = notNets, Sets = sets, NotSets = notSets, Ports = ports, PortSets = portSets, NotPorts = notPorts, NotPortSets = notPortSets };

    private static readonly Gen<RuleView> AnyRule =
        from action in Gen.Enum<RuleAction>()
        from version in Pick<int?>(null, null, null, 4, 6)
        from protocol in Pick<byte?>(null, Protocol.Tcp, Protocol.Udp, Protocol.Icmp, Protocol.IcmpV6, 47)
        from notProtocol in Pick<byte?>(null, null, Protocol.Tcp, Protocol.Icmp)
        from type in Pick<int?>(null, 8, 0)
        from code in Pick<int?>(null, 0, 1)
        from notType in Pick<int?>(null, null, 8)
        from source in Side
        from destination in Side
        let icmp = protocol is Protocol.Icmp or Protocol.IcmpV6 && type is not null ? new IcmpFields { Type = type, Code = code } : null
        select new RuleView
        {
            Action = action, IpVersion = version, Protocol = protocol, NotProtocol = notProtocol, Icmp = icmp,
            NotIcmp = notType is null ? null : new IcmpFields { Type = notType, Code = code }, Source = source, Destination = destination,
        };

    private static readonly Gen<Packet> AnyPacket =
        from v6 in Gen.Bool
        from source in Gen.Int[0, 5]
        from destination in Gen.Int[0, 5]
        from protocol in Pick<byte>(Protocol.Tcp, Protocol.Tcp, Protocol.Udp, Protocol.Icmp, Protocol.IcmpV6, 47, Protocol.UdpLite)
        from sourcePort in Gen.UShort[1, 5]
        from destinationPort in Gen.UShort[1, 5]
        from type in Pick<byte>(0, 8)
        from code in Pick<byte>(0, 1)
        let text = v6 ? "fd00::" : "10.0.0."
        let ports = protocol is Protocol.Tcp or Protocol.Udp
        let icmp = protocol == (v6 ? Protocol.IcmpV6 : Protocol.Icmp)
        select new Packet
        {
            Source = InetAddress.Parse($"{text}{source}"), Destination = InetAddress.Parse($"{text}{destination}"), Protocol = protocol,
            SourcePort = ports ? sourcePort : null, DestinationPort = ports ? destinationPort : null, IcmpType = icmp ? type : null, IcmpCode = icmp ? code : null,
        };

    private static readonly AddressSets Sets = AddressSets.From(
    [
        new IpSetView { Id = "a", Members = ["10.0.0.0/31", "fd00::2/127"] },
        new IpSetView { Id = "b", Members = ["10.0.0.1/32", "10.0.0.4/32", "fd00::/126"] },
        new IpSetView { Id = "x", Type = IpSetType.IpPorts, Members = ["10.0.0.1,6,1", "10.0.0.2,17,2", "fd00::1,6,1"] },
        new IpSetView { Id = "y", Type = IpSetType.IpPorts, Members = ["10.0.0.1,6,2", "10.0.0.3,6,3", "fd00::2,17,4"] },
    ]);

    [Fact]
    public void CompiledRule_MatchesAsThePlainReading() => Gen.Select(AnyRule, AnyPacket.Array[20]).Sample((rule, packets) =>
    {
        CompiledPolicySet set = Compile([Tier("t", TierDefault.Deny, "a")], [], [PolicyOf("a", rule)]);
        foreach (Packet packet in packets)
        {
            TraceStep step = Evaluator.Evaluate(set, packet, Sets).Trace[0];
            Assert.True(PlainMatch(rule, packet) == (step.Action is not null), $"{packet}: {step.Reason}");
        }
    }, iter: 2000);

    [Fact]
    public void LogRule_HasAtMostOneClauseForAPacket() => Gen.Select(AnyRule, AnyPacket.Array[20]).Sample((rule, packets) =>
    {
        CompiledPolicy policy = PolicyCompiler.Compile(PolicyOf("a", rule with { Action = RuleAction.Log }), PolicyType.Ingress);
        foreach (Packet packet in packets)
        {
            int matching = policy.Rules(packet.Family)[0].Clauses.Count(c => c.Matches.All(m => Matching.Holds(m, packet, Sets)));
            Assert.InRange(matching, 0, 1);
        }
    }, iter: 1000);

    [Fact]
    public void EveryPortMatch_ComesAfterAProtocolWithPorts() => AnyRule.Sample(rule =>
    {
        CompiledPolicy policy = PolicyCompiler.Compile(PolicyOf("a", rule), PolicyType.Ingress);
        foreach (RuleClause clause in policy.V4[0].Clauses.Concat(policy.V6[0].Clauses))
        {
            int port = clause.Matches.ToList().FindIndex(m => m is PortMatch);
            if (port < 0) continue;
            Assert.Contains(clause.Matches.Take(port), m => m is ProtocolMatch { Negated: false } p && p.Protocols.All(x => x is Protocol.Tcp or Protocol.Udp or Protocol.Sctp));
        }
    }, iter: 1000);

    private static bool PlainMatch(RuleView rule, Packet packet)
    {
        bool v6 = packet.Family == IpFamily.V6;
        if (rule.IpVersion is { } version && version != (v6 ? 6 : 4)) return false;
        if (rule.Protocol is { } p && p != packet.Protocol) return false;
        if (rule.NotProtocol == packet.Protocol) return false;
        byte icmp = v6 ? Protocol.IcmpV6 : Protocol.Icmp;
        // ICMP types of the other family's protocol take the rule out of this family.
        if ((rule.Icmp ?? rule.NotIcmp) is not null && rule.Protocol is { } q && q != icmp) return false;
        if (rule.Icmp is { } i && !IsIcmp(i, packet, icmp)) return false;
        if (rule.NotIcmp is { } n && IsIcmp(n, packet, icmp)) return false;
        return PlainSide(rule.Source, packet, packet.Source, packet.SourcePort) && PlainSide(rule.Destination, packet, packet.Destination, packet.DestinationPort);
    }

    private static bool IsIcmp(IcmpFields fields, Packet packet, byte icmp) =>
        packet.Protocol == icmp && packet.IcmpType == fields.Type && (fields.Code is null || packet.IcmpCode == fields.Code);

    private static bool PlainSide(SideView? side, Packet packet, InetAddress address, ushort? port)
    {
        if (side is null) return true;
        bool InNets(IReadOnlyList<string> nets) => nets.Any(n => IpPrefix.Parse(n).Contains(address));
        bool HasFamily(IReadOnlyList<string> nets) => nets.Any(n => IpPrefix.Parse(n).IsIPv6 == address.IsIPv6);
        bool InPorts(IReadOnlyList<PortRange>? ranges) => port is { } p && (ranges ?? []).Any(r => r.Contains(p));
        bool InPortSets(IReadOnlyList<string>? sets) => port is { } p && (sets ?? []).Any(s => Sets.Contains(s, address, packet.Protocol, p));
        return (side.Nets is null || InNets(side.Nets))
            && (side.NotNets is null || (HasFamily(side.NotNets) && !InNets(side.NotNets)))
            && (side.Sets ?? []).All(s => Sets.Contains(s, address))
            && !(side.NotSets ?? []).Any(s => Sets.Contains(s, address))
            && ((side.Ports is null && side.PortSets is null) || InPorts(side.Ports) || InPortSets(side.PortSets))
            && !InPorts(side.NotPorts)
            && !InPortSets(side.NotPortSets);
    }
}
