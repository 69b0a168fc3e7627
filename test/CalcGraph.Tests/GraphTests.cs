using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Tests;

/// <summary>Particular meanings, one by one.</summary>
public class GraphTests
{
    private readonly Graph _graph = new(new GraphOptions { Epoch = "epoch" });

    private static WorkloadEndpoint Endpoint(string ns, string name, string address, string labels = "", string node = "n1", string[]? profiles = null, string? account = null, string? network = null) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name, Labels = Labels(labels), ResourceVersion = "12" },
        Spec = new WorkloadEndpointSpec
        {
            Node = node, InterfaceName = "mg" + name, IpNetworks = [address + "/32"], Profiles = profiles, ServiceAccountName = account, Network = network,
            Ports = [new EndpointPort { Name = "http", Protocol = new Protocol("TCP"), Port = 8080 }],
        },
    };

    private static Dictionary<string, string> Labels(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);

    private static Rule Allow(EntityRule? source = null, EntityRule? destination = null) => new() { Action = RuleAction.Allow, Protocol = new Protocol("TCP"), Source = source, Destination = destination };

    private static NetworkPolicy Policy(string ns, string name, string? selector = null, double? order = null, string? tier = null, params Rule[] ingress) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new NetworkPolicySpec { Selector = selector, Order = order, Tier = tier, Ingress = ingress },
    };

    private static GlobalNetworkPolicy Global(string name, string? selector = null, string? namespaces = null, string? tier = null, params Rule[] ingress) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new GlobalNetworkPolicySpec { Selector = selector, NamespaceSelector = namespaces, Tier = tier, Ingress = ingress },
    };

    private ViewModel View(string node = "n1") => ViewModel.Of(_graph.Snapshot(node));

    private string[] PoliciesOf(string endpoint) => [.. View().Endpoints[endpoint].Tiers.SelectMany(t => t.IngressPolicies)];

    private ViewDelta FlushOne(long revision) => Assert.Single(_graph.Flush(revision)).Delta;

    /// <summary>The members of the set that one side of the policy's only rule names.</summary>
    private string[] MembersFor(EntityRule source, bool global = false)
    {
        if (global) _graph.Apply(Global("probe", "role == 'probe'", ingress: Allow(source)));
        else _graph.Apply(Policy("a", "probe", "role == 'probe'", ingress: Allow(source)));
        ViewModel view = View();
        SideView side = Assert.Single(Assert.Single(view.Policies.Values).Ingress).Source!;
        string id = Assert.Single(side.PortSets ?? side.Sets!);
        return [.. view.Sets[id].Members.Order(StringComparer.Ordinal)];
    }

    private void ApplyCast()
    {
        _graph.Apply(new Namespace { Metadata = new ObjectMeta { Name = "a", Labels = Labels("env=prod") } });
        _graph.Apply(new Namespace { Metadata = new ObjectMeta { Name = "b", Labels = Labels("env=dev") } });
        _graph.Apply(Endpoint("a", "probe", "10.0.0.1", "role=probe"));
        _graph.Apply(Endpoint("a", "web", "10.0.0.2", "app=web", account: "robot"));
        _graph.Apply(Endpoint("b", "web", "10.0.1.2", "app=web", node: "n2"));
        _graph.Apply(Endpoint("b", "db", "10.0.1.3", "app=db", node: "n2", profiles: ["ksa.b.admin"], account: "admin"));
        _graph.Apply(new Profile { Metadata = new ObjectMeta { Name = "ksa.b.admin" }, Spec = new ProfileSpec { LabelsToApply = Labels("pcsa.level=high") } });
        _graph.Apply(new NetworkSet { Metadata = new ObjectMeta { Namespace = "a", Name = "s", Labels = Labels("app=web") }, Spec = new NetworkSetSpec { Nets = ["192.0.2.0/24"] } });
        _graph.Apply(new GlobalNetworkSet { Metadata = new ObjectMeta { Name = "g", Labels = Labels("app=web") }, Spec = new NetworkSetSpec { Nets = ["198.51.100.0/24"] } });
    }

    public static TheoryData<string, EntityRule, bool, string> Scopes => new()
    {
        { "a selector stays in the policy's namespace", new EntityRule { Selector = "app == 'web'" }, false, "10.0.0.2/32 192.0.2.0/24" },
        { "all() too", new EntityRule { Selector = "all()" }, false, "10.0.0.1/32 10.0.0.2/32 192.0.2.0/24" },
        { "so does a notSelector", new EntityRule { NotSelector = "app == 'web'" }, false, "10.0.0.1/32 10.0.0.2/32 192.0.2.0/24" },
        { "a namespace selector chooses namespaces", new EntityRule { NamespaceSelector = "env == 'dev'" }, false, "10.0.1.2/32 10.0.1.3/32" },
        { "with a selector, in them", new EntityRule { NamespaceSelector = "env == 'dev'", Selector = "app == 'web'" }, false, "10.0.1.2/32" },
        { "all() is any namespace, not none", new EntityRule { NamespaceSelector = "all()", Selector = "app == 'web'" }, false, "10.0.0.2/32 10.0.1.2/32 192.0.2.0/24" },
        { "global() is none", new EntityRule { NamespaceSelector = "global()", Selector = "app == 'web'" }, false, "198.51.100.0/24" },
        { "a negative namespace selector is about namespaces only", new EntityRule { NamespaceSelector = "env != 'prod'", Selector = "app == 'web'" }, false, "10.0.1.2/32" },
        { "by the namespace's name", new EntityRule { NamespaceSelector = "kubernetes.io/metadata.name == 'b'" }, false, "10.0.1.2/32 10.0.1.3/32" },
        { "a global policy selects everywhere", new EntityRule { Selector = "app == 'web'" }, true, "10.0.0.2/32 10.0.1.2/32 192.0.2.0/24 198.51.100.0/24" },
        { "service accounts by name", new EntityRule { ServiceAccounts = new ServiceAccountMatch { Names = ["robot", "admin"] } }, false, "10.0.0.2/32" },
        { "service accounts in a global policy", new EntityRule { ServiceAccounts = new ServiceAccountMatch { Names = ["robot", "admin"] } }, true, "10.0.0.2/32 10.0.1.3/32" },
        { "service accounts by label", new EntityRule { ServiceAccounts = new ServiceAccountMatch { Selector = "level == 'high'" } }, true, "10.0.1.3/32" },
        { "name and label both", new EntityRule { ServiceAccounts = new ServiceAccountMatch { Names = ["robot"], Selector = "level == 'high'" } }, true, "" },
        { "a named port, where the selector says", new EntityRule { Selector = "app == 'web'", Ports = [new Port("http")] }, false, "10.0.0.2,6,8080" },
        { "a named port alone is everywhere", new EntityRule { Ports = [new Port("http")] }, false, "10.0.0.1,6,8080 10.0.0.2,6,8080 10.0.1.2,6,8080 10.0.1.3,6,8080" },
        { "a port name that nobody has", new EntityRule { Ports = [new Port("smtp")] }, false, "" },
    };

    [Theory]
    [MemberData(nameof(Scopes))]
    public void Scope(string because, EntityRule source, bool global, string members)
    {
        ApplyCast();
        Assert.True(members == string.Join(' ', MembersFor(source, global)), $"{because}: {string.Join(' ', MembersFor(source, global))}");
    }

    [Fact]
    public void WhatItSaysOfItself_DoesNotMoveAWorkloadToAnotherNamespace()
    {
        ApplyCast();
        _graph.Apply(Endpoint("b", "liar", "10.0.1.9", "projectcalico.org/namespace=a,pcns.env=prod,app=web"));
        Assert.DoesNotContain("10.0.1.9/32", MembersFor(new EntityRule { Selector = "app == 'web'" }));
    }

    [Fact]
    public void Policies_AreOrdered_ByTierThenOrderThenName()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Policy("a", "z", order: 1));
        _graph.Apply(Policy("a", "c"));
        _graph.Apply(Policy("a", "b"));
        _graph.Apply(Global("b"));
        _graph.Apply(Policy("a", "m", order: 1));
        _graph.Apply(Policy("a", "n", order: -5.5));
        _graph.Apply(Global("base", tier: "kube-baseline"));
        _graph.Apply(Global("admin", tier: "kube-admin"));
        _graph.Apply(Global("odd", tier: "unknown"));
        IReadOnlyList<EndpointTier> tiers = View().Endpoints["default/a/e"].Tiers;
        Assert.Equal(["kube-admin Pass", "default Deny", "kube-baseline Pass", "unknown Deny"], tiers.Select(t => $"{t.Name} {t.DefaultAction}"));
        Assert.Equal(
            ["NetworkPolicy/a/n", "NetworkPolicy/a/m", "NetworkPolicy/a/z", "GlobalNetworkPolicy/b", "NetworkPolicy/a/b", "NetworkPolicy/a/c"],
            tiers[1].IngressPolicies);
    }

    [Theory]
    [InlineData(0, 0, "in")]
    [InlineData(1, 0, "in")]
    [InlineData(0, 1, "out")]
    [InlineData(1, 1, "in out")]
    public void Types_AreThoseOfTheRulesThatAreThere(int ingress, int egress, string directions)
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(new NetworkPolicy
        {
            Metadata = new ObjectMeta { Namespace = "a", Name = "p" },
            Spec = new NetworkPolicySpec { Ingress = [.. Enumerable.Repeat(Allow(), ingress)], Egress = [.. Enumerable.Repeat(Allow(), egress)] },
        });
        EndpointTier tier = Assert.Single(View().Endpoints["default/a/e"].Tiers);
        Assert.Equal(directions, string.Join(' ', tier.IngressPolicies.Select(_ => "in").Concat(tier.EgressPolicies.Select(_ => "out"))));
    }

    [Theory]
    [InlineData("all()", true)]
    [InlineData("env == 'prod'", true)]
    [InlineData("env == 'dev'", false)]
    [InlineData("global()", false)]
    public void GlobalPolicy_AppliesInTheNamespacesSelected(string namespaces, bool applies)
    {
        ApplyCast();
        _graph.Apply(Global("g", "role == 'probe'", namespaces));
        Assert.Equal(applies ? ["GlobalNetworkPolicy/g"] : [], PoliciesOf("default/a/probe"));
    }

    [Fact]
    public void PoliciesThatActBeforeConntrackOrDnat_DoNotConcernWorkloads()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Global("u") with { Spec = new GlobalNetworkPolicySpec { DoNotTrack = true, ApplyOnForward = true } });
        _graph.Apply(Global("d") with { Spec = new GlobalNetworkPolicySpec { PreDNAT = true, ApplyOnForward = true } });
        _graph.Apply(Global("f") with { Spec = new GlobalNetworkPolicySpec { ApplyOnForward = true } });
        Assert.Equal(["GlobalNetworkPolicy/f"], PoliciesOf("default/a/e"));
    }

    [Fact]
    public void Services_MeanTheAddressesAndPortsOfTheirSlices()
    {
        EndpointSlice Slice(string name, int port, params string[] addresses) => new()
        {
            Metadata = new ObjectMeta { Namespace = "a", Name = name, Labels = new Dictionary<string, string> { [EndpointSlice.ServiceLabel] = "dns" } }, AddressType = "IPv4",
            Endpoints = [new SliceEndpoint { Addresses = addresses }], Ports = [new SlicePort { Protocol = new Protocol("UDP"), Port = port }],
        };
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Slice("one", 53, "10.0.0.9", "10.0.0.10"));
        EntityRule service = new() { Services = new ServiceMatch { Name = "dns" } };
        _graph.Apply(Policy("a", "p", ingress: [Allow(service)]) with
        {
            Spec = new NetworkPolicySpec { Ingress = [Allow(service)], Egress = [new Rule { Action = RuleAction.Allow, Destination = service }] },
        });
        PolicyView policy = View().Policies["NetworkPolicy/a/p"];
        HashSet<string> MembersOf(string id) => View().Sets[id].Members;
        Assert.Equal(["10.0.0.10/32", "10.0.0.9/32"], MembersOf(Assert.Single(policy.Ingress[0].Source!.Sets!)).Order(StringComparer.Ordinal));
        Assert.Equal(["10.0.0.10,17,53", "10.0.0.9,17,53"], MembersOf(Assert.Single(policy.Egress[0].Destination!.PortSets!)).Order(StringComparer.Ordinal));
        _graph.Subscribe("n1");
        _graph.Flush(1);
        _graph.Apply(Slice("two", 5353, "10.0.0.9"));
        IpSetChange change = Assert.Single(FlushOne(2).IpSetChanges!);
        Assert.Equal(["10.0.0.9,17,5353"], change.Added!);
        _graph.Remove(new ObjectKey("EndpointSlice", "a", "one"));
        Assert.Equal(2, FlushOne(3).IpSetChanges!.Count);
    }

    [Fact]
    public void Http_MakesARuleThatNeverMatches_AndSaysSo()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Policy("a", "p", ingress: [Allow() with { Http = new HttpMatch { Methods = ["GET"] } }, Allow()]));
        IReadOnlyList<RuleView> rules = View().Policies["NetworkPolicy/a/p"].Ingress;
        Assert.Equal((true, 0, "it matches HTTP, which is not looked into"), (rules[0].Never, rules[0].Index, rules[0].Note));
        Assert.Equal((false, 1), (rules[1].Never, rules[1].Index));
    }

    [Fact]
    public void Tier_ChangesTellTheEndpointsOfItsPolicies()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Global("g", tier: "sec"));
        _graph.Apply(Policy("a", "p"));
        _graph.Subscribe("n1");
        string[] Tiers(IEnumerable<EndpointView> endpoints) => [.. Assert.Single(endpoints).Tiers.Select(t => $"{t.Name} {t.DefaultAction}")];
        Assert.Equal(["default Deny", "sec Deny"], Tiers(FlushOne(1).Endpoints!));
        _graph.Apply(new Tier { Metadata = new ObjectMeta { Name = "sec" }, Spec = new TierSpec { Order = 10, DefaultAction = RuleAction.Pass } });
        ViewDelta delta = FlushOne(2);
        Assert.Equal(["sec Pass", "default Deny"], Tiers(delta.Endpoints!));
        Assert.Null(delta.Policies);
        // The same again, and a tier that nobody uses: nothing to tell.
        _graph.Apply(new Tier { Metadata = new ObjectMeta { Name = "sec" }, Spec = new TierSpec { Order = 10, DefaultAction = RuleAction.Pass } });
        _graph.Apply(new Tier { Metadata = new ObjectMeta { Name = "other" }, Spec = new TierSpec { Order = 1 } });
        Assert.Empty(_graph.Flush(3));
        _graph.Remove(new ObjectKey("Tier", null, "sec"));
        Assert.Equal(["default Deny", "sec Deny"], Tiers(FlushOne(4).Endpoints!));
    }

    [Fact]
    public void HostEndpoint_HearsOfItsPoliciesByPlace_AndOnItsNodeAlone()
    {
        GlobalNetworkPolicy At(string name, bool track = false, bool nat = false, bool forward = true) => Global(name) with
        {
            Spec = new GlobalNetworkPolicySpec { Selector = "role == 'edge'", DoNotTrack = track, PreDNAT = nat, ApplyOnForward = forward },
        };
        _graph.Subscribe("n1");
        _graph.Subscribe("n2");
        _graph.Flush(1);
        foreach (GlobalNetworkPolicy policy in new[] { At("u", track: true), At("d", nat: true), At("f"), At("n", forward: false) }) _graph.Apply(policy);
        Assert.Empty(_graph.Flush(2));
        _graph.Apply(new HostEndpoint
        {
            Metadata = new ObjectMeta { Name = "h", Labels = new Dictionary<string, string> { ["role"] = "edge" } },
            Spec = new HostEndpointSpec { Node = "n1", InterfaceName = "*", ExpectedIPs = ["192.0.2.1"], Profiles = ["p"] },
        });
        HostEndpointView seen = Assert.Single(FlushOne(3).HostEndpoints!);
        string Names(IReadOnlyList<EndpointTier> tiers) => string.Join(' ', tiers.SelectMany(t => t.IngressPolicies));
        Assert.Equal(("GlobalNetworkPolicy/u", "GlobalNetworkPolicy/d"), (Names(seen.UntrackedTiers), Names(seen.PreDnatTiers)));
        Assert.Equal(("GlobalNetworkPolicy/f GlobalNetworkPolicy/n", "GlobalNetworkPolicy/f"), (Names(seen.Tiers), Names(seen.ForwardTiers)));
        Assert.Equal(("*", "192.0.2.1", "p"), (seen.Interface, Assert.Single(seen.Addresses), Assert.Single(seen.Profiles)));
        _graph.Remove(new ObjectKey("HostEndpoint", null, "h"));
        ViewDelta gone = FlushOne(4);
        Assert.Equal(["h"], gone.RemovedHostEndpoints!);
        Assert.Equal(4, gone.RemovedPolicies!.Count);
    }

    [Fact]
    public void Qos_IsOfFieldsThenAnnotationsThenDefaults()
    {
        WorkloadEndpoint endpoint = Endpoint("a", "e", "10.0.0.1");
        _graph.Apply(endpoint with
        {
            Metadata = endpoint.Metadata with
            {
                Annotations = new Dictionary<string, string>
                {
                    ["qos.projectcalico.org/ingressBandwidth"] = "10M", ["qos.projectcalico.org/egressPacketRate"] = "100", ["qos.projectcalico.org/dscp"] = "EF",
                },
            },
            Spec = endpoint.Spec with { QosControls = new QosControls { EgressPacketRate = 50, IngressMaxConnections = 3 } },
        });
        QosView qos = View().Endpoints["default/a/e"].Qos!;
        Assert.Equal(new BandwidthView(10_000_000, 4L << 30, null, null), qos.IngressBandwidth);
        Assert.Equal(new PacketRateView(50, 5), qos.EgressPacketRate);
        Assert.Equal((3u, (byte)46), (qos.IngressMaxConnections!.Value, qos.Dscp!.Value));
        Assert.Null(qos.EgressBandwidth);
    }

    [Fact]
    public void MissingProfile_IsNamedByTheEndpoint_AndNotSent()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1", profiles: ["p"]));
        Assert.Equal(["p"], View().Endpoints["default/a/e"].Profiles);
        Assert.Empty(View().Profiles);
        _graph.Subscribe("n1");
        _graph.Flush(1);
        _graph.Apply(new Profile { Metadata = new ObjectMeta { Name = "p" }, Spec = new ProfileSpec { Ingress = [new Rule { Action = RuleAction.Allow }] } });
        Assert.Equal("p", Assert.Single(FlushOne(2).Profiles!).Name);
        _graph.Remove(new ObjectKey("Profile", null, "p"));
        Assert.Equal(["p"], FlushOne(3).RemovedProfiles);
    }

    [Fact]
    public void OtherNetwork_HasPoliciesAndSetsOfItsOwn()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1", "app=web"));
        _graph.Apply(Endpoint("a", "f", "10.0.0.1", "app=web", network: "blue"));
        _graph.Apply(Global("g", ingress: Allow(new EntityRule { Selector = "app == 'web'" })));
        _graph.Apply(new GlobalNetworkSet { Metadata = new ObjectMeta { Name = "s", Labels = Labels("app=web") }, Spec = new NetworkSetSpec { Nets = ["192.0.2.0/24"] } });
        ViewModel view = View();
        Assert.Equal(["GlobalNetworkPolicy/g"], view.Endpoints["default/a/e"].Tiers[0].IngressPolicies);
        Assert.Equal(["GlobalNetworkPolicy/g@blue"], view.Endpoints["blue/a/f"].Tiers[0].IngressPolicies);
        Assert.Equal(["blue", "default"], view.Sets.Values.Select(s => s.View.Network).Order());
        Assert.All(view.Sets.Values, s => Assert.Equal(["10.0.0.1/32", "192.0.2.0/24"], s.Members.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void ANode_HearsOnlyOfWhatTouchesItsEndpoints()
    {
        ApplyCast();
        _graph.Apply(Policy("b", "p", ingress: Allow(new EntityRule { Selector = "app == 'web'" })));
        _graph.Subscribe("n1");
        _graph.Flush(1);
        _graph.Apply(Endpoint("b", "web", "10.0.1.77", "app=web", node: "n2"));
        _graph.Apply(Policy("b", "p", ingress: Allow(new EntityRule { Selector = "app == 'db'" })));
        Assert.Empty(_graph.Flush(2));
    }

    [Fact]
    public void ChangesThatCancelOut_AreNotTold()
    {
        ApplyCast();
        _graph.Apply(Policy("a", "p", ingress: Allow(new EntityRule { Selector = "app == 'web'" })));
        _graph.Subscribe("n1");
        _graph.Flush(1);
        _graph.Apply(Endpoint("a", "new", "10.0.0.50", "app=web"));
        _graph.Remove(new ObjectKey("WorkloadEndpoint", "a", "new"));
        _graph.Apply(Policy("a", "q"));
        _graph.Remove(new ObjectKey("NetworkPolicy", "a", "q"));
        // The endpoints are told once more, for all that is known the order of their policies changed in between.
        ViewDelta delta = FlushOne(2);
        Assert.Null(delta.Policies ?? (object?)delta.IpSets ?? delta.IpSetChanges ?? (object?)delta.RemovedEndpoints ?? delta.RemovedPolicies);
        Assert.DoesNotContain(delta.Endpoints!, e => e.Id.EndsWith("/new", StringComparison.Ordinal));
    }

    [Fact]
    public void SetChange_IsOneObjectForAllNodes()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1", "role=probe"));
        _graph.Apply(Endpoint("a", "f", "10.0.0.2", "role=probe", node: "n2"));
        _graph.Apply(Global("g", ingress: Allow(new EntityRule { Selector = "app == 'web'" })));
        _graph.Subscribe("n1");
        _graph.Subscribe("n2");
        var first = _graph.Flush(1);
        Assert.Same(first[0].Delta.IpSets![0], first[1].Delta.IpSets![0]);
        _graph.Apply(Endpoint("a", "w", "10.0.0.3", "app=web", node: "n3"));
        var second = _graph.Flush(2);
        Assert.Equal(2, second.Count);
        IpSetChange change = Assert.Single(second[0].Delta.IpSetChanges!);
        Assert.Same(change, Assert.Single(second[1].Delta.IpSetChanges!));
        Assert.Equal(["10.0.0.3/32"], change.Added);
        Assert.Null(change.Removed);
    }

    [Fact]
    public void SetIds_AreStable() // Kernels keep sets by these names across restarts and versions.
    {
        ApplyCast();
        MembersFor(new EntityRule { Selector = "app == 'web'" });
        Assert.Equal(["sc4ca1b"], View().Sets.Keys.Select(k => k[..7]));
    }

    [Fact]
    public void AnAddressOfTwo_StaysInTheSetUntilBothAreGone()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1", "role=probe"));
        _graph.Apply(Policy("a", "p", "role == 'probe'", ingress: Allow(new EntityRule { Selector = "app == 'web'" })));
        _graph.Apply(Endpoint("a", "old", "10.0.0.9", "app=web", node: "n2"));
        _graph.Apply(Endpoint("a", "new", "10.0.0.9", "app=web", node: "n3"));
        _graph.Subscribe("n1");
        _graph.Flush(1);
        _graph.Remove(new ObjectKey("WorkloadEndpoint", "a", "old"));
        Assert.Empty(_graph.Flush(2));
        _graph.Remove(new ObjectKey("WorkloadEndpoint", "a", "new"));
        Assert.Equal(["10.0.0.9/32"], Assert.Single(FlushOne(3).IpSetChanges!).Removed);
    }

    [Theory]
    [InlineData("10.0.0.0/24", "n1", "mg1")]
    [InlineData("10.0.0.1/32", null, "mg1")]
    [InlineData("10.0.0.1/32", "n1", "")]
    [InlineData("ten", "n1", "mg1")]
    public void InvalidEndpoint_CountsAsAbsent(string address, string? node, string device)
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        WorkloadEndpoint bad = Endpoint("a", "e", "10.0.0.1");
        _graph.Apply(bad with { Spec = bad.Spec with { IpNetworks = [address], Node = node, InterfaceName = device } });
        Assert.Empty(View().Endpoints);
    }

    [Fact]
    public void InvalidPolicy_CountsAsAbsent()
    {
        _graph.Apply(Endpoint("a", "e", "10.0.0.1"));
        _graph.Apply(Policy("a", "p"));
        _graph.Apply(Policy("a", "p", "app ="));
        _graph.Apply(Policy("a", "q", ingress: Allow(new EntityRule { Nets = ["10.0.0.1/8"] })));
        _graph.Apply(Policy("a", "r", ingress: Allow(new EntityRule { Ports = [new Port("70000")] })));
        Assert.Empty(View().Policies);
    }

    [Fact]
    public void StatusOfANode_ConcernsNobody()
    {
        Node node = new() { Metadata = new ObjectMeta { Name = "n1" }, Spec = new NodeSpec { Bgp = new NodeBgpSpec { Ipv4Address = "192.0.2.1/24" } } };
        _graph.Subscribe("n1");
        _graph.Apply(node);
        _graph.Flush(1);
        _graph.Apply(node with { Status = new NodeStatus { AgentVersion = "2" } });
        Assert.Empty(_graph.Flush(2));
    }
}
