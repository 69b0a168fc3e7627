using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Tests;

/// <summary>Settings, pools, blocks and BGP peers of a node.</summary>
public class NodeFactsTests
{
    private readonly Graph _graph = new(new GraphOptions { Epoch = "epoch" });

    private void Node(string name, int address, string? rack = null, uint? asNumber = null, string? cluster = null, bool v6 = false) => _graph.Apply(new Node
    {
        Metadata = new ObjectMeta { Name = name, Labels = rack is null ? null : new Dictionary<string, string> { ["rack"] = rack } },
        Spec = new NodeSpec
        {
            Bgp = new NodeBgpSpec
            {
                Ipv4Address = $"192.0.2.{address}/24", Ipv6Address = v6 ? $"2001:db8::{address}/64" : null,
                AsNumber = asNumber is { } n ? new AsNumber(n) : null, RouteReflectorClusterID = cluster,
            },
        },
    });

    private void Peer(string name, BGPPeerSpec spec) => _graph.Apply(new BGPPeer { Metadata = new ObjectMeta { Name = name }, Spec = spec });
    private void Config(BGPConfigurationSpec spec, string name = "default") => _graph.Apply(new BGPConfiguration { Metadata = new ObjectMeta { Name = name }, Spec = spec });
    private void NoMesh() => Config(new BGPConfigurationSpec { NodeToNodeMeshEnabled = false });
    private Dictionary<string, PeerView> PeersOf(string node) => _graph.Snapshot(node).Peers!.ToDictionary(p => p.Name);

    [Fact]
    public void Mesh_IsEveryPairOnce_AndTheHigherAddressWaits()
    {
        Node("a", 9);
        Node("b", 10);
        Node("c", 11, asNumber: 65001);
        Dictionary<string, PeerView> peers = PeersOf("b");
        Assert.Equal(["mesh/a", "mesh/c"], peers.Keys.Order());
        // By number: as text, .9 would stand behind .10.
        Assert.False(peers["mesh/a"].Passive);
        Assert.True(peers["mesh/c"].Passive);
        Assert.True(PeersOf("a")["mesh/b"].Passive);
        Assert.Equal((65001u, 64512u, "192.0.2.10"), (peers["mesh/c"].AsNumber, peers["mesh/a"].AsNumber, peers["mesh/a"].SourceAddress));
    }

    [Fact]
    public void Mesh_HasASessionForEachFamilyThatBothHave()
    {
        Node("a", 1, v6: true);
        Node("b", 2, v6: true);
        Node("c", 3);
        Assert.Equal(["mesh/b", "mesh/b/v6", "mesh/c"], PeersOf("a").Keys.Order());
        Assert.Equal("2001:db8::2", PeersOf("a")["mesh/b/v6"].Address);
    }

    [Fact]
    public void Mesh_LeavesReflectorsOut_AndCanBeSwitchedOff()
    {
        Node("a", 1);
        Node("b", 2);
        Node("rr", 3, cluster: "1.1.1.1");
        Assert.Equal(["mesh/b"], PeersOf("a").Keys);
        Assert.Empty(PeersOf("rr"));
        NoMesh();
        Assert.Empty(PeersOf("a"));
    }

    [Fact]
    public void Reflectors_PeerWithTheirClients_BothWays()
    {
        NoMesh();
        Node("a", 1);
        Node("rr1", 2, rack: "spine", cluster: "1.1.1.1");
        Node("rr2", 3, rack: "spine", cluster: "1.1.1.1");
        Node("rr3", 4, rack: "spine", cluster: "2.2.2.2");
        Peer("to-rr", new BGPPeerSpec { NodeSelector = "all()", PeerSelector = "rack == 'spine'" });
        Assert.Equal(["node/to-rr/rr1", "node/to-rr/rr2", "node/to-rr/rr3"], PeersOf("a").Keys.Order());
        Assert.All(PeersOf("a").Values, p => Assert.False(p.RouteReflectorClient));
        Dictionary<string, PeerView> of1 = PeersOf("rr1");
        Assert.Equal(["node/to-rr/a", "node/to-rr/rr2", "node/to-rr/rr3"], of1.Keys.Order());
        Assert.Equal((true, false, true), (of1["node/to-rr/a"].RouteReflectorClient, of1["node/to-rr/rr2"].RouteReflectorClient, of1["node/to-rr/rr3"].RouteReflectorClient));
        Assert.NotEqual(PeersOf("a")["node/to-rr/rr1"].Passive, of1["node/to-rr/a"].Passive);
    }

