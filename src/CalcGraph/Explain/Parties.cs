using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Explain;

/// <summary>Who is who in a cluster: finds workloads, nodes and addresses by what people call them. Immutable.</summary>
public sealed class Parties
{
    private const string NodePrefix = "node:";

    private readonly Dictionary<string, Party.Host> _nodes = [];
    private readonly List<(WorkloadEndpoint Resource, Party.Workload Party)> _workloads = [];
    private readonly Dictionary<(NetworkName, InetAddress), Party> _byAddress = [];
    private readonly Dictionary<string, Party.Workload> _byEndpoint = [];

    public Parties(IEnumerable<Resource> resources)
    {
        foreach (Resource resource in resources)
        {
            if (resource is Node node) Add(node);
            else if (resource is WorkloadEndpoint endpoint) Add(endpoint);
        }
    }

    public IEnumerable<Party.Workload> Workloads => _workloads.Select(w => w.Party);
    public IEnumerable<Party.Host> Hosts => _nodes.Values;

    /// <summary>
    /// By name, <c>[NAMESPACE/]NAME</c> of an endpoint, a workload or a pod, by <c>node:NAME</c>, or by address, which is a workload's or a node's if one has it. Null with the
    /// reason in <paramref name="fault"/>.
    /// </summary>
    /// <param name="network">Of an address, and of workloads when given.</param>
    /// <param name="ns">Of a name without one.</param>
    public Party? Find(string text, NetworkName? network, string ns, out string fault)
    {
        fault = "";
        if (InetAddress.TryParse(text, out InetAddress address)) return _byAddress.GetValueOrDefault((network ?? NetworkName.Default, address)) ?? new Party.Outside(address);
        if (text.StartsWith(NodePrefix, StringComparison.Ordinal))
        {
            if (_nodes.TryGetValue(text[NodePrefix.Length..], out Party.Host? host)) return host;
            fault = $"there is no node {text[NodePrefix.Length..]}; known: {Some(_nodes.Keys)}";
            return null;
        }
        return FindWorkload(text, network, ns, out fault);
    }

    /// <summary>Who that is here, of whom another state of the cluster speaks: a workload may be on another node or have other addresses. Null when it does not exist here.</summary>
    public Party? Counterpart(Party party) => party switch
    {
        Party.Workload workload => _byEndpoint.GetValueOrDefault(workload.EndpointId),
        Party.Host host => _nodes.GetValueOrDefault(host.Node),
        Party.Outside outside => _byAddress.GetValueOrDefault((NetworkName.Default, outside.Where)) ?? outside,
        _ => null,
    };

    private Party.Workload? FindWorkload(string text, NetworkName? network, string ns, out string fault)
    {
        string[] parts = text.Split('/');
        (string space, string name) = parts.Length == 2 ? (parts[0], parts[1]) : (ns, text);
        IEnumerable<(WorkloadEndpoint Resource, Party.Workload Party)> there =
            _workloads.Where(w => (w.Resource.Namespace ?? "default") == space && (network is null || w.Party.Network == network));
        Party.Workload[] found = [.. there.Where(w => w.Resource.Name == name).Select(w => w.Party)];
        if (found.Length == 0) found = [.. there.Where(w => w.Resource.Spec.Workload == name || w.Resource.Spec.Pod == name).Select(w => w.Party)];
        fault = found.Length switch
        {
            1 => "",
            0 => $"there is no workload {space}/{name}{(network is { } n ? $" in network {n}" : "")}; known: {Some(_workloads.Select(w => w.Party.Name))}. Write [NAMESPACE/]NAME, an address, or node:NAME",
            _ => $"{space}/{name} has several endpoints: {Some(found.Select(f => f.Name))}; name one, or give --network",
        };
        return found.Length == 1 ? found[0] : null;
    }

    private void Add(Node node)
    {
        InetAddress[] addresses = [.. new[] { node.Spec.Bgp?.Ipv4Address, node.Spec.Bgp?.Ipv6Address }.Concat(node.Spec.Addresses?.Select(a => a.Address) ?? [])
            .Select(AddressOf).OfType<InetAddress>().Distinct()];
        Party.Host host = _nodes[node.Name] = new Party.Host(node.Name, addresses);
        foreach (InetAddress address in addresses) _byAddress[(NetworkName.Default, address)] = host;
    }

    private void Add(WorkloadEndpoint endpoint)
    {
        NetworkName network = new(endpoint.Spec.Network ?? "default");
        string ns = endpoint.Namespace ?? "default";
        InetAddress[] addresses = [.. (endpoint.Spec.IpNetworks ?? []).Select(AddressOf).OfType<InetAddress>()];
        string id = $"{network}/{ns}/{endpoint.Name}";
        Party.Workload party = new(network.IsDefault ? $"{ns}/{endpoint.Name}" : id, addresses, network, id, endpoint.Spec.Node ?? "", endpoint.Spec.InterfaceName ?? "");
        _workloads.Add((endpoint, party));
        _byEndpoint[id] = party;
        foreach (InetAddress address in addresses) _byAddress[(network, address)] = party;
    }

    private static InetAddress? AddressOf(string? text) => text is not null && IpPrefix.TryParseWithHostBits(text, out InetAddress address, out _) ? address
        : InetAddress.TryParse(text, out address) ? address : null;

    private static string Some(IEnumerable<string> names)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        return all.Length == 0 ? "none" : string.Join(", ", all.Take(10)) + (all.Length > 10 ? $", … ({all.Length})" : "");
    }
}
