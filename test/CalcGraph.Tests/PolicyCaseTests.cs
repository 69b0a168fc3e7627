using Margay.Core.Net;
using Margay.Policy;
using Margay.PolicyCases;

namespace Margay.CalcGraph.Tests;

/// <summary>The table of packet × policy → verdict (test/PolicyCases), answered by the engine: resources → graph → view → compiled form → verdict.</summary>
public class PolicyCaseTests
{
    private static readonly IReadOnlyList<PolicyCase> Cases = PolicyCase.All();

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Engine_AgreesWithTheTable(string name)
    {
        PolicyCase given = Cases.Single(c => c.Name == name);
        Graph graph = new(new GraphOptions { Epoch = "e" });
        foreach (Api.Resources.Resource resource in given.Objects) graph.Apply(resource);
        NodePolicy node = new(graph.Snapshot("n1"));
        List<string> wrong = [];
        foreach (CasePacket packet in given.Packets)
        {
            JourneyVerdict verdict = node.Decide(new Journey(PacketOf(packet), PlaceOf(packet.From), PlaceOf(packet.To)));
            if (verdict.Allowed == packet.Allowed && (packet.By is null || verdict.DecidedBy.Contains(packet.By, StringComparison.Ordinal))) continue;
            wrong.Add($"{packet.Text}: {(verdict.Allowed ? "allow" : "deny")} by {verdict.DecidedBy}");
            wrong.AddRange(verdict.Checkpoints.SelectMany(c => c.Verdict.Trace.Select(s => $"    {c.Kind} {c.Direction} {s.At} {s.Action?.ToString() ?? "no match"}: {s.Reason}")));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Table_IsLargeAndOfBothKinds()
    {
        List<CasePacket> packets = [.. Cases.SelectMany(c => c.Packets)];
        Assert.True(packets.Count >= 400, $"{packets.Count} packets");
        Assert.True(packets.Count(p => p.Allowed) > packets.Count / 4 && packets.Count(p => !p.Allowed) > packets.Count / 4);
        Assert.True(packets.Count(p => p.Source.IsIPv6) > packets.Count / 3);
        Assert.Equal(Cases.Count, Cases.Select(c => c.Name).Distinct().Count());
    }

    private static Place PlaceOf(string name) =>
        CasePacket.NamespaceOf(name) is { } ns ? new Place.Workload($"default/{ns}/{name}") : name == "host" ? new Place.Host() : new Place.Outside("eth0");

    private static Packet PacketOf(CasePacket packet) => new()
    {
        Network = NetworkName.Default, Source = packet.Source, Destination = packet.Destination, Protocol = packet.Protocol,
        SourcePort = packet.SourcePort, DestinationPort = packet.DestinationPort, IcmpType = packet.IcmpType, IcmpCode = packet.IcmpCode,
    };
}
