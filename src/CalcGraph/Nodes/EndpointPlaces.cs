using System.Globalization;
using System.Runtime.InteropServices;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>Where endpoints are: enters their addresses for the sets, and tells their nodes.</summary>
internal sealed class EndpointPlaces(LabelIndex labels, AddressTable table)
{
    private readonly Dictionary<string, EndpointHome> _homes = [];

    public EndpointHome HomeOf(string node)
    {
        ref EndpointHome? home = ref CollectionsMarshal.GetValueRefOrAddDefault(_homes, node, out _);
        return home ??= new EndpointHome(node);
    }

    public void Add(LocalEndpoint endpoint)
    {
        table.Add(endpoint);
        endpoint.Home.Endpoints.Add(endpoint);
        endpoint.Home.View?.Join(endpoint);
    }

    public void Remove(LocalEndpoint endpoint)
    {
        endpoint.Home.View?.Leave(endpoint);
        LeaveHome(endpoint);
        table.Remove(endpoint);
    }

    public void Update(LocalEndpoint endpoint, EndpointHome home, LabelClass c, MemberKey[] addresses, NamedPort[] ports)
    {
        bool moves = endpoint.Home != home || endpoint.Class != c;
        bool sameAddresses = endpoint.Addresses.AsSpan().SequenceEqual(addresses) && endpoint.Ports.AsSpan().SequenceEqual(ports);
        if (!moves && sameAddresses) return;

        // The node joins before it leaves, so that what both need is not given up; its old class must still be there when it leaves.
        if (moves)
        {
            home.View?.JoinClass(c);
            string idBefore = endpoint.Id;
            endpoint.Home.View?.LeaveClass(endpoint.Class);
            // Another network makes another id.
            if (endpoint.Home != home || endpoint.Class.Network != c.Network) endpoint.Home.View?.Forget(endpoint, idBefore);
        }
        if (endpoint.Class != c || !sameAddresses) table.Change(endpoint, c, addresses, ports);
        if (endpoint.Home == home) return;
        LeaveHome(endpoint);
        endpoint.Home = home;
        home.Endpoints.Add(endpoint);
    }

    /// <summary>Selectors have begun to mention a label: who has it may belong to another class now.</summary>
    public void Reclassify(string label, IEnumerable<LocalEndpoint> endpoints)
    {
        foreach (LocalEndpoint endpoint in endpoints)
        {
            if (endpoint.HasLabel(label))
                Update(endpoint, endpoint.Home, labels.Acquire(endpoint.Class.Identity, endpoint.Labels), endpoint.Addresses, endpoint.Ports);
        }
    }

    private void LeaveHome(LocalEndpoint endpoint)
    {
        EndpointHome home = endpoint.Home;
        home.Endpoints.Remove(endpoint);
        if (home.Endpoints.Count == 0 && home.View is null) _homes.Remove(home.Node);
    }

    /// <summary>What the server gave the object as its version; 0 for none.</summary>
    public static long RevisionOf(Resource resource) =>
        long.TryParse(resource.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out long revision) ? revision : 0;
}
