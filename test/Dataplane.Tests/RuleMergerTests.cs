using CsCheck;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Managers;
using Margay.Policy;

namespace Margay.Dataplane.Tests;

/// <summary>Merged rules say what the rules said, for every packet.</summary>
public class RuleMergerTests
{
    private static readonly Gen<PortRange> Range = Gen.Select(Gen.Int[79, 84], Gen.Int[0, 3], (first, more) => new PortRange((ushort)first, (ushort)(first + more)));
    private static readonly Gen<IpPrefix> Net = Gen.Select(Gen.Int[0, 7], Gen.Int[29, 32], (host, length) => new IpPrefix(Address(host), length));

    private static readonly Gen<RuleMatch> Match = Gen.OneOf<RuleMatch>(
        Gen.Select(OneOf(Protocol.Tcp, Protocol.Udp), Gen.Bool, (p, n) => (RuleMatch)new ProtocolMatch([p], n)),
        Range.Select(r => (RuleMatch)new PortMatch(PacketSide.Destination, [r])),
        Range.Select(r => (RuleMatch)new PortMatch(PacketSide.Source, [r])),
        Gen.Select(Net, Gen.Bool, (n, not) => (RuleMatch)new NetMatch(PacketSide.Source, [n], not)),
        Net.Array[1, 2].Select(n => (RuleMatch)new NetMatch(PacketSide.Destination, [.. n])),
        OneOf("a", "b").Select(s => (RuleMatch)new SetMatch(PacketSide.Source, s)));

    private static readonly Gen<CompiledRule[]> Rules = Gen.Select(
        OneOf(RuleAction.Allow, RuleAction.Allow, RuleAction.Allow, RuleAction.Deny, RuleAction.Pass, RuleAction.Log),
        Match.Array[0, 3].Array[0, 3], (action, clauses) => (action, clauses)).Array[1, 12].Select(rules =>
        rules.Select((r, i) => new CompiledRule { Action = r.action, Index = i, Clauses = [.. r.clauses.Select(c => new RuleClause([.. c]))] }).ToArray());

    private static readonly Gen<Packet> Packets = Gen.Select(OneOf(Protocol.Tcp, Protocol.Udp), Gen.Int[0, 7], Gen.Int[0, 7], Gen.Int[78, 88], Gen.Int[78, 88],
        (protocol, from, to, source, destination) => new Packet
        {
            Protocol = protocol, Source = Address(from), Destination = Address(to), SourcePort = (ushort)source, DestinationPort = (ushort)destination,
        });

    [Fact]
    public void EveryPacket_GetsTheSameActions()
    {
        AddressSets sets = AddressSets.From([new() { Id = "a", Members = ["10.0.0.0/30"] }, new() { Id = "b", Members = ["10.0.0.5/32"] }]);
        Gen.Select(Rules, Packets.Array[8]).Sample(given =>
        {
            (CompiledRule[] rules, Packet[] packets) = given;
            List<MergedRule> merged = RuleMerger.Merge(rules);
            foreach (Packet packet in packets)
            {
                string before = Actions(rules.Where(r => r.Clauses.Any(c => c.Matches.All(m => Holds(m, packet, sets)))).Select(r => r.Action));
                string after = Actions(merged.Where(m => m.Matches.All(x => Holds(x, packet, sets)) && (m.Rows.Count == 0 || m.Rows.Any(r => Holds(r, packet)))).Select(m => m.Action));
                Assert.Equal(before, after);
            }
        });
    }

    [Fact]
    public void RowsOfATable_NeverOverlap() => Rules.Sample(rules =>
    {
        foreach (MergedRule merged in RuleMerger.Merge(rules))
            for (int i = 0; i < merged.Rows.Count; i++)
                for (int j = 0; j < i; j++) Assert.False(merged.Rows[i].Overlaps(merged.Rows[j]), $"{merged.Rows[i]} and {merged.Rows[j]}");
    });

    [Fact]
    public void RulesOfOneShape_BecomeOne()
    {
        CompiledRule[] rules = [.. Enumerable.Range(0, 10).Select(i => new CompiledRule
        {
            Action = RuleAction.Allow, Index = i,
            Clauses = [new RuleClause([new ProtocolMatch([Protocol.Tcp]), new PortMatch(PacketSide.Destination, [new PortRange((ushort)i, (ushort)i)]), new NetMatch(PacketSide.Source, [IpPrefix.Parse($"10.{i}.0.0/16")])])],
        })];
        MergedRule merged = Assert.Single(RuleMerger.Merge(rules));
        Assert.Equal(10, merged.Rows.Count);
        Assert.Equal(Enumerable.Range(0, 10), merged.Indexes);
    }

    [Fact]
    public void Denials_KeepTheirIndexes()
    {
        CompiledRule[] rules = [.. Enumerable.Range(0, 3).Select(i => new CompiledRule
        {
            Action = RuleAction.Deny, Index = i, Clauses = [new RuleClause([new ProtocolMatch([Protocol.Tcp]), new PortMatch(PacketSide.Destination, [new PortRange((ushort)i, (ushort)i)])])],
        })];
        Assert.Equal([0, 1, 2], RuleMerger.Merge(rules).Select(m => Assert.Single(m.Indexes)));
    }

    /// <summary>What is done to a packet: every Log until the first that decides; then which.</summary>
    private static string Actions(IEnumerable<RuleAction> matching)
    {
        List<RuleAction> actions = [];
        foreach (RuleAction action in matching)
        {
            actions.Add(action);
            if (action != RuleAction.Log) break;
        }
        // A Log rule of several clauses is made so that one of them matches; here they are arbitrary.
        return string.Join(' ', actions.Where((a, i) => a != RuleAction.Log || i == 0 || actions[i - 1] != RuleAction.Log));
    }

    private static bool Holds(MatchRow row, Packet packet) =>
        (row.Protocol is not { } p || p == packet.Protocol)
        && (row.SourcePort is not { } s || s.Contains(packet.SourcePort!.Value)) && (row.DestinationPort is not { } d || d.Contains(packet.DestinationPort!.Value))
        && (row.SourceNet is not { } from || from.Contains(packet.Source)) && (row.DestinationNet is not { } to || to.Contains(packet.Destination));

    private static bool Holds(RuleMatch match, Packet packet, AddressSets sets) => match.Negated != match switch
    {
        ProtocolMatch m => m.Protocols.Contains(packet.Protocol),
        PortMatch m => m.Ranges.Any(r => r.Contains(packet.Port(m.Side)!.Value)),
        NetMatch m => m.Nets.Any(n => n.Contains(packet.Address(m.Side))),
        SetMatch m => sets.Contains(m.SetId, packet.Source),
        _ => throw new InvalidOperationException(match.ToString()),
    };

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static InetAddress Address(int host) => InetAddress.FromIPv4(0x0a000000u + (uint)host);
}
