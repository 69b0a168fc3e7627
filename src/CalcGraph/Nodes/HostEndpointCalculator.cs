using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Host endpoints: interfaces of nodes that policy applies to. They are in the default network and in no namespace; the sets know their expected addresses alone.
/// </summary>
internal sealed class HostEndpointCalculator(LabelIndex labels, EndpointPlaces places)
{
    private readonly Dictionary<string, HostEndpointNode> _endpoints = [];
    private readonly Dictionary<string, string> _keys = [];

    public void Set(HostEndpoint endpoint)
    {
        HostEndpointSpec spec = endpoint.Spec;
        bool isNamed = spec.InterfaceName is { Length: > 0 };
        if (spec.Node is null or "" || !TryAddresses(spec.ExpectedIPs ?? [], out MemberKey[] addresses) || (!isNamed && addresses.Length == 0))
        {
            Remove(endpoint.Name);
            return;
        }
        string[] ownLabels = EndpointCalculator.LabelsOf(endpoint.Metadata.Labels, _keys);
        LabelClass c = labels.Acquire(new ClassIdentity("default", Namespace: null, ServiceAccount: null, spec.Profiles ?? []), ownLabels);
        EndpointHome home = places.HomeOf(spec.Node);
        NamedPort[] ports = EndpointCalculator.PortsOf(spec.Ports, name => name);
        string? name = isNamed ? spec.InterfaceName : null;
        byte? dscp = QosReader.DscpOf(endpoint.Metadata.Annotations);
        if (_endpoints.TryGetValue(endpoint.Name, out HostEndpointNode? existing))
        {
            places.Update(existing, home, c, addresses, ports);
            (existing.Labels, existing.Interface, existing.Dscp, existing.Revision) = (ownLabels, name, dscp, EndpointPlaces.RevisionOf(endpoint));
            home.View?.MarkDirty(existing);
            return;
        }
        HostEndpointNode created = new()
        {
            Name = endpoint.Name,
            Home = home,
            Class = c,
            Labels = ownLabels,
            Addresses = addresses,
            Ports = ports,
            Interface = name,
            Dscp = dscp,
            Revision = EndpointPlaces.RevisionOf(endpoint),
        };
        _endpoints.Add(endpoint.Name, created);
        places.Add(created);
    }

    public void Remove(string name)
    {
        if (_endpoints.Remove(name, out HostEndpointNode? endpoint)) places.Remove(endpoint);
    }

    /// <summary>Selectors have begun to mention a label: who has it may belong to another class now.</summary>
    public void Reclassify(string label) => places.Reclassify(label, _endpoints.Values);

    private static bool TryAddresses(IReadOnlyList<string> texts, out MemberKey[] addresses)
    {
        List<MemberKey> parsed = [];
        foreach (string text in texts)
        {
            if (!InetAddress.TryParse(text, out InetAddress address))
            {
                addresses = [];
                return false;
            }
            parsed.Add(MemberKey.Of(IpPrefix.Host(address)));
        }
        addresses = [.. parsed.Distinct()];
        return true;
    }
}
