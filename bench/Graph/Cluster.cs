using System.Globalization;
using Margay.Api.Resources;

namespace Margay.Bench.Graph;

/// <summary>
/// A made-up cluster: 200 endpoints on each node, namespaces scattered over all nodes, 40 applications in each namespace, and policies of which about ten select
/// each endpoint. <see cref="UniqueLabels"/> gives each endpoint a label of its own, as StatefulSets do.
/// </summary>
internal sealed record Cluster(int Endpoints, int Policies, bool UniqueLabels)
{
    public const int PerNode = 200;
    private const int AppsPerNamespace = 40;
    private const int AppsPerPolicy = 10;

    public int Nodes => Math.Max(1, Endpoints / PerNode);
    private int Namespaces => Math.Max(1, Policies / AppsPerNamespace);

    public static string NodeName(int node) => "node" + node.ToString(CultureInfo.InvariantCulture);

    public IEnumerable<Resource> All()
    {
        for (int n = 0; n < Namespaces; n++)
        {
            yield return new Namespace { Metadata = new ObjectMeta { Name = NamespaceName(n), Labels = new Dictionary<string, string> { ["team"] = $"team{n % 20}" } } };
            yield return new Profile
            {
                Metadata = new ObjectMeta { Name = "kns." + NamespaceName(n) },
                Spec = new ProfileSpec { Ingress = [new Rule { Action = RuleAction.Allow }], Egress = [new Rule { Action = RuleAction.Allow }] },
            };
        }
        yield return new BGPConfiguration { Metadata = new ObjectMeta { Name = "default" }, Spec = new BGPConfigurationSpec { NodeToNodeMeshEnabled = false } };
        for (int p = 0; p < Policies; p++) yield return Policy(p);
        for (int e = 0; e < Endpoints; e++) yield return Endpoint(e, app: e / Namespaces % AppsPerNamespace, revision: e);
    }

    public WorkloadEndpoint Endpoint(int e, int app, long revision)
    {
        string ns = NamespaceName(e % Namespaces);
        Dictionary<string, string> labels = new()
        {
            ["app"] = $"app{app}",
            ["app.kubernetes.io/name"] = $"app{app}",
            ["tier"] = app % 2 == 0 ? "front" : "back",
            ["pod-template-hash"] = $"{app:x8}",
            ["version"] = $"v{app % 3}",
        };
        if (UniqueLabels) labels["statefulset.kubernetes.io/pod-name"] = $"app{app}-{e}";
        return new WorkloadEndpoint
        {
            Metadata = new ObjectMeta { Name = $"node{e / PerNode}-k8s-app{app}--{e}-eth0", Namespace = ns, Labels = labels, ResourceVersion = revision.ToString(CultureInfo.InvariantCulture) },
            Spec = new WorkloadEndpointSpec
            {
                Node = NodeName(e / PerNode), InterfaceName = $"mg{e:x11}", Mac = "ee:ee:ee:ee:ee:ee", Profiles = ["kns." + ns],
                IpNetworks = [$"10.{e >> 16 & 255}.{e >> 8 & 255}.{e & 255}/32", $"fd00::{e >> 16:x}:{e & 0xffff:x}/128"],
                Ports = [new EndpointPort { Name = "http", Protocol = new Protocol("TCP"), Port = 8080 }],
            },
        };
    }

    /// <summary>Selects ten applications of its namespace, lets one other application in on a port, and lets out to one and to a network.</summary>
    private NetworkPolicy Policy(int p)
    {
        int first = p / Namespaces % AppsPerNamespace;
        string apps = string.Join(", ", Enumerable.Range(first, AppsPerPolicy).Select(a => $"'app{a % AppsPerNamespace}'"));
        return new NetworkPolicy
        {
            Metadata = new ObjectMeta { Name = $"policy{p}", Namespace = NamespaceName(p % Namespaces) },
            Spec = new NetworkPolicySpec
            {
                Order = p % 100,
                Selector = $"app in {{{apps}}}",
                Ingress = [new Rule { Action = RuleAction.Allow, Protocol = new Protocol("TCP"), Source = new EntityRule { Selector = $"app == 'app{(first + 3) % AppsPerNamespace}'" }, Destination = new EntityRule { Ports = [new Port("8080")] } }],
                Egress =
                [
                    new Rule { Action = RuleAction.Allow, Destination = new EntityRule { Selector = $"app == 'app{(first + 7) % AppsPerNamespace}'" } },
                    new Rule { Action = RuleAction.Allow, Destination = new EntityRule { Nets = ["192.0.2.0/24"] } },
                ],
            },
        };
    }

    private static string NamespaceName(int n) => "namespace" + n.ToString(CultureInfo.InvariantCulture);
}
