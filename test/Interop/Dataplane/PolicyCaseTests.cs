using Margay.Api.Resources;
using Margay.CalcGraph;
using Margay.Core.Net;
using Margay.Policy;
using Margay.PolicyCases;

namespace Margay.Interop.Dataplane;

/// <summary>The table of packet × policy → verdict (test/PolicyCases), answered by the kernel: resources → graph → view → rules → packets on links.</summary>
public sealed class PolicyCaseTests(PolicyCaseTests.Stage stage) : IClassFixture<PolicyCaseTests.Stage>
{
    private static readonly IReadOnlyList<PolicyCase> Cases = PolicyCase.All();

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Name)];

    /// <summary>One world for all cases, made with the first.</summary>
    public sealed class Stage : IAsyncDisposable
    {
        private PacketWorld? _world;

        internal async Task<PacketWorld> EnterAsync() => _world ??= await PacketWorld.StartAsync();

        public async ValueTask DisposeAsync()
        {
            if (_world is not null) await _world.DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Kernel_AgreesWithTheTable(string name)
    {
        PolicyCase given = Cases.Single(c => c.Name == name);
        PacketWorld world = await stage.EnterAsync();
        Graph graph = new(new GraphOptions { Epoch = "e" });
        foreach (Resource resource in given.Objects) graph.Apply(resource);
        await world.Host.PostViewAsync(graph.Snapshot("n1"));
        await world.Host.WaitProgrammedAsync([.. world.Host.Workloads]);
        world.ForgetConnections();
        foreach (CasePacket packet in given.Packets.Where(p => !IsInvalid(p)))
            world.Send(PlaceOf(packet.From), PlaceOf(packet.To), PacketOf(packet), packet.Allowed, packet.Text);
        Assert.Equal("", await world.CheckAsync());
    }

    /// <summary>Connection tracking knows no ICMP answer or error without what it answers: the kernel drops it before any policy.</summary>
    private static bool IsInvalid(CasePacket packet) => packet.Allowed && packet switch
    {
        { Protocol: Protocol.Icmp } => packet.IcmpType is not (8 or 13 or 15 or 17),
        { Protocol: Protocol.IcmpV6 } => packet.IcmpType is not 128,
        _ => false,
    };

    private static string PlaceOf(string name) => CasePacket.NamespaceOf(name) is not null || name == PacketWorld.HostName ? name : PacketWorld.Outside;

    private static Packet PacketOf(CasePacket packet) => new()
    {
        Network = NetworkName.Default, Source = packet.Source, Destination = packet.Destination, Protocol = packet.Protocol,
        SourcePort = packet.SourcePort, DestinationPort = packet.DestinationPort, IcmpType = packet.IcmpType, IcmpCode = packet.IcmpCode,
    };
}
