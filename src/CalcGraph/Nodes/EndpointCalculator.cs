using System.Runtime.InteropServices;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>The workload endpoints of all nodes: reads them, and puts them in their places.</summary>
internal sealed class EndpointCalculator(LabelIndex labels, EndpointPlaces places)
{
    private readonly Dictionary<(string Namespace, string Name), EndpointNode> _endpoints = [];

    // Names and lists of names that many endpoints share are kept once.
    private readonly Dictionary<string, string> _strings = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _profileLists = [];

    public int Count => _endpoints.Count;

    public void Set(WorkloadEndpoint endpoint)
    {
        (string, string) key = (Share(endpoint.Namespace ?? "default"), endpoint.Name);
        WorkloadEndpointSpec spec = endpoint.Spec;
        if (!TryAddresses(spec, out MemberKey[] addresses) || spec.Node is null or "" || spec.InterfaceName is null or "")
        {
            Remove(endpoint.Namespace, endpoint.Name);
            return;
        }
        string[] ownLabels = LabelsOf(endpoint.Metadata.Labels, _strings);
        ClassIdentity identity = new(
            Share(spec.Network ?? "default"), key.Item1, spec.ServiceAccountName is { Length: > 0 } account ? Share(account) : null, ShareList(spec.Profiles),
            spec.Orchestrator is { Length: > 0 } orchestrator ? Share(orchestrator) : "cni");
        LabelClass c = labels.Acquire(identity, ownLabels);
        EndpointHome home = places.HomeOf(spec.Node);
        NamedPort[] ports = PortsOf(spec.Ports, Share);
        // Replicas of one thing are one class and alike in labels and ports: they share what the one before them has.
        if (c.Members is [.., { } alike])
        {
            if (alike.Labels.AsSpan().SequenceEqual(ownLabels)) ownLabels = alike.Labels;
            if (alike.Ports.AsSpan().SequenceEqual(ports)) ports = alike.Ports;
        }
        if (_endpoints.TryGetValue(key, out EndpointNode? existing))
        {
            places.Update(existing, home, c, addresses, ports);
            existing.Labels = ownLabels;
            existing.Interface = spec.InterfaceName;
            existing.Mac = spec.Mac;
            existing.AllowedSourcePrefixes = spec.AllowSpoofedSourcePrefixes ?? [];
            existing.Qos = QosReader.Of(endpoint);
            existing.Revision = EndpointPlaces.RevisionOf(endpoint);
            home.View?.MarkDirty(existing);
            return;
        }
        EndpointNode created = new()
        {
            Name = endpoint.Name,
            Home = home,
            Class = c,
            Labels = ownLabels,
            Addresses = addresses,
            Ports = ports,
            Interface = spec.InterfaceName,
            Mac = spec.Mac,
            AllowedSourcePrefixes = spec.AllowSpoofedSourcePrefixes ?? [],
            Qos = QosReader.Of(endpoint),
            Revision = EndpointPlaces.RevisionOf(endpoint),
        };
        _endpoints.Add(key, created);
        places.Add(created);
    }

    public void Remove(string? ns, string name)
    {
        if (!_endpoints.Remove((ns ?? "default", name), out EndpointNode? endpoint)) return;
        places.Remove(endpoint);
    }

    /// <summary>Selectors have begun to mention a label: who has it may belong to another class now.</summary>
    public void Reclassify(string label) => places.Reclassify(label, _endpoints.Values);

    private static bool TryAddresses(WorkloadEndpointSpec spec, out MemberKey[] addresses)
    {
        IReadOnlyList<string> networks = spec.IpNetworks ?? [];
        addresses = new MemberKey[networks.Count];
        for (int i = 0; i < networks.Count; i++)
        {
            if (!IpPrefix.TryParse(networks[i], out IpPrefix prefix) || !prefix.IsHost) return false;
            addresses[i] = MemberKey.Of(prefix);
        }
        // Nearly always one of each family.
        if (addresses.Length > 2 || (addresses.Length == 2 && addresses[0] == addresses[1])) addresses = [.. addresses.Distinct()];
        return true;
    }

    internal static NamedPort[] PortsOf(IReadOnlyList<EndpointPort>? given, Func<string, string> share)
    {
        if (given is not { Count: > 0 } ports) return [];
        List<NamedPort> named = [];
        foreach (EndpointPort port in ports)
        {
            if (port is { Name: { Length: > 0 } name, Port: >= 1 and <= 65535 and { } number } && (port.Protocol?.Number ?? Protocol.Tcp) is var protocol)
                named.Add(new NamedPort(share(name), protocol, (ushort)number));
        }
        return [.. named];
    }

    /// <summary>Key and value in turn. Keys repeat from one endpoint to the next and are kept once; values may be as many as there are endpoints.</summary>
    internal static string[] LabelsOf(IReadOnlyDictionary<string, string>? labels, Dictionary<string, string> keys)
    {
        if (labels is null || labels.Count == 0) return [];
        string[] flat = new string[2 * labels.Count];
        int i = 0;
        foreach ((string key, string value) in labels)
        {
            ref string? shared = ref CollectionsMarshal.GetValueRefOrAddDefault(keys, key, out _);
            flat[i++] = shared ??= key;
            flat[i++] = value;
        }
        return flat;
    }

    private string Share(string text)
    {
        ref string? shared = ref CollectionsMarshal.GetValueRefOrAddDefault(_strings, text, out _);
        return shared ??= text;
    }

    private IReadOnlyList<string> ShareList(IReadOnlyList<string>? names)
    {
        if (names is null || names.Count == 0) return [];
        string text = names.Count == 1 ? names[0] : string.Join('\n', names);
        ref IReadOnlyList<string>? shared = ref CollectionsMarshal.GetValueRefOrAddDefault(_profileLists, text, out _);
        return shared ??= [.. names];
    }
}
