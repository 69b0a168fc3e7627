using Margay.Core.Net;

namespace Margay.CalcGraph.Explain;

/// <summary>One end of a question: who sends, or who is sent to.</summary>
/// <param name="Name">For people.</param>
/// <param name="Addresses">Of either family.</param>
public abstract record Party(string Name, IReadOnlyList<InetAddress> Addresses)
{
    /// <summary>The workload of an endpoint, on the node that it is on.</summary>
    /// <param name="EndpointId">NETWORK/NAMESPACE/NAME.</param>
    public sealed record Workload(string Name, IReadOnlyList<InetAddress> Addresses, NetworkName Network, string EndpointId, string Node, string Interface) : Party(Name, Addresses);

    /// <summary>The processes of a node, in the default network.</summary>
    public sealed record Host(string Node, IReadOnlyList<InetAddress> Addresses) : Party($"node {Node}", Addresses);

    /// <summary>An address that is nobody's whom the cluster knows.</summary>
    public sealed record Outside(InetAddress Where) : Party(Where.ToString(), [Where]);

    public InetAddress? Address(bool isIPv6)
    {
        foreach (InetAddress address in Addresses)
            if (address.IsIPv6 == isIPv6) return address;
        return null;
    }

    /// <summary>The node that it is on; null for what is outside.</summary>
    public string? NodeName => this switch { Workload w => w.Node, Host h => h.Node, _ => null };

    public sealed override string ToString() => Name;
}
