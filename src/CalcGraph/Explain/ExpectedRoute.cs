using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Explain;

/// <summary>The route that a packet should take from its source's node, by what the cluster's objects say. What a node's kernel has is known to its agent.</summary>
/// <param name="Prefix">What it matches; null when that is up to the node's own routes.</param>
/// <param name="NextHop">The other node's address; null for what is here, or not ours.</param>
/// <param name="Text">In words.</param>
public sealed record ExpectedRoute(string? Prefix, string? NextHop, string Text)
{
    /// <summary>Null when the source is on no node.</summary>
    public static ExpectedRoute? Of(ClusterPolicy cluster, Party from, Party to, bool isIPv6)
    {
        if (from.NodeName is not { } source || to.Address(isIPv6) is not { } address) return null;
        string host = IpPrefix.Host(address).ToString();
        switch (to)
        {
            case Party.Workload w when w.Node == source:
                return new ExpectedRoute(host, null, $"{host} at interface {w.Interface} of node {source}");
            case Party.Workload w:
                string prefix = BlockOf(cluster, w, address) ?? host;
                InetAddress? nextHop = AddressOf(cluster, w.Node, isIPv6);
                string way = w.Network.IsDefault ? "" : $"{VniOf(cluster, w.Network)} in the tunnel of network {w.Network}";
                return new ExpectedRoute(prefix, nextHop?.ToString(), $"{prefix} via {nextHop?.ToString() ?? "(unknown)"} (node {w.Node}){way}");
            case Party.Host h when h.Node == source:
                return new ExpectedRoute(host, null, $"{host} is node {source} itself");
            default:
                return new ExpectedRoute(null, null, $"as the routes of node {source} say");
        }
    }

    private static string? BlockOf(ClusterPolicy cluster, Party.Workload workload, InetAddress address) =>
        cluster.Resources.OfType<IPAMBlock>()
            .Where(b => b.Spec.Affinity == $"host:{workload.Node}" && new NetworkName(b.Spec.Network ?? "default") == workload.Network
                && IpPrefix.TryParse(b.Spec.Cidr, out IpPrefix cidr) && cidr.Contains(address))
            .Select(b => b.Spec.Cidr).FirstOrDefault();

    private static InetAddress? AddressOf(ClusterPolicy cluster, string node, bool isIPv6) =>
        cluster.Parties.Find($"node:{node}", null, "", out _) is { } host ? host.Address(isIPv6) ?? host.Addresses.Cast<InetAddress?>().FirstOrDefault() : null;

    private static string VniOf(ClusterPolicy cluster, NetworkName network) =>
        cluster.Resources.OfType<VirtualNetwork>().FirstOrDefault(n => n.FullName == network.Value) is { } found && (found.Status?.Vni ?? found.Spec.Vni) is { } vni ? $", VNI {vni}" : "";
}
