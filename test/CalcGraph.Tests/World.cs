using System.Globalization;
using CsCheck;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Tests;

/// <summary>A small cluster whose every object comes in a few variants, so that random states collide in all ways.</summary>
internal static class World
{
    public static readonly string[] Nodes = ["n1", "n2"];
    private static readonly string[] Namespaces = ["a", "b"];

    private static readonly string[] Selectors =
    [
        "all()", "", "app == 'x'", "app == 'y'", "app in {'x', 'y'}", "has(tier)", "!has(tier)", "app != 'x'", "tier starts with 'f' && app == 'x'",
        "app == 'x' || tier == 'db'", "role == 'inherited'", "pcns.env == 'prod'",
    ];

    private static readonly string[] NamespaceSelectors = ["all()", "global()", "env == 'prod'", "env != 'prod'", "has(env)"];

    /// <summary>A change: the object as it becomes, or null when it goes.</summary>
    internal sealed record Change(ObjectKey Key, Resource? Resource)
    {
        public override string ToString() => Resource is null ? $"-{Key}" : $"+{Key}";
    }

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<string?> Maybe(Gen<string> gen) => Gen.OneOf(gen.Select(s => (string?)s), Gen.Const((string?)null));

    private static readonly Gen<Dictionary<string, string>> Labels =
        from app in Pick("x", "y", "z", "")
        from tier in Pick("front", "db", "")
        from own in Pick("", "", "own")
        from fake in Pick("", "", "b")
        select new[] { ("app", app), ("tier", tier), ("role", own), ("projectcalico.org/namespace", fake) }.Where(l => l.Item2 != "").ToDictionary(l => l.Item1, l => l.Item2);

    private static readonly Gen<EntityRule?> Side =
        from kind in Gen.Int[0, 8]
        from selector in Pick(Selectors)
        from ns in Pick(NamespaceSelectors)
        from port in Pick("http", "dns", "80", "1000:2000")
        select kind switch
        {
            0 => null,
            1 => new EntityRule { Nets = ["10.0.0.0/8"] },
            2 => new EntityRule { Selector = selector },
            3 => new EntityRule { NotSelector = selector },
            4 => new EntityRule { Selector = selector, NamespaceSelector = ns },
            5 => new EntityRule { Selector = selector, Ports = [new Port(port), new Port("http")] },
            6 => new EntityRule { NotPorts = [new Port(port)] },
            7 => new EntityRule { Services = new ServiceMatch { Name = "web", Namespace = "a" } },
            _ => new EntityRule { ServiceAccounts = new ServiceAccountMatch { Names = ["robot"] } },
        };

    private static readonly Gen<IReadOnlyList<Rule>> Rules =
        (from action in Gen.Enum<RuleAction>()
         from source in Side
         from destination in Side
         select new Rule { Action = action, Protocol = new Protocol("TCP"), Source = source, Destination = destination }).Array[0, 2].Select(a => (IReadOnlyList<Rule>)a);

    private static readonly Gen<Change> Endpoint =
        from ns in Pick(Namespaces)
        from number in Gen.Int[1, 3]
        from node in Pick("n1", "n2", "n3")
        from labels in Labels
        from address in Gen.Int[1, 4]
        from network in Pick("default", "default", "default", "blue")
        from profiles in Pick<string[]>([], ["p1"], ["p2", "p1"], ["gone"])
        from account in Pick("", "robot")
        from port in Pick(80, 8080)
        from kind in Gen.Int[0, 9]
        let key = new ObjectKey("WorkloadEndpoint", ns, $"e{number}")
        let good = new WorkloadEndpoint
        {
            Metadata = new ObjectMeta { Namespace = ns, Name = $"e{number}", Labels = labels, ResourceVersion = "7" },
            Spec = new WorkloadEndpointSpec
            {
                Node = node, InterfaceName = $"mg{ns}{number}", Network = network, Profiles = profiles, ServiceAccountName = account,
                IpNetworks = [$"10.0.0.{address}/32", $"fd00::{address}/128"],
                Ports = [new EndpointPort { Name = "http", Protocol = new Protocol("TCP"), Port = port }, new EndpointPort { Name = "dns", Protocol = new Protocol("UDP"), Port = 53 }],
            },
        }
        select kind switch
        {
            <= 1 => new Change(key, null),
            2 => new Change(key, good with { Spec = good.Spec with { IpNetworks = ["10.0.0.0/24"] } }),
            _ => new Change(key, good),
        };

