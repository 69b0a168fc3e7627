using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.CalcGraph.Topology;

namespace Margay.CalcGraph.Tests.Topology;

/// <summary>Sessions of a mesh with elected reflectors, as nodes see them.</summary>
public class MeshTopologyTests
{
    private readonly Graph _graph = new(new GraphOptions { Epoch = "epoch" });

    private static Node MakeNode(string name, int address, string rack, uint? asNumber = null, string? label = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["rack"] = rack, [MeshElection.ReflectorLabel] = label ?? "" } },
        Spec = new NodeSpec { Bgp = new NodeBgpSpec { Ipv4Address = $"192.0.2.{address}/24", AsNumber = asNumber is { } n ? new AsNumber(n) : null } },
    };

    private void Six()
    {
        for (int i = 1; i <= 6; i++) _graph.Apply(MakeNode($"n{i}", i, $"r{i % 3}"));
    }

    private void State(bool mesh, params (string Node, ReflectorState State)[] reflectors) => _graph.Apply(new BGPConfiguration
    {
        Metadata = new ObjectMeta { Name = "default" },
        Status = new BGPConfigurationStatus { RouteReflection = new RouteReflectionStatus { Mesh = mesh, Reflectors = [.. reflectors.Select(r => new ReflectorStatus { Node = r.Node, State = r.State })] } },
    });

    private IEnumerable<string> PeersOf(string node) => _graph.Snapshot(node).Peers!.Select(p => p.Name).Order();

    [Fact]
    public void Clients_HaveTheirReflectors_ReflectorsHaveAllThatChoseThem_AndEachOther()
    {
        Six();
        State(false, ("n1", ReflectorState.Active), ("n2", ReflectorState.Active), ("n3", ReflectorState.Active));
        foreach (string client in new[] { "n4", "n5", "n6" })
        {
            ViewDelta view = _graph.Snapshot(client);
            Assert.Null(view.Settings!.RouteReflectorClusterId);
            Assert.Equal(2, view.Peers!.Count);
            Assert.All(view.Peers, p => Assert.Equal((false, "elected route reflector"), (p.RouteReflectorClient, p.Origin)));
            foreach (PeerView peer in view.Peers)
            {
                ViewDelta reflector = _graph.Snapshot(peer.Name["mesh/".Length..]);
                Assert.Equal(reflector.Settings!.Ipv4Address, reflector.Settings.RouteReflectorClusterId);
                Assert.True(reflector.Peers!.Single(p => p.Name == $"mesh/{client}").RouteReflectorClient);
            }
        }
        Assert.Contains("mesh/n2", PeersOf("n1"));
        Assert.False(_graph.Snapshot("n1").Peers!.Single(p => p.Name == "mesh/n3").RouteReflectorClient);
    }

    [Fact]
    public void ATransition_HoldsTheSessionsOfBeforeAndAfter_UnderTheSameNames()
    {
        Six();
        IEnumerable<string> mesh = PeersOf("n4");
        Assert.Equal(5, mesh.Count());
        State(true, ("n1", ReflectorState.Joining), ("n2", ReflectorState.Joining));
        Assert.Equal(mesh, PeersOf("n4"));
        Assert.True(_graph.Snapshot("n1").Peers!.Single(p => p.Name == "mesh/n4").RouteReflectorClient);
        State(false, ("n1", ReflectorState.Active), ("n2", ReflectorState.Active));
        Assert.Equal(["mesh/n1", "mesh/n2"], PeersOf("n4"));
        State(false, ("n1", ReflectorState.Leaving), ("n2", ReflectorState.Active), ("n3", ReflectorState.Joining));
        Assert.Equal(["mesh/n1", "mesh/n2", "mesh/n3"], PeersOf("n4"));
        State(false, ("n2", ReflectorState.Active), ("n3", ReflectorState.Active));
        Assert.Equal(["mesh/n2", "mesh/n3"], PeersOf("n4"));
        // The former reflector is a client now.
        Assert.Equal(["mesh/n2", "mesh/n3"], PeersOf("n1"));
        Assert.Null(_graph.Snapshot("n1").Settings!.RouteReflectorClusterId);
    }

    [Fact]
    public void ANodeOfItsOwnAs_PeersWithAll_AndIsNobodysClient()
    {
        Six();
        _graph.Apply(MakeNode("x", 9, "r1", asNumber: 65009));
        State(false, ("n1", ReflectorState.Active), ("n2", ReflectorState.Active));
        Assert.Equal(6, PeersOf("x").Count());
        Assert.Contains("mesh/x", PeersOf("n5"));
        Assert.False(_graph.Snapshot("n1").Peers!.Single(p => p.Name == "mesh/x").RouteReflectorClient);
    }

    [Fact]
    public void AChangedClient_ConcernsItsReflectorsOnly()
    {
        for (int i = 1; i <= 60; i++) _graph.Apply(MakeNode($"n{i}", i, $"r{i % 3}"));
        State(false, ("n1", ReflectorState.Active), ("n2", ReflectorState.Active), ("n3", ReflectorState.Active));
        for (int i = 1; i <= 60; i++) _graph.Subscribe($"n{i}");
        _graph.Flush(1);
        IEnumerable<string> reflectors = PeersOf("n40").Select(p => p["mesh/".Length..]);
        _graph.Apply(MakeNode("n40", 140, "r1"));
        Assert.Equal([.. reflectors.Append("n40").Order()], _graph.Flush(2).Select(d => d.Node).Order());
        _graph.Apply(MakeNode("new", 200, "r1"));
        Assert.Equal(2, _graph.Flush(3).Count);
    }

    [Fact]
    public void AReportedStatus_ThatChangesNothing_ConcernsNobody()
    {
        Six();
        State(false, ("n1", ReflectorState.Active), ("n2", ReflectorState.Active));
        _graph.Subscribe("n3");
        _graph.Flush(1);
        _graph.Apply(new BGPConfiguration
        {
            Metadata = new ObjectMeta { Name = "default" },
            Status = new BGPConfigurationStatus
            {
                MeshNodes = 7,
                RouteReflection = new RouteReflectionStatus { Reflectors = [new ReflectorStatus { Node = "n1", State = ReflectorState.Active }, new ReflectorStatus { Node = "n2", State = ReflectorState.Active }] },
            },
        });
        Assert.Empty(_graph.Flush(2));
    }

    [Fact]
    public void TheElection_ReadsResources()
    {
        List<Node> nodes = [.. Enumerable.Range(1, 6).Select(i => MakeNode($"n{i}", i, $"r{i % 3}", label: i == 5 ? "true" : null))];
        BGPConfiguration configuration = new() { Spec = new BGPConfigurationSpec { RouteReflection = new RouteReflectionSpec { MeshLimit = 5, LossTime = "10s" } } };
        BGPConfigurationStatus next = MeshElection.Next(configuration, nodes, n => n == "n1" ? TimeSpan.FromSeconds(11) : TimeSpan.Zero, DateTimeOffset.UnixEpoch);
        Assert.Equal(6, next.MeshNodes);
        Assert.Contains(next.RouteReflection!.Reflectors, r => r.Node == "n5");
        Assert.DoesNotContain(next.RouteReflection.Reflectors, r => r.Node == "n1");
        Assert.True(MeshElection.SameAs(next, MeshElection.Next(configuration with { Status = next }, nodes, _ => TimeSpan.Zero, DateTimeOffset.UnixEpoch.AddSeconds(1))));

        BGPConfigurationSpec manual = new() { RouteReflection = new RouteReflectionSpec { MeshLimit = 5, Mode = "Manual" } };
        BGPConfigurationStatus warned = MeshElection.Next(new BGPConfiguration { Spec = manual }, nodes, _ => TimeSpan.Zero, DateTimeOffset.UnixEpoch);
        Assert.Null(warned.RouteReflection);
        Assert.Equal("MeshTooLarge", Assert.Single(warned.Conditions!).Type);
        Assert.Null(MeshElection.Next(new BGPConfiguration { Spec = manual with { NodeToNodeMeshEnabled = false } }, nodes, _ => TimeSpan.Zero, DateTimeOffset.UnixEpoch).Conditions);
    }
}