    [Fact]
    public void ReversePeering_CanBeManual()
    {
        NoMesh();
        Node("a", 1);
        Node("b", 2, rack: "r");
        Peer("p", new BGPPeerSpec { Node = "a", PeerSelector = "rack == 'r'", ReversePeering = "Manual" });
        Assert.Single(PeersOf("a"));
        Assert.Empty(PeersOf("b"));
    }

    [Fact]
    public void LocalAs_IsWhatTheMirrorExpects()
    {
        NoMesh();
        Node("a", 1);
        Node("b", 2, rack: "r");
        Peer("p", new BGPPeerSpec { Node = "a", PeerSelector = "rack == 'r'", LocalASNumber = new AsNumber(65099) });
        Assert.Equal(65099u, PeersOf("a").Values.Single().LocalAsNumber);
        Assert.Equal((65099u, null), (PeersOf("b").Values.Single().AsNumber, PeersOf("b").Values.Single().LocalAsNumber));
    }

    [Fact]
    public void TorOfEachRack()
    {
        NoMesh();
        Node("a", 1, rack: "1");
        Node("b", 2, rack: "2");
        Peer("tor1", new BGPPeerSpec
        {
            NodeSelector = "rack == '1'", PeerIP = "192.0.2.250:1790", AsNumber = new AsNumber(65010), Password = new SecretKeySource { Value = "s3cret" },
            KeepaliveTime = "3s", MaxRestartTime = "2m", TtlSecurity = 1, NextHopMode = "Self", NumAllowedLocalASNumbers = 2,
        });
        PeerView peer = PeersOf("a")["node/tor1"];
        Assert.Equal(new PeerView
        {
            Name = "node/tor1", Address = "192.0.2.250", Port = 1790, AsNumber = 65010, SourceAddress = "192.0.2.1", Password = "s3cret", KeepaliveSeconds = 3,
            RestartSeconds = 120, TtlSecurityHops = 1, NextHopMode = "Self", AllowedLocalAsNumbers = 2, WithoutNetworks = true, Origin = "BGPPeer tor1",
        }, peer);
        Assert.Empty(PeersOf("b"));
    }

    [Fact]
    public void Filters_GoToNodesWhosePeersNameThem()
    {
        void Filter(string action) => _graph.Apply(new BGPFilter { Metadata = new ObjectMeta { Name = "f" }, Spec = new BGPFilterSpec { ExportV4 = [new BGPFilterRule { Action = action }] } });
        NoMesh();
        Node("a", 1, rack: "1");
        Node("b", 2, rack: "2");
        _graph.Subscribe("a");
        _graph.Subscribe("b");
        Peer("tor", new BGPPeerSpec { NodeSelector = "rack == '1'", PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Filters = ["f", "late"] });
        _graph.Flush(1);
        Assert.Equal(["f", "late"], PeersOf("a")["node/tor"].Filters!);
        Assert.Empty(_graph.Snapshot("a").BgpFilters!);

        Filter("Reject");
        (string node, ViewDelta delta) = Assert.Single(_graph.Flush(2));
        Assert.Equal(("a", "f"), (node, Assert.Single(delta.BgpFilters!).Name));
        Assert.Null(delta.Peers);
        Filter("Reject");
        Assert.Empty(_graph.Flush(3));
        Filter("Accept");
        Assert.Equal("Accept", Assert.Single(Assert.Single(_graph.Flush(4)).Delta.BgpFilters!).Spec.ExportV4![0].Action);
        // Neither the filter nor the peer changed by being written again; without the peer nobody needs it.
        Peer("tor", new BGPPeerSpec { NodeSelector = "rack == '1'", PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Filters = ["f", "late"] });
        Assert.Empty(_graph.Flush(5));
        _graph.Remove(new ObjectKey("BGPPeer", null, "tor"));
        Assert.Equal(["f"], Assert.Single(_graph.Flush(6)).Delta.RemovedBgpFilters!);
        _graph.Remove(new ObjectKey("BGPFilter", null, "f"));
        Assert.Empty(_graph.Flush(7));
    }

    [Fact]
    public void Unnumbered_IsByInterface()
    {
        NoMesh();
        Node("a", 1);
        Peer("left", new BGPPeerSpec { PeerInterface = "eth0" });
        Peer("right", new BGPPeerSpec { PeerInterface = "eth1", PeerType = "Internal" });
        Peer("given", new BGPPeerSpec { PeerInterface = "eth2", PeerIP = "fe80::1", AsNumber = new AsNumber(65010) });
        Dictionary<string, PeerView> peers = PeersOf("a");
        Assert.Equal(("", "eth0", 0u, false), (peers["global/left"].Address, peers["global/left"].Interface, peers["global/left"].AsNumber, peers["global/left"].IsInternal));
        Assert.Equal(("", "eth1", 0u, true), (peers["global/right"].Address, peers["global/right"].Interface, peers["global/right"].AsNumber, peers["global/right"].IsInternal));
        Assert.Equal(("fe80::1", "eth2", 65010u, null), (peers["global/given"].Address, peers["global/given"].Interface, peers["global/given"].AsNumber, peers["global/given"].SourceAddress));
    }