    private static readonly Gen<Change> NetworkSetChange =
        from ns in Maybe(Pick(Namespaces))
        from labels in Labels
        from nets in Pick<string[]>([], ["10.0.0.1/32"], ["10.0.0.0/8", "fd00::2/128"], ["10.0.0.2/32", "192.0.2.0/24"])
        from kind in Gen.Int[0, 3]
        let key = new ObjectKey(ns is null ? "GlobalNetworkSet" : "NetworkSet", ns, "s")
        let meta = new ObjectMeta { Namespace = ns, Name = "s", Labels = labels }
        let spec = new NetworkSetSpec { Nets = nets }
        select new Change(key, kind == 0 ? null : ns is null ? new GlobalNetworkSet { Metadata = meta, Spec = spec } : new NetworkSet { Metadata = meta, Spec = spec });

    private static readonly Gen<Change> NetworkPolicyChange =
        from ns in Pick(Namespaces)
        from number in Gen.Int[1, 2]
        from selector in Pick(Selectors)
        from account in Pick("", "", "", "all()")
        from order in Pick<double?>(null, 10, 20)
        from ingress in Rules
        from egress in Rules
        from types in Pick<PolicyType[]?>(null, [PolicyType.Egress], [PolicyType.Ingress, PolicyType.Egress])
        from kind in Gen.Int[0, 4]
        let key = new ObjectKey("NetworkPolicy", ns, $"np{number}")
        select new Change(key, kind == 0 ? null : new NetworkPolicy
        {
            Metadata = new ObjectMeta { Namespace = ns, Name = $"np{number}" },
            Spec = new NetworkPolicySpec
            {
                Selector = kind == 1 ? "app =" : selector, ServiceAccountSelector = account, Order = order, Ingress = ingress, Egress = egress, Types = types,
            },
        });

    private static readonly Gen<Change> GlobalPolicyChange =
        from number in Gen.Int[1, 2]
        from selector in Pick(Selectors)
        from ns in Maybe(Pick(NamespaceSelectors))
        from tier in Pick("default", "kube-admin", "early", "late")
        from ingress in Rules
        from egress in Rules
        from place in Gen.Int[0, 9]
        from kind in Gen.Int[0, 4]
        let key = new ObjectKey("GlobalNetworkPolicy", null, $"gnp{number}")
        select new Change(key, kind == 0 ? null : new GlobalNetworkPolicy
        {
            Metadata = new ObjectMeta { Name = $"gnp{number}" },
            Spec = new GlobalNetworkPolicySpec
            {
                Selector = selector, NamespaceSelector = ns, Tier = tier, Ingress = ingress, Egress = egress, DoNotTrack = place == 0, PreDNAT = place == 1, ApplyOnForward = place < 4,
                ApplyToEstablished = place == 5 ? false : null,
            },
        });

    private static readonly Gen<Change> StagedChange =
        from global in Gen.Bool
        from selector in Pick(Selectors)
        from tier in Pick("default", "early")
        from ingress in Rules
        from action in Pick<StagedAction?>(null, StagedAction.Set, StagedAction.Set, StagedAction.Delete)
        from kind in Gen.Int[0, 3]
        let key = global ? new ObjectKey("StagedGlobalNetworkPolicy", null, "gnp1") : new ObjectKey("StagedNetworkPolicy", "a", "np1")
        let meta = new ObjectMeta { Name = key.Name, Namespace = key.Namespace }
        select new Change(key, kind == 0 ? null : global
            ? new StagedGlobalNetworkPolicy { Metadata = meta, Spec = new StagedGlobalNetworkPolicySpec { StagedAction = action, Selector = selector, Tier = tier, Ingress = ingress } }
            : new StagedNetworkPolicy { Metadata = meta, Spec = new StagedNetworkPolicySpec { StagedAction = action, Selector = selector, Tier = tier, Ingress = ingress } });

    private static readonly Gen<Change> TierChange =
        from name in Pick("early", "late")
        from order in Pick<double?>(null, 5, 2_000_000)
        from action in Pick<RuleAction?>(null, RuleAction.Pass, RuleAction.Deny)
        from kind in Gen.Int[0, 2]
        select new Change(new ObjectKey("Tier", null, name), kind == 0 ? null : new Tier { Metadata = new ObjectMeta { Name = name }, Spec = new TierSpec { Order = order, DefaultAction = action } });

