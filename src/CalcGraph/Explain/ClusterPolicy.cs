using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

// Would this be allowed? Answered with what decides in the kernel: the real graph makes each node's view, the real engine compiles and evaluates it.
//
//   resources ─► Graph ─► view of the source's node ─► NodePolicy ─► leg: leaves the source, leaves the node ┐
//            └─► Parties ─► who, where        (masquerade changes the source)                                ├─► PathVerdict
//                           view of the target's node ─► NodePolicy ─► leg: enters the node, reaches it      ┘
//
// StagedChange puts staged policies in the place of real ones among the resources; PolicyDifference asks the same questions of two clusters.

/// <summary>The policy of a whole cluster, from its resources alone. Views are made when they are asked for. Not safe for several threads.</summary>
public sealed class ClusterPolicy
{
    private readonly Graph _graph = new(new GraphOptions { Epoch = "explain" });
    private readonly Dictionary<string, ViewDelta> _views = [];
    private readonly Dictionary<(string Node, bool WithHosts), NodePolicy> _nodes = [];

    /// <param name="resources">All objects; of two with one key the later counts.</param>
    /// <param name="uplink">The interface by which nodes reach each other and the world, for host endpoints; null: guessed from those.</param>
    public ClusterPolicy(IEnumerable<Resource> resources, string? uplink = null)
    {
        Resources = [.. resources.GroupBy(r => new ObjectKey(r.GetType().Name, r.Namespace, r.Name)).Select(g => Complete(g.Last()))];
        Uplink = uplink;
        foreach (Resource resource in Resources) _graph.Apply(resource);
        _graph.Flush(1);
        Parties = new Parties(Resources);
    }

    public IReadOnlyList<Resource> Resources { get; }
    public string? Uplink { get; }
    public Parties Parties { get; }

    /// <summary>The view of a node.</summary>
    public ViewDelta ViewOf(string node)
    {
        if (!_views.TryGetValue(node, out ViewDelta? view)) _views[node] = view = _graph.Snapshot(node);
        return view;
    }

    /// <summary>The compiled policy of a node, host endpoints among it.</summary>
    public NodePolicy PolicyOf(string node) => PolicyOf(node, withHosts: true);

    /// <summary>What becomes of the first packet of a connection. The parties have an address of the family.</summary>
    public PathVerdict Decide(Party from, Party to, Flow flow, bool isIPv6)
    {
        NetworkName network = (from as Party.Workload ?? to as Party.Workload)?.Network ?? NetworkName.Default;
        Packet packet = flow.PacketOf(network, from.Address(isIPv6)!.Value, to.Address(isIPv6)!.Value);
        if (AcrossNetworks(from, to, packet) is { } across) return across;
        if (WhyNoWay(from, to) is { } noWay) return new PathVerdict(packet, [], []) { NoWay = noWay };
        List<string> notes = [];
        if (from.NodeName is { } one && one == to.NodeName) return OnOneNode(one, from, to, packet);

        List<Leg> legs = [];
        if (from.NodeName is { } source) legs.Add(Ask(source, packet, PlaceOf(from), Uplinked(source, network, notes), withHosts: network.IsDefault));
        if (from.NodeName is { } sender && to.NodeName is { } receiver && network.IsDefault && Masquerade(sender, receiver, from, packet, isIPv6) is { } translated)
        {
            notes.Add($"node {sender} masquerades it: node {receiver} sees {translated.Source} as its source");
            packet = translated;
        }
        if (to.NodeName is { } target)
            legs.Add(Ask(target, packet, Uplinked(target, network, notes), PlaceOf(to), withHosts: network.IsDefault) with { Reached = legs.TrueForAll(l => l.Verdict.Allowed) });
        return new PathVerdict(flow.PacketOf(network, from.Address(isIPv6)!.Value, to.Address(isIPv6)!.Value), legs, [.. notes.Distinct()]);
    }

    /// <summary>Between networks that have agreed to reach each other, and out of one that leaves by Snat; null for all else. Selectors mean a network's own workloads: the other side is an address.</summary>
    private PathVerdict? AcrossNetworks(Party from, Party to, Packet packet)
    {
        if (from is not Party.Workload { Network.IsDefault: false } sender || to is Party.Outside) return null;
        Leg leaving = Ask(sender.Node, packet, PlaceOf(from), new Place.Outside(""), withHosts: false);
        if (to is Party.Workload { Network.IsDefault: false } receiver)
        {
            if (receiver.Network == sender.Network || !Reach(sender.Network, receiver.Network)) return null;
            Leg arriving = Ask(receiver.Node, packet with { Network = receiver.Network }, new Place.Outside(""), PlaceOf(to), withHosts: false) with { Reached = leaving.Verdict.Allowed };
            return new PathVerdict(packet, [leaving, arriving], [$"networks {sender.Network} and {receiver.Network} reach each other, since one imports the other and that consents"]);
        }
        if (NetworkOf(sender.Network)?.Spec.Egress is not { Mode: NetworkEgress.Snat } egress || egress.NodeSelector is null && to is Party.Host && to.NodeName == sender.Node) return null;
        return new PathVerdict(packet, [leaving], [$"it leaves network {sender.Network} under the address of {(egress.NodeSelector is { } nodes ? $"a gateway node ({nodes})" : $"node {sender.Node}")}: what policy says of that at the other end is not looked at"]);
    }

