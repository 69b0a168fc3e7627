using System.Globalization;
using Margay.Api.Resources;

namespace Margay.Networks.Bench;

/// <summary>
/// A cluster of 100 nodes with any number of networks, all with the same addresses and labels, each with a policy of its namespace and one of all. Ten networks have ten endpoints on the node in question and ten elsewhere;
/// the others have two, on two other nodes. Each tenth network leaves by gateways, which are other nodes.
/// </summary>
internal static class ClusterNetworks
{
    internal const int Nodes = 100, Own = 10, PerNode = 10, Elsewhere = 2, Gateways = 2;

    /// <summary>The one in question.</summary>
    internal const string Node = "node0";

    internal static string NodeName(int node) => string.Create(CultureInfo.InvariantCulture, $"node{node}");

    internal static IEnumerable<Resource> All(int networks)
    {
        yield return new BGPConfiguration { Metadata = new ObjectMeta { Name = "default" }, Spec = new BGPConfigurationSpec { NodeToNodeMeshEnabled = false } };
        yield return new GlobalNetworkPolicy
        {
            Metadata = new ObjectMeta { Name = "all" },
            Spec = new GlobalNetworkPolicySpec { Order = 10, Selector = "all()", Ingress = [new Rule { Action = RuleAction.Deny, Source = new EntityRule { Selector = "role == 'banned'" } }, new Rule { Action = RuleAction.Pass }] },
        };
        for (int n = 0; n < Nodes; n++)
        {
            yield return new Node
            {
                Metadata = new ObjectMeta { Name = NodeName(n), Labels = new Dictionary<string, string> { ["gateway"] = n >= Nodes - Gateways ? "true" : "false" } },
                Spec = new NodeSpec { Bgp = new NodeBgpSpec { Ipv4Address = string.Create(CultureInfo.InvariantCulture, $"192.0.2.{1 + n}/24") } },
            };
        }
        for (int n = 0; n < networks; n++)
            foreach (Resource resource in Network(n)) yield return resource;
    }

    /// <summary>All that belongs to one network.</summary>
    internal static IEnumerable<Resource> Network(int n)
    {
        string ns = string.Create(CultureInfo.InvariantCulture, $"t{n}"), network = VirtualNetwork.FullNameOf(ns, "net");
        yield return new Namespace { Metadata = new ObjectMeta { Name = ns } };
        yield return new Profile { Metadata = new ObjectMeta { Name = "kns." + ns }, Spec = new ProfileSpec { Ingress = [new Rule { Action = RuleAction.Allow }], Egress = [new Rule { Action = RuleAction.Allow }] } };
        yield return new NetworkPolicy
        {
            Metadata = new ObjectMeta { Name = "front", Namespace = ns },
            Spec = new NetworkPolicySpec { Order = 20, Selector = "role == 'back'", Ingress = [new Rule { Action = RuleAction.Allow, Source = new EntityRule { Selector = "role == 'front'" } }] },
        };
        yield return new VirtualNetwork
        {
            Metadata = new ObjectMeta { Name = "net", Namespace = ns },
            Spec = new VirtualNetworkSpec
            {
                Vni = (int)FabricRoutes.Vni(n), Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/16" }],
                Egress = n % 10 == 0 ? new NetworkEgress { Mode = NetworkEgress.Snat, NodeSelector = "gateway == 'true'" } : null,
            },
        };
        int block = 0;
        foreach (IGrouping<int, int> node in Enumerable.Range(0, n < Own ? 2 * PerNode : Elsewhere).GroupBy(w => NodeOf(n, w)))
        {
            string cidr = string.Create(CultureInfo.InvariantCulture, $"10.0.{block++}.0/26");
            yield return new IPAMBlock { Metadata = new ObjectMeta { Name = IPAMBlock.NameOf(network, cidr) }, Spec = new IPAMBlockSpec { Network = network, Cidr = cidr, Affinity = "host:" + NodeName(node.Key) } };
            foreach (int w in node) yield return Endpoint(n, w, node.Key);
        }
    }

    /// <summary>Of endpoints that are not on the node in question.</summary>
    internal static IEnumerable<int> RemoteEndpoints(int n) => n < Own ? Enumerable.Range(PerNode, PerNode) : Enumerable.Range(0, Elsewhere);

    internal static int NodeOf(int n, int w) => n < Own ? w < PerNode ? 0 : 1 + n : 1 + (n + w) % (Nodes - Gateways - 1);

    private static WorkloadEndpoint Endpoint(int n, int w, int node) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"w{w}"), Namespace = string.Create(CultureInfo.InvariantCulture, $"t{n}"), ResourceVersion = "1",
            Labels = new Dictionary<string, string> { ["role"] = w % 2 == 0 ? "front" : "back" },
        },
        Spec = new WorkloadEndpointSpec
        {
            Node = NodeName(node), Network = VirtualNetwork.FullNameOf(string.Create(CultureInfo.InvariantCulture, $"t{n}"), "net"), InterfaceName = Workloads.HostInterface(n, w),
            Mac = string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:00:{w:x2}"), IpNetworks = [$"{Workloads.Address(w)}/32"], Profiles = [string.Create(CultureInfo.InvariantCulture, $"kns.t{n}")],
        },
    };
}