    private static readonly Gen<Change> HostEndpointChange =
        from number in Gen.Int[1, 2]
        from node in Pick("n1", "n2")
        from labels in Labels
        from address in Gen.Int[1, 4]
        from profiles in Pick<string[]>([], ["p1"])
        from kind in Gen.Int[0, 5]
        let key = new ObjectKey("HostEndpoint", null, $"h{number}")
        select new Change(key, kind == 0 ? null : new HostEndpoint
        {
            Metadata = new ObjectMeta { Name = key.Name, Labels = labels, ResourceVersion = "3" },
            Spec = new HostEndpointSpec
            {
                Node = node, InterfaceName = kind < 3 ? "*" : null, Profiles = profiles, ExpectedIPs = kind is 2 or 5 ? [] : [$"10.0.0.{address}", "fd00::9"],
                Ports = [new EndpointPort { Name = "http", Protocol = new Protocol("TCP"), Port = 80 }],
            },
        });

    private static LabelSelector Labelled(string key, string value) =>
        value == "" ? new LabelSelector() : new LabelSelector { MatchLabels = new Dictionary<string, string> { [key] = value } };

    private static readonly Gen<Change> KubernetesPolicyChange =
        from ns in Pick(Namespaces)
        from pods in Pick("x", "y", "")
        from peers in Pick("x", "")
        from env in Pick<string?>(null, "", "prod")
        from port in Pick("http", "80")
        from both in Gen.Bool
        from kind in Gen.Int[0, 4]
        let key = new ObjectKey(KubernetesNetworkPolicy.KeyKind, ns, "np1")
        let peer = kind == 1 ? new KubernetesPeer { IpBlock = new IPBlock { Cidr = "10.0.0.0/8", Except = ["10.1.0.0/16"] } }
            : new KubernetesPeer { PodSelector = Labelled("app", peers), NamespaceSelector = env is null ? null : Labelled("env", env) }
        let spec = new KubernetesNetworkPolicySpec
        {
            PodSelector = Labelled("app", pods), Ingress = [new KubernetesIngressRule { From = [peer], Ports = [new KubernetesPort { Port = new Port(port) }] }],
            PolicyTypes = both ? [PolicyType.Ingress, PolicyType.Egress] : null,
        }
        select new Change(key, kind == 0 ? null : new KubernetesNetworkPolicy { Metadata = new ObjectMeta { Name = "np1", Namespace = ns }, Spec = spec });

    private static readonly Gen<Change> ClusterPolicyChange =
        from tier in Pick("Admin", "Baseline")
        from env in Pick("prod", "")
        from pods in Pick<string?>(null, "x")
        from priority in Gen.Int[0, 1]
        from action in Gen.Enum<ClusterRuleAction>()
        from kind in Gen.Int[0, 3]
        let key = new ObjectKey("ClusterNetworkPolicy", null, $"cnp{priority}")
        let subject = pods is null ? new ClusterSubject { Namespaces = Labelled("env", env) }
            : new ClusterSubject { Pods = new NamespacedPods { NamespaceSelector = Labelled("env", env), PodSelector = Labelled("app", pods) } }
        select new Change(key, kind == 0 ? null : new ClusterNetworkPolicy
        {
            Metadata = new ObjectMeta { Name = key.Name },
            Spec = new ClusterNetworkPolicySpec
            {
                Tier = tier, Priority = 10 - priority, Subject = subject,
                Ingress = kind == 1 ? null : [new ClusterIngressRule { Action = action, From = [subject], Protocols = [new ClusterProtocol { DestinationNamedPort = "http" }] }],
            },
        });