    private bool Reach(NetworkName one, NetworkName other) => NetworkLeaks.Of(Resources.OfType<VirtualNetwork>())
        .Any(l => l.Refusal is null && (l.Importer == one.Value && l.Exporter == other.Value || l.Importer == other.Value && l.Exporter == one.Value));

    private VirtualNetwork? NetworkOf(NetworkName name) => Resources.OfType<VirtualNetwork>().FirstOrDefault(n => n.FullName == name.Value);

    private PathVerdict OnOneNode(string node, Party from, Party to, Packet packet)
    {
        Leg leg = Ask(node, packet, PlaceOf(from), PlaceOf(to), withHosts: packet.Network.IsDefault);
        // What the other side would say is worth knowing, too.
        bool deniedAtSource = !leg.Verdict.Allowed && from is Party.Workload && to is Party.Workload && leg.Verdict.Checkpoints[^1].Direction == PolicyType.Egress;
        return new PathVerdict(packet, deniedAtSource ? [leg, Ask(node, packet, new Place.Outside(""), PlaceOf(to), withHosts: false) with { Reached = false }] : [leg], []);
    }

    private Leg Ask(string node, Packet packet, Place from, Place to, bool withHosts)
    {
        Journey journey = new(packet, from, to);
        return new Leg(node, journey, PolicyOf(node, withHosts).Decide(journey));
    }

    private NodePolicy PolicyOf(string node, bool withHosts)
    {
        if (_nodes.TryGetValue((node, withHosts), out NodePolicy? policy)) return policy;
        ViewDelta view = ViewOf(node);
        return _nodes[(node, withHosts)] = new NodePolicy(withHosts ? view : view with { HostEndpoints = [] });
    }

    private static string? WhyNoWay(Party from, Party to) => (from, to) switch
    {
        (Party.Workload a, Party.Workload b) when a.Network != b.Network => $"network {a.Network} and network {b.Network} are apart: no route leads from one to the other",
        (Party.Workload { Network.IsDefault: false } a, Party.Host) => $"network {a.Network} has no route to nodes",
        (Party.Host, Party.Workload { Network.IsDefault: false } b) => $"nodes have no route into network {b.Network}",
        _ => null,
    };

    private static Place PlaceOf(Party party) => party is Party.Workload workload ? new Place.Workload(workload.EndpointId) : new Place.Host();

    /// <summary>The interface towards other nodes and the world. In a virtual network that is its tunnel, which host endpoints have nothing to do with.</summary>
    private Place.Outside Uplinked(string node, NetworkName network, List<string> notes)
    {
        if (!network.IsDefault) return new Place.Outside("");
        if (Uplink is not null) return new Place.Outside(Uplink);
        ViewDelta view = ViewOf(node);
        HostEndpointView[] named = [.. (view.HostEndpoints ?? []).Where(h => h.Interface != HostEndpoint.AllInterfaces)];
        HashSet<string?> own = [view.Settings?.Ipv4Address, view.Settings?.Ipv6Address];
        HostEndpointView? chosen = Array.Find(named, h => h.Addresses.Any(own.Contains)) ?? (named.Length == 1 ? named[0] : null);
        if (chosen is null) return new Place.Outside("");
        notes.Add($"taken to enter and leave node {node} at host endpoint {chosen.Name}{(chosen.Interface is null ? "" : $" ({chosen.Interface})")}; another interface is named with --interface");
        return new Place.Outside(chosen.Interface ?? "") { Addresses = [.. chosen.Addresses.Select(InetAddress.Parse)] };
    }

    /// <summary>From a pool with natOutgoing to an address in no pool: the source's node answers for it.</summary>
    private Packet? Masquerade(string sender, string receiver, Party from, Packet packet, bool isIPv6)
    {
        if (from is not Party.Workload) return null;
        (IpPrefix Cidr, bool Nat)[] pools = [.. Resources.OfType<IPPool>().Where(p => IpPrefix.TryParse(p.Spec.Cidr, out _)).Select(p => (IpPrefix.Parse(p.Spec.Cidr!), p.Spec.NatOutgoing == true))];
        if (!pools.Any(p => p.Nat && p.Cidr.Contains(packet.Source)) || pools.Any(p => p.Cidr.Contains(packet.Destination)) || sender == receiver) return null;
        NodeSettings? settings = ViewOf(sender).Settings;
        return (isIPv6 ? settings?.Ipv6Address : settings?.Ipv4Address) is { } own ? packet with { Source = InetAddress.Parse(own) } : null;
    }

    /// <summary>Manifests of tests leave out where a workload is; here it only matters that it is somewhere.</summary>
    private static Resource Complete(Resource resource)
    {
        if (resource is not WorkloadEndpoint { Spec: { } spec } endpoint || (spec.Node is { Length: > 0 } && spec.InterfaceName is { Length: > 0 })) return resource;
        return endpoint with
        {
            Spec = spec with
            {
                Node = spec.Node is { Length: > 0 } ? spec.Node : "(some node)",
                InterfaceName = spec.InterfaceName is { Length: > 0 } ? spec.InterfaceName : $"mg:{endpoint.Namespace}/{endpoint.Name}",
            },
        };
    }
}
