using System.Globalization;
using System.Text;

namespace Margay.PolicyChange.Bench;

/// <summary>A lab of one rack: as many hosts as asked for, one workload on each, and a policy that all of them are under.</summary>
internal static class ManyHosts
{
    internal const string Lab = "manyhosts", Server = "server", ServerAddress = "10.0.0.1", Policy = "for-all";

    /// <summary>Writes topology and manifests into the folder and returns the topology's path.</summary>
    internal static string Write(string folder, int hosts)
    {
        StringBuilder topology = new($$"""
            name: {{Lab}}
            racks: { rack1: { subnets: [10.1.0.0/22] } }
            switches: { tor1: { daemon: bird, as: 65001, routerId: 192.0.2.11, rack: rack1 } }
            server: { name: {{Server}}, switch: tor1, subnets: [10.0.0.0/31] }
            manifests: [manifests.yaml]
            hosts:

            """);
        for (int i = 1; i <= hosts; i++) topology.AppendLine(CultureInfo.InvariantCulture, $"  h{i}: {{ rack: rack1, as: {65100 + i}, addresses: [10.1.{(i + 10) / 250}.{(i + 10) % 250 + 1}] }}");
        topology.AppendLine("workloads:");
        for (int i = 1; i <= hosts; i++) topology.AppendLine(CultureInfo.InvariantCulture, $"  bench/w{i}: {{ host: h{i}, labels: {{ role: web }} }}");
        File.WriteAllText(Path.Combine(folder, "manifests.yaml"), $$"""
            apiVersion: v1
            kind: Namespace
            metadata: { name: bench }
            ---
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: { name: workloads }
            spec: { cidr: 10.65.0.0/16, blockSize: 28 }
            ---
            apiVersion: projectcalico.org/v3
            kind: BGPConfiguration
            metadata: { name: default }
            spec: { nodeToNodeMeshEnabled: false, asNumber: 64512 }
            ---
            apiVersion: projectcalico.org/v3
            kind: BGPPeer
            metadata: { name: tor }
            spec: { peerIP: 10.1.0.1, asNumber: 65001 }
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: { name: {{Policy}} }
            spec: { selector: role == 'web', types: [Ingress, Egress], egress: [{ action: Allow }], ingress: [{ action: Allow, protocol: TCP, destination: { ports: [1000] } }] }
            """);
        string file = Path.Combine(folder, "topology.yaml");
        File.WriteAllText(file, topology.ToString());
        return file;
    }
}
