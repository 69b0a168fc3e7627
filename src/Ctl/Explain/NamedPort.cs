using Margay.Api.Resources;
using Margay.CalcGraph.Explain;

namespace Margay.Ctl.Explain;

/// <summary>Ports by the names that a workload gives them.</summary>
internal static class NamedPort
{
    /// <summary><c>http</c> or <c>http/tcp</c>; null when the target declares none of that name.</summary>
    public static Flow? Find(ClusterPolicy cluster, Party? target, string text)
    {
        if (target is not Party.Workload workload) return null;
        string[] words = text.Split('/', 2);
        WorkloadEndpoint? endpoint = cluster.Resources.OfType<WorkloadEndpoint>()
            .FirstOrDefault(e => $"{e.Spec.Network ?? "default"}/{e.Namespace ?? "default"}/{e.Name}" == workload.EndpointId);
        EndpointPort? port = endpoint?.Spec.Ports?.FirstOrDefault(p => p.Name == words[0] && (words.Length == 1 || string.Equals(p.Protocol?.Text ?? "TCP", words[1], StringComparison.OrdinalIgnoreCase)));
        return port?.Port is { } number ? new Flow(port.Protocol?.Number ?? Protocol.Tcp, (ushort)number) : null;
    }
}