    private static readonly Gen<Change> SliceChange =
        from name in Pick("s1", "s2")
        from service in Pick("web", "web", "db", "")
        from address in Gen.Int[1, 4]
        from port in Pick(80, 81)
        from kind in Gen.Int[0, 3]
        select new Change(new ObjectKey("EndpointSlice", "a", name), kind == 0 ? null : new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "a", Labels = service == "" ? null : new Dictionary<string, string> { [EndpointSlice.ServiceLabel] = service } },
            AddressType = "IPv4",
            Endpoints = [new SliceEndpoint { Addresses = [$"10.0.0.{address}", "10.0.0.9"] }],
            Ports = [new SlicePort { Name = "http", Port = port }],
        });

    private static readonly Gen<Change> ProfileChange =
        from number in Gen.Int[1, 2]
        from ingress in Rules
        from role in Pick("inherited", "other", "")
        from kind in Gen.Int[0, 3]
        let key = new ObjectKey("Profile", null, $"p{number}")
        select new Change(key, kind == 0 ? null : new Profile
        {
            Metadata = new ObjectMeta { Name = $"p{number}" },
            Spec = new ProfileSpec { Ingress = ingress, LabelsToApply = role == "" ? null : new Dictionary<string, string> { ["role"] = role } },
        });

    private static readonly Gen<Change> NamespaceChange =
        from ns in Pick(Namespaces)
        from env in Pick("prod", "dev", "")
        from kind in Gen.Int[0, 3]
        let key = new ObjectKey("Namespace", null, ns)
        select new Change(key, kind == 0 ? null : new Namespace
        {
            Metadata = new ObjectMeta { Name = ns, Labels = env == "" ? null : new Dictionary<string, string> { ["env"] = env } },
        });

    private static readonly Gen<Change> NodeChange =
        from node in Pick("n1", "n2", "n3")
        from rack in Pick("r1", "r2")
        from address in Gen.Int[1, 3]
        from cluster in Pick<string?>(null, null, "1.1.1.1")
        from asNumber in Pick<uint?>(null, null, 64999, 65001)
        from kind in Gen.Int[0, 3]
        let key = new ObjectKey("Node", null, node)
        select new Change(key, kind == 0 ? null : new Node
        {
            Metadata = new ObjectMeta { Name = node, Labels = new Dictionary<string, string> { ["rack"] = rack } },
            Spec = new NodeSpec
            {
                Bgp = new NodeBgpSpec { Ipv4Address = $"192.0.2.{address.ToString(CultureInfo.InvariantCulture)}/24", Ipv6Address = kind == 1 ? null : $"2001:db8::{address}/64", RouteReflectorClusterID = cluster, AsNumber = asNumber is { } n ? new AsNumber(n) : null },
            },
        });

    private static readonly Gen<Change> FactChange =
        from what in Gen.Int[0, 5]
        from owner in Pick("n1", "n2")
        from flag in Gen.Bool
        from elected in Gen.Int[0, 3]
        from gone in Gen.Int[0, 3]
        let key = what switch { 0 => new ObjectKey("IPPool", null, "pool"), 1 => new ObjectKey("IPAMBlock", null, "block"), 2 => new ObjectKey("BGPPeer", null, "peer"), 3 => new ObjectKey("BGPFilter", null, owner == "n1" ? "f" : "g"), 5 => new ObjectKey("FelixConfiguration", null, flag ? "default" : "node.n1"), _ => new ObjectKey("BGPConfiguration", null, "default") }
        let meta = new ObjectMeta { Name = key.Name }
        select new Change(key, gone == 0 ? null : what switch
        {
            0 => new IPPool { Metadata = meta, Spec = new IPPoolSpec { Cidr = "10.0.0.0/16", NodeSelector = flag ? "rack == 'r1'" : null } },
            1 => new IPAMBlock { Metadata = meta, Spec = new IPAMBlockSpec { Cidr = "10.0.0.0/26", Affinity = $"host:{owner}", Pool = "pool" } },
            2 => new BGPPeer { Metadata = meta, Spec = flag ? new BGPPeerSpec { NodeSelector = "rack == 'r1'", PeerIP = "203.0.113.1", AsNumber = new AsNumber(65000), Filters = owner == "n1" ? ["f", "g"] : ["f", "gone"] } : new BGPPeerSpec { PeerSelector = "rack == 'r2'" } },
            3 => new BGPFilter { Metadata = meta, Spec = new BGPFilterSpec { ExportV4 = [new BGPFilterRule { Action = flag ? "Accept" : "Reject" }] } },
            5 => new FelixConfiguration { Metadata = meta, Spec = new FelixConfigurationSpec { DefaultEndpointToHostAction = "Accept", FailsafeInboundHostPorts = [new ProtoPort { Protocol = "tcp", Port = 22 }] } },
            _ => new BGPConfiguration
            {
                Metadata = meta, Spec = new BGPConfigurationSpec { NodeToNodeMeshEnabled = flag || elected > 0, AsNumber = new AsNumber(64999) },
                Status = elected == 0 ? null : new BGPConfigurationStatus
                {
                    MeshNodes = elected,
                    RouteReflection = new RouteReflectionStatus
                    {
                        Mesh = elected == 1, Reflectors = [new ReflectorStatus { Node = "n1", State = flag ? ReflectorState.Active : ReflectorState.Leaving }, new ReflectorStatus { Node = "n3", State = elected == 2 ? ReflectorState.Joining : ReflectorState.Active }],
                    },
                },
            },
        });

    public static readonly Gen<Change> AnyChange = Gen.Frequency(
        (6, Endpoint), (3, NetworkPolicyChange), (3, GlobalPolicyChange), (2, NetworkSetChange), (2, ProfileChange), (1, NamespaceChange), (1, NodeChange), (1, FactChange),
        (1, StagedChange), (1, TierChange), (2, HostEndpointChange), (1, KubernetesPolicyChange), (1, ClusterPolicyChange), (1, SliceChange));
}
