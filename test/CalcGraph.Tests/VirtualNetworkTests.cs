using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Tests;

/// <summary>A node hears of the virtual networks that have an endpoint or a block on it, and of no other.</summary>
public class VirtualNetworkTests
{
    private readonly Graph _graph = new(new GraphOptions { Epoch = "epoch" });
    private readonly ViewModel _view;

    public VirtualNetworkTests()
    {
        _graph.Subscribe("n1");
        _view = ViewModel.Of(_graph.Snapshot("n1"));
    }

    private void Network(string ns, string name, int? vni, params string[] cidrs) => _graph.Apply(new VirtualNetwork
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new VirtualNetworkSpec { Vni = vni, Subnets = [.. cidrs.Select(c => new NetworkSubnet { Cidr = c, BlockSize = 28 })] },
    });

    private void Endpoint(string name, string network, string node = "n1") => _graph.Apply(new WorkloadEndpoint
    {
        Metadata = new ObjectMeta { Namespace = "red", Name = name, ResourceVersion = "1" },
        Spec = new WorkloadEndpointSpec { Node = node, InterfaceName = "mg" + name, IpNetworks = ["10.0.0.1/32"], Network = network },
    });

    private void Block(string network, string node, string cidr = "10.0.0.0/28") => _graph.Apply(new IPAMBlock
    {
        Metadata = new ObjectMeta { Name = IPAMBlock.NameOf(network, cidr) },
        Spec = new IPAMBlockSpec { Cidr = cidr, Network = network, Affinity = $"host:{node}", Pool = $"{network}/10.0.0.0/16" },
    });

    private ViewModel View()
    {
        foreach ((_, ViewDelta delta) in _graph.Flush(_graph.Revision + 1)) _view.Apply(delta);
        Assert.Equal(ViewModel.Of(_graph.Snapshot("n1")).Describe(), _view.Describe());
        return _view;
    }

    [Fact]
    public void Network_ComesWithItsFirstEndpoint_AndGoesWithItsLast()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Network("red", "other", 10002, "10.0.0.0/16");
        Assert.Empty(View().Networks);
        Endpoint("a", "red.blue");
        Endpoint("b", "red.blue");
        NetworkView network = Assert.Single(View().Networks.Values);
        Assert.Equal(("red.blue", 10001), (network.Name, network.Vni));
        Assert.Equal(["64512:10001"], network.Import);
        Assert.Equal(["64512:10001"], network.Export);
        Assert.Empty(network.ExportAggregates);
        PoolView pool = Assert.Single(View().Pools.Values);
        Assert.Equal(("red.blue/10.0.0.0/16", "red.blue", true), (pool.Name, pool.Network, pool.Usable));

        _graph.Remove(new ObjectKey(nameof(WorkloadEndpoint), "red", "a"));
        Assert.Single(View().Networks);
        _graph.Remove(new ObjectKey(nameof(WorkloadEndpoint), "red", "b"));
        Assert.Empty(View().Networks);
        Assert.Empty(View().Pools);
    }

    [Fact]
    public void Network_SaysItsRanges_AndWhetherItIsLetOut()
    {
        Network("red", "blue", 10001, "10.0.0.0/16", "fd00::/112");
        Endpoint("a", "red.blue");
        NetworkView network = Assert.Single(View().Networks.Values);
        Assert.Equal(["10.0.0.0/16", "fd00::/112"], network.Subnets);
        Assert.False(network.LetsOut);
        _graph.Apply(new VirtualNetwork
        {
            Metadata = new ObjectMeta { Namespace = "red", Name = "blue" },
            Spec = new VirtualNetworkSpec { Vni = 10001, Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }], Egress = new NetworkEgress { Mode = "Snat" } },
        });
        Assert.True(Assert.Single(View().Networks.Values).LetsOut);
    }

    [Fact]
    public void ChosenNodes_HearOfTheNetwork_AndOthersDoNotLetItOut()
    {
        void Node(string label) => _graph.Apply(new Node { Metadata = new ObjectMeta { Name = "n1", Labels = new Dictionary<string, string> { ["role"] = label } } });
        void Egress(string? selector) => _graph.Apply(new VirtualNetwork
        {
            Metadata = new ObjectMeta { Namespace = "red", Name = "blue" },
            Spec = new VirtualNetworkSpec { Vni = 10001, Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }], Egress = new NetworkEgress { Mode = "Snat", NodeSelector = selector } },
        });
        Egress("role == 'gateway'");
        Floating("red", "a", "203.0.113.1", "10.0.0.1");
        Assert.Empty(View().Networks);
        Node("gateway");
        NetworkView network = Assert.Single(View().Networks.Values);
        Assert.Equal((true, true, true, 1), (network.LetsOut, network.IsGateway, network.Needed, network.Floating.Count));
        Assert.DoesNotContain(View().Pools.Values, p => p.Network != "default");
        Node("other");
        Assert.Empty(View().Networks);
        Endpoint("a", "red.blue");
        network = Assert.Single(View().Networks.Values);
        Assert.Equal((false, false, false, 0), (network.LetsOut, network.IsGateway, network.Needed, network.Floating.Count));
        Egress(null);
        network = Assert.Single(View().Networks.Values);
        Assert.Equal((true, false, false, 1), (network.LetsOut, network.IsGateway, network.Needed, network.Floating.Count));
        _graph.Remove(new ObjectKey(nameof(WorkloadEndpoint), "red", "a"));
        Egress("role == 'other'");
        Assert.Single(View().Networks);
        Egress("role == 'gateway'");
        Assert.Empty(View().Networks);
    }

    [Fact]
    public void NetworksThatLeaveByTheSameNodes_ComeAndGoEachForItself()
    {
        void Egress(string name, string selector) => _graph.Apply(new VirtualNetwork
        {
            Metadata = new ObjectMeta { Namespace = "red", Name = name },
            Spec = new VirtualNetworkSpec { Vni = name[0], Egress = new NetworkEgress { Mode = "Snat", NodeSelector = selector } },
        });
        _graph.Apply(new Node { Metadata = new ObjectMeta { Name = "n1", Labels = new Dictionary<string, string> { ["role"] = "gateway" } } });
        Egress("a", "role == 'gateway'");
        Egress("b", "role == 'gateway'");
        Egress("c", "role == 'other'");
        Assert.Equal(["red.a", "red.b"], View().Networks.Keys.Order());
        _graph.Remove(new ObjectKey(nameof(VirtualNetwork), "red", "a"));
        Assert.Equal(["red.b"], View().Networks.Keys);
        Egress("b", "role == 'other'");
        Egress("c", "role == 'gateway'");
        Assert.Equal(["red.c"], View().Networks.Keys);
        Egress("c", "role ==");
        Assert.Empty(View().Networks);
        Egress("c", "role == 'gateway'");
        Assert.Equal(["red.c"], View().Networks.Keys);
    }

    [Fact]
    public void AFloatingAddressThatChangesItsNetwork_IsOfTheNewOneAlone()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Network("red", "pink", 10002, "10.0.0.0/16");
        Endpoint("a", "red.blue");
        Endpoint("b", "red.pink");
        Floating("red", "f", "203.0.113.1", "10.0.0.1");
        Assert.Single(View().Networks["red.blue"].Floating);
        Floating("red", "f", "203.0.113.1", "10.0.0.1", network: "pink");
        Assert.Equal((0, 1), (View().Networks["red.blue"].Floating.Count, View().Networks["red.pink"].Floating.Count));
        Floating("red", "f", "no address", "10.0.0.1", network: "pink");
        Assert.Empty(View().Networks["red.pink"].Floating);
    }

    [Fact]
    public void ANodeWithTwoBlocks_HearsOfTheNetworkUntilBothAreGone()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Block("red.blue", "n1");
        Block("red.blue", "n1", "10.0.0.16/28");
        Block("red.blue", "n1");
        _graph.Remove(new ObjectKey(nameof(IPAMBlock), null, IPAMBlock.NameOf("red.blue", "10.0.0.0/28")));
        Network("red", "blue", 10001, "10.0.0.0/16", "10.1.0.0/16");
        Assert.Equal(2, Assert.Single(View().Networks.Values).Subnets.Count);
        Block("red.blue", "n2", "10.0.0.16/28");
        Assert.Empty(View().Networks);
        Network("red", "blue", 10001, "10.0.0.0/16");
        Assert.Empty(_graph.Flush(_graph.Revision + 1));
    }

    [Fact]
    public void FloatingAddresses_AreToldToNodesOfTheirNetwork_Alone()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Network("green", "blue", 10002, "10.0.0.0/16");
        Endpoint("a", "red.blue");
        Floating("red", "b", "203.0.113.2", "10.0.0.2");
        Floating("red", "a", "203.0.113.1", "10.0.0.1");
        Floating("green", "a", "203.0.113.3", "10.0.0.1");
        Floating("red", "mixed", "203.0.113.4", "fd00::1");
        Assert.Equal([new("203.0.113.1", "10.0.0.1"), new("203.0.113.2", "10.0.0.2")], Assert.Single(View().Networks.Values).Floating);
        Floating("red", "b", "203.0.113.2", "10.0.0.3");
        _graph.Remove(new ObjectKey(nameof(FloatingIP), "red", "a"));
        Assert.Equal([new("203.0.113.2", "10.0.0.3")], Assert.Single(View().Networks.Values).Floating);
        _graph.Remove(new ObjectKey(nameof(FloatingIP), "red", "b"));
        Assert.Empty(Assert.Single(View().Networks.Values).Floating);
    }

    private void Floating(string ns, string name, string address, string target, string network = "blue") => _graph.Apply(new FloatingIP
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new FloatingIPSpec { Network = network, Address = address, Target = target },
    });

    [Fact]
    public void ANetworkThatIsReached_ComesAlong_ButNotWhatThatOneReaches()
    {
        Endpoint("a", "red.one");
        Leaking("red", "one", 1, "10.1.0.0/16", "two", null);
        Leaking("red", "two", 2, "10.2.0.0/16", "three", null);
        Leaking("red", "three", 3, "10.3.0.0/16", null, "*");
        Assert.Equal(["red.one"], View().Networks.Keys);
        Leaking("red", "two", 2, "10.2.0.0/16", "three", "one");
        Assert.Equal(["red.one", "red.two"], View().Networks.Keys.Order());
        NetworkView one = View().Networks["red.one"], two = View().Networks["red.two"];
        Assert.Equal(["red.two 10.2.0.0/16"], one.Leaks.Select(l => $"{l.Network} {l.Subnets[0]}"));
        Assert.Equal(["red.one 10.1.0.0/16"], two.Leaks.Select(l => $"{l.Network} {l.Subnets[0]}"));
        Assert.Equal((false, true), (one.Needed, two.Needed));
        // Nothing of it is given out here.
        Assert.Equal(["red.one"], View().Pools.Values.Select(p => p.Network).Where(n => n != "default"));

        Leaking("red", "two", 2, "10.22.0.0/16", "three", "one");
        Assert.Equal("10.22.0.0/16", View().Networks["red.one"].Leaks[0].Subnets[0]);
        _graph.Remove(new ObjectKey(nameof(WorkloadEndpoint), "red", "a"));
        Assert.Empty(View().Networks);
        Endpoint("a", "red.one");
        _graph.Remove(new ObjectKey(nameof(VirtualNetwork), "red", "two"));
        Assert.Empty(Assert.Single(View().Networks.Values).Leaks);
    }

    private void Leaking(string ns, string name, int vni, string cidr, string? import, string? export) => _graph.Apply(new VirtualNetwork
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new VirtualNetworkSpec
        {
            Vni = vni, Subnets = [new NetworkSubnet { Cidr = cidr }],
            Imports = import is null ? null : [new NetworkReference { Network = import }], Exports = export is null ? null : [new NetworkReference { Network = export }],
        },
    });

    [Fact]
    public void Network_ComesWithABlock()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Block("red.blue", "n1");
        Assert.Equal(["red.blue"], View().Networks.Keys);
        Block("red.blue", "n2");
        Assert.Empty(View().Networks);
    }

    [Fact]
    public void Network_OfOtherNodes_IsNotTold()
    {
        Network("red", "blue", 10001, "10.0.0.0/16");
        Endpoint("a", "red.blue", node: "n2");
        Assert.Empty(_graph.Flush(1));
        Network("red", "blue", 10001, "10.0.0.0/16", "10.1.0.0/16");
        Assert.Empty(_graph.Flush(2));
    }

    [Fact]
    public void Network_ThatChanges_IsToldAnew_AndOneWithoutVniIsAbsent()
    {
        Endpoint("a", "red.blue");
        Assert.Empty(View().Networks);
        Network("red", "blue", 10001, "10.0.0.0/16");
        Assert.Single(View().Networks);
        Network("red", "blue", 10001, "10.0.0.0/16", "fd00::/64");
        Assert.Equal(2, View().Pools.Count);
        Network("red", "blue", null, "10.0.0.0/16");
        Assert.Empty(View().Networks);
    }

    [Fact]
    public void AutomaticTargets_AreOfTheClustersAs_NotTheNodes()
    {
        _graph.Apply(new Node { Metadata = new ObjectMeta { Name = "n1" }, Spec = new NodeSpec { Bgp = new NodeBgpSpec { AsNumber = new AsNumber(65001) } } });
        _graph.Apply(new BGPConfiguration { Metadata = new ObjectMeta { Name = "default" }, Spec = new BGPConfigurationSpec { AsNumber = new AsNumber(4200000123) } });
        Network("red", "blue", 7, "10.0.0.0/16");
        Endpoint("a", "red.blue");
        Assert.Equal([$"{4200000123 & 0xffff}:7"], View().Networks["red.blue"].Import);
    }
}
