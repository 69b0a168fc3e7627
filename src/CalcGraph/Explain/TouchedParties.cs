using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>Whose policy a change touches, by direction: the compiled list differs, or the members of a set that it names.</summary>
internal sealed class TouchedParties
{
    private readonly HashSet<(string Endpoint, PolicyType Direction)> _endpoints = [];
    private readonly HashSet<string> _nodes = [];
    private readonly bool _everyone;

    public TouchedParties(ClusterPolicy before, ClusterPolicy after)
    {
        IEnumerable<string> nodes = before.Parties.Workloads.Concat(after.Parties.Workloads).Select(w => w.Node)
            .Concat(before.Parties.Hosts.Concat(after.Parties.Hosts).Select(h => h.Node)).Distinct();
        foreach (string node in nodes) Compare(node, before, after);
        foreach (Party.Workload workload in after.Parties.Workloads)
            if (before.Parties.Counterpart(workload) is { } was && was.NodeName != workload.Node) _endpoints.UnionWith([(workload.EndpointId, PolicyType.Ingress), (workload.EndpointId, PolicyType.Egress)]);
        // Who is masqueraded, and as whom, concerns what others see of anyone.
        _everyone = !Translations(before).SetEquals(Translations(after));
    }

    /// <summary>Something at the node itself differs: a host endpoint, or what becomes of packets from workloads to it.</summary>
    public bool ContainsNode(string node) => _nodes.Contains(node);

    public bool Contains(Party party, PolicyType direction) => party.NodeName is { } node
        && (_everyone || _nodes.Contains(node) || (party is Party.Workload workload && _endpoints.Contains((workload.EndpointId, direction))));

    private static HashSet<(string, bool)> Translations(ClusterPolicy cluster)
    {
        HashSet<(string, bool)> pools = [.. cluster.Resources.OfType<IPPool>().Select(p => (p.Spec.Cidr ?? "", p.Spec.NatOutgoing == true))];
        return !pools.Any(p => p.Item2) ? [] : [.. pools, .. cluster.Parties.Hosts.SelectMany(h => h.Addresses.Select(a => ($"{h.Node} {a}", false)))];
    }

    private void Compare(string node, ClusterPolicy before, ClusterPolicy after)
    {
        HashSet<string> moved = Moved(before.ViewOf(node), after.ViewOf(node));
        NodePolicy then = before.PolicyOf(node), now = after.PolicyOf(node);
        Dictionary<string, EndpointView> known = then.Endpoints.ToDictionary(e => e.Id);
        foreach (EndpointView endpoint in now.Endpoints)
        {
            if (!known.TryGetValue(endpoint.Id, out EndpointView? old)) continue;
            foreach (PolicyType direction in (ReadOnlySpan<PolicyType>)[PolicyType.Ingress, PolicyType.Egress])
            {
                if (!old.Addresses.SequenceEqual(endpoint.Addresses) || Differ(then.SetOf(old, direction), now.SetOf(endpoint, direction), moved))
                    _endpoints.Add((endpoint.Id, direction));
            }
        }
        if (HostsDiffer(before.ViewOf(node), after.ViewOf(node), then, now, moved)) _nodes.Add(node);
    }

    private static bool HostsDiffer(ViewDelta before, ViewDelta after, NodePolicy then, NodePolicy now, HashSet<string> moved)
    {
        IReadOnlyList<HostEndpointView> old = before.HostEndpoints ?? [], current = after.HostEndpoints ?? [];
        if (before.Settings?.EndpointToHostAction != after.Settings?.EndpointToHostAction || old.Count != current.Count || !FailsafeOf(before).SetEquals(FailsafeOf(after))) return true;
        foreach (HostEndpointView host in current)
        {
            if (old.FirstOrDefault(h => h.Name == host.Name) is not { } was || was.Interface != host.Interface || !was.Addresses.SequenceEqual(host.Addresses)) return true;
            if (HostPlaces.All.Any(p => Differ(then.SetOf(was, p.Direction, p.Kind), now.SetOf(host, p.Direction, p.Kind), moved))) return true;
        }
        return false;
    }

    private static HashSet<(bool Inbound, FailsafePort Port)> FailsafeOf(ViewDelta view) => view.HostEndpoints is not { Count: > 0 } ? [] :
    [
        .. (view.Settings?.FailsafeInbound ?? FailsafePort.DefaultInbound).Select(p => (true, p)),
        .. (view.Settings?.FailsafeOutbound ?? FailsafePort.DefaultOutbound).Select(p => (false, p)),
    ];

    private static bool Differ(CompiledPolicySet then, CompiledPolicySet now, HashSet<string> moved) =>
        then != now || now.Clauses().SelectMany(c => c.Matches).Any(m => m switch { SetMatch s => moved.Contains(s.SetId), PortSetMatch s => moved.Contains(s.SetId), _ => false });

    /// <summary>Sets whose members differ.</summary>
    private static HashSet<string> Moved(ViewDelta before, ViewDelta after)
    {
        Dictionary<string, IpSetView> old = (before.IpSets ?? []).ToDictionary(s => s.Id);
        return [.. (after.IpSets ?? []).Where(s => !old.TryGetValue(s.Id, out IpSetView? was) || !was.Members.ToHashSet().SetEquals(s.Members)).Select(s => s.Id)];
    }
}