    [Fact]
    public void Bfd_HasItsDefaults_AndIsOnBothSides()
    {
        NoMesh();
        Node("a", 1);
        Node("b", 2, rack: "r");
        Peer("p", new BGPPeerSpec { Node = "a", PeerSelector = "rack == 'r'", Bfd = new BfdSettings { MinTxInterval = "50ms" } });
        Assert.Equal(new BfdView(50, 300, 3), PeersOf("a").Values.Single().Bfd);
        Assert.Equal(new BfdView(50, 300, 3), PeersOf("b").Values.Single().Bfd);
    }

    [Fact]
    public void Bfd_OfTheMesh_IsOnEverySessionOfIt()
    {
        Node("a", 1);
        Node("b", 2);
        Assert.Null(PeersOf("a").Values.Single().Bfd);
        Config(new BGPConfigurationSpec { NodeMeshBfd = new BfdSettings { Multiplier = 5 } });
        Assert.Equal(new BfdView(300, 300, 5), PeersOf("a").Values.Single().Bfd);
        Assert.Equal(new BfdView(300, 300, 5), PeersOf("b").Values.Single().Bfd);
    }

    [Fact]
    public void RouteTargets_OfAPeer_AreToldWhenTheyChange()
    {
        NoMesh();
        Node("a", 1);
        BGPPeerSpec spec = new() { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), RouteTargets = ["64512:1"] };
        _graph.Subscribe("a");
        Peer("tor", spec);
        PeerView first = PeersOf("a").Values.Single();
        Assert.Equal(["64512:1"], first.RouteTargets!);
        Assert.Equal(["64512:1"], first.ImportTargets!);
        _graph.Flush(2);
        Peer("tor", spec with { RouteTargets = ["64512:1"] });
        Assert.Empty(_graph.Flush(3));
        Peer("tor", spec with { RouteTargets = [] });
        Assert.Empty(Assert.Single(Assert.Single(_graph.Flush(4)).Delta.Peers!).RouteTargets!);
        Peer("tor", spec with { RouteTargets = null });
        Assert.Null(Assert.Single(Assert.Single(_graph.Flush(5)).Delta.Peers!).RouteTargets);
    }

    [Fact]
    public void RoutesOfNetworks_AreForNodes_AndForWhomItIsAsked()
    {
        Node("a", 1);
        Node("b", 2);
        BGPPeerSpec spec = new() { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010) };
        bool Without(BGPPeerSpec of)
        {
            Peer("p", of);
            return PeersOf("a")["global/p"].WithoutNetworks;
        }
        Assert.False(PeersOf("a")["mesh/b"].WithoutNetworks);
        Assert.True(Without(spec));
        Assert.True(Without(new BGPPeerSpec { PeerInterface = "eth0" }));
        Assert.False(Without(spec with { PeerIP = "192.0.2.2" }));
        Assert.False(Without(spec with { Networks = [] }));
        Assert.False(Without(spec with { RouteTargets = [] }));
        Assert.False(Without(spec with { AddressFamilies = ["ipv4Unicast"] }));
        Assert.Equal(["ipv4Unicast"], PeersOf("a")["global/p"].AddressFamilies!);
    }

    private void Network(string tenant, int vni, NetworkRouteTargets? targets = null) => _graph.Apply(new VirtualNetwork
    {
        Metadata = new ObjectMeta { Name = "net", Namespace = tenant },
        Spec = new VirtualNetworkSpec { Vni = vni, Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }], RouteTargets = targets },
    });

    [Fact]
    public void NamedNetworks_AreTheirTargets_AndFollowThem()
    {
        NoMesh();
        Node("a", 1);
        Peer("leaf", new BGPPeerSpec { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Networks = ["red/net"], RouteTargets = ["64512:7"] });
        _graph.Subscribe("a");
        (string Believed, string Told) Targets() => PeersOf("a").Values.Single() is var p ? (string.Join(' ', p.ImportTargets!), string.Join(' ', p.RouteTargets!)) : default;
        // There is no such network yet: it speaks for nobody.
        Assert.Equal(("64512:7", "64512:7"), Targets());
        _graph.Flush(1);
        Network("red", 10001);
        Assert.Equal(["64512:10001", "64512:7"], Assert.Single(Assert.Single(_graph.Flush(2)).Delta.Peers!).ImportTargets!);
        Network("green", 10002);
        Assert.Empty(_graph.Flush(3));
        Network("red", 10001, new NetworkRouteTargets { Import = ["1:1", "1:2"], Export = ["1:3"], ExportAggregates = ["1:4"] });
        Assert.Equal(("1:1 1:2 64512:7", "1:3 1:4 64512:7"), Targets());
        Config(new BGPConfigurationSpec { NodeToNodeMeshEnabled = false, AsNumber = new AsNumber(65000) });
        Network("red", 10001);
        Assert.Equal(("65000:10001 64512:7", "65000:10001 64512:7"), Targets());
    }

    /// <summary>A target by which a route comes into another network too is not one that red alone may be spoken for by, however it is spelled.</summary>
    [Theory]
    [InlineData("64512:10001")]
    [InlineData("064512:010001")]
    public void TargetsThatAnotherNetworkImports_AreNotBelieved(string spelling)
    {
        NoMesh();
        Node("a", 1);
        Network("red", 10001);
        Peer("leaf", new BGPPeerSpec { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Networks = ["red/net"] });
        _graph.Subscribe("a");
        _graph.Flush(1);
        Network("green", 10002, new NetworkRouteTargets { Import = [spelling] });
        PeerView told = Assert.Single(Assert.Single(_graph.Flush(2)).Delta.Peers!);
        Assert.Empty(told.ImportTargets!);
        Assert.Equal(["64512:10001"], told.RouteTargets!);
        Peer("leaf", new BGPPeerSpec { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Networks = ["red/net", "green/net"] });
        Assert.Contains("64512:10001", PeersOf("a").Values.Single().ImportTargets!);
        // The other way: it imports what is red's by itself.
        Network("green", 10002);
        Network("red", 10001, new NetworkRouteTargets { Import = ["64512:10002"] });
        Peer("leaf", new BGPPeerSpec { PeerIP = "192.0.2.250", AsNumber = new AsNumber(65010), Networks = ["red/net"] });
        Assert.Empty(PeersOf("a").Values.Single().ImportTargets!);
    }

    [Fact]
    public void GlobalPeer_IsForAll_ButNotForItself()
    {
        NoMesh();
        Node("a", 1);
        Node("b", 2);
        Peer("p", new BGPPeerSpec { PeerIP = "192.0.2.2" });
        Assert.Equal((64512u, "global/p"), (PeersOf("a")["global/p"].AsNumber, PeersOf("a").Keys.Single()));
        Assert.Empty(PeersOf("b"));
    }

    [Fact]
    public void OneSessionPerAddress_TheMostSpecificWins()
    {
        Node("a", 1);
        Node("b", 2);
        Peer("z", new BGPPeerSpec { Node = "a", PeerIP = "192.0.2.2", AsNumber = new AsNumber(1) });
        Peer("b", new BGPPeerSpec { PeerIP = "192.0.2.2", AsNumber = new AsNumber(2) });
        Assert.Equal(["node/z"], PeersOf("a").Keys);
    }

    [Fact]
    public void PasswordThatCannotBeRead_MakesNoSession()
    {
        Node("a", 1);
        Node("b", 2);
        Peer("p", new BGPPeerSpec { PeerIP = "203.0.113.1", Password = new SecretKeySource { SecretKeyRef = new SecretKeyRef { Name = "s", Key = "k" } } });
        Config(new BGPConfigurationSpec { NodeMeshPassword = new SecretKeySource { SecretKeyRef = new SecretKeyRef { Name = "s", Key = "k" } } });
        Assert.Empty(PeersOf("a"));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", 179)]
    [InlineData("192.0.2.1:1790", "192.0.2.1", 1790)]
    [InlineData("2001:db8::1", "2001:db8::1", 179)]
    [InlineData("[2001:db8::1]:1790", "2001:db8::1", 1790)]
    [InlineData("192.0.2.1:0", null, 0)]
    [InlineData("[192.0.2.1]:1", null, 0)]
    [InlineData("tor", null, 0)]
    [InlineData("", null, 0)]
    public void PeerIP(string text, string? address, int port)
    {
        NoMesh();
        Node("a", 9);
        Peer("p", new BGPPeerSpec { PeerIP = text, AsNumber = new AsNumber(1) });
        PeerView? peer = PeersOf("a").Values.SingleOrDefault();
        Assert.Equal((address, port), (peer?.Address, peer?.Port ?? 0));
    }

    [Fact]
    public void Settings_ComeFromNodeAndConfiguration()
    {
        Config(new BGPConfigurationSpec
        {
            AsNumber = new AsNumber(64999), ListenPort = 1179, Communities = [new CommunityDefinition { Name = "rack", Value = "65000:7" }],
            PrefixAdvertisements = [new PrefixAdvertisement { Cidr = "10.0.0.0/8", Communities = ["rack", "65000:8"] }],
        });
        Config(new BGPConfigurationSpec { ListenPort = 2179 }, "node.b");
        Node("a", 1, cluster: "1.1.1.1", v6: true);
        Node("b", 2, asNumber: 65001);
        NodeSettings a = _graph.Snapshot("a").Settings!, b = _graph.Snapshot("b").Settings!;
        Assert.Equal(("192.0.2.1", "2001:db8::1", 64999u, 1179, "1.1.1.1"), (a.Ipv4Address, a.Ipv6Address, a.AsNumber, a.BgpPort, a.RouteReflectorClusterId));
        Assert.Equal((65001u, 2179), (b.AsNumber, b.BgpPort));
        Assert.Equal(["65000:7", "65000:8"], Assert.Single(a.PrefixCommunities!).Communities);
        // A node that is not there yet has settings too: the agent may start before its Node object is written.
        Assert.Equal(("new", null), (_graph.Snapshot("new").Settings!.Node, _graph.Snapshot("new").Settings!.Ipv4Address));
    }

    [Fact]
    public void EqualSettings_AreNotToldAgain()
    {
        BGPConfigurationSpec Spec() => new() { PrefixAdvertisements = [new PrefixAdvertisement { Cidr = "10.0.0.0/8", Communities = ["65000:8"] }] };
        _graph.Subscribe("a");
        Node("a", 1);
        Config(Spec());
        _graph.Flush(1);
        Config(Spec());
        Assert.Empty(_graph.Flush(2));
    }

    [Fact]
    public void Pools_SayWhetherTheNodeMayUseThem()
    {
        Node("a", 1, rack: "1");
        void Pool(string name, IPPoolSpec spec) => _graph.Apply(new IPPool { Metadata = new ObjectMeta { Name = name }, Spec = spec });
        Pool("mine", new IPPoolSpec { Cidr = "10.1.0.0/16", NodeSelector = "rack == '1'", NatOutgoing = true });
        Pool("theirs", new IPPoolSpec { Cidr = "10.2.0.0/16", NodeSelector = "rack == '2'" });
        Pool("off", new IPPoolSpec { Cidr = "fd00::/64", Disabled = true, DisableBGPExport = true });
        Pool("manual", new IPPoolSpec { Cidr = "10.3.0.0/16", AssignmentMode = "Manual", BlockSize = 28 });
        Pool("bad", new IPPoolSpec { Cidr = "10.3.0.0" + "/99" });
        Dictionary<string, PoolView> pools = _graph.Snapshot("a").Pools!.ToDictionary(p => p.Name);
        Assert.Equal(4, pools.Count);
        Assert.Equal(new PoolView { Name = "mine", Cidr = "10.1.0.0/16", BlockSize = 26, NatOutgoing = true, Usable = true }, pools["mine"]);
        Assert.Equal(new PoolView { Name = "off", Cidr = "fd00::/64", BlockSize = 122, Disabled = true, DisableBgpExport = true }, pools["off"]);
        Assert.Equal((false, false, 28), (pools["theirs"].Usable, pools["manual"].Usable, pools["manual"].BlockSize));
    }

    [Fact]
    public void Blocks_GoToTheirOwner()
    {
        void Block(string owner) => _graph.Apply(new IPAMBlock { Metadata = new ObjectMeta { Name = "b" }, Spec = new IPAMBlockSpec { Cidr = "10.0.0.0/26", Affinity = owner, Pool = "p" } });
        _graph.Subscribe("a");
        _graph.Subscribe("b");
        Block("host:a");
        Assert.Equal([new BlockView { Cidr = "10.0.0.0/26", Pool = "p" }], _graph.Flush(1).Single(d => d.Node == "a").Delta.Blocks);
        Block("host:b");
        var moved = _graph.Flush(2).ToDictionary(d => d.Node, d => d.Delta);
        Assert.Equal(["default/10.0.0.0/26"], moved["a"].RemovedBlocks);
        Assert.Single(moved["b"].Blocks!);
        Block("virtual:x");
        Assert.Equal(["b"], _graph.Flush(3).Select(d => d.Node));
    }
}
