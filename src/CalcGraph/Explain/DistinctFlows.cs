using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>
/// What to ask of a pair so that no difference between two clusters is missed: for each range of ports that the rules on the way tell apart its first port, and one that no rule
/// names; the protocols and types of ICMP that they name. Rules that look at source ports are not asked apart.
/// </summary>
internal sealed class DistinctFlows(ClusterPolicy before, ClusterPolicy after)
{
    private const ushort Unnamed = 64999;

    private readonly ClusterPolicy[] _clusters = [before, after];
    private readonly Dictionary<(ClusterPolicy, string Node), NodeFacts> _nodes = [];
    private readonly Dictionary<string, Named> _named = [];
    private readonly Dictionary<(string, string), IReadOnlyList<Flow>> _flows = [];

    private sealed record NodeFacts(Dictionary<string, EndpointView> Endpoints, Dictionary<string, IpSetView> Sets);

    /// <summary>What rules name.</summary>
    private sealed class Named
    {
        public HashSet<(byte Protocol, ushort First, ushort Last)> Ranges { get; } = [];
        public HashSet<byte> Protocols { get; } = [Protocol.Tcp, Protocol.Udp];
        public HashSet<Flow> Icmp { get; } = [new Flow(Protocol.Icmp)];
    }

    public IReadOnlyList<Flow> Between(Party from, Party to)
    {
        string sender = NamedBy(from, PolicyType.Egress), receiver = NamedBy(to, PolicyType.Ingress);
        if (!_flows.TryGetValue((sender, receiver), out IReadOnlyList<Flow>? flows)) _flows[(sender, receiver)] = flows = Combine(_named[sender], _named[receiver]);
        return flows;
    }

    /// <summary>The key of what the rules of one side name. Parties with equal lists of policies share it.</summary>
    private string NamedBy(Party party, PolicyType direction)
    {
        List<(ClusterPolicy Cluster, string Node, CompiledPolicySet Set)> sets = [];
        bool meetsHosts = party is not Party.Workload { Network.IsDefault: false };
        bool hasHosts = false;
        foreach (ClusterPolicy cluster in _clusters)
        {
            // It may be on another node there.
            if (cluster.Parties.Counterpart(party)?.NodeName is not { } node) continue;
            NodePolicy policy = cluster.PolicyOf(node);
            if (party is Party.Workload workload && FactsOf(cluster, node).Endpoints.TryGetValue(workload.EndpointId, out EndpointView? endpoint)) sets.Add((cluster, node, policy.SetOf(endpoint, direction)));
            IReadOnlyList<HostEndpointView> hosts = meetsHosts ? cluster.ViewOf(node).HostEndpoints ?? [] : [];
            hasHosts |= hosts.Count > 0;
            sets.AddRange(hosts.SelectMany(h => HostPlaces.All.Select(p => (cluster, node, policy.SetOf(h, p.Direction, p.Kind)))));
        }
        string key = string.Join(' ', sets.Select(s => $"{(s.Cluster == before ? "-" : "+")}{s.Set.Set.Id}")) + (hasHosts ? $" on {party.NodeName}" : "");
        if (_named.ContainsKey(key)) return key;
        Named named = _named[key] = new Named();
        foreach ((ClusterPolicy cluster, string node, CompiledPolicySet set) in sets)
            foreach (RuleClause clause in set.Clauses()) Note(clause, FactsOf(cluster, node).Sets, named);
        if (hasHosts) named.Ranges.UnionWith(_clusters.SelectMany(c => FailsafeOf(c.ViewOf(party.NodeName!).Settings)).Select(f => (f.Protocol, f.Port, f.Port)));
        return key;
    }

    private static IEnumerable<FailsafePort> FailsafeOf(NodeSettings? settings) =>
        (settings?.FailsafeInbound ?? FailsafePort.DefaultInbound).Concat(settings?.FailsafeOutbound ?? FailsafePort.DefaultOutbound);

    private NodeFacts FactsOf(ClusterPolicy cluster, string node)
    {
        if (!_nodes.TryGetValue((cluster, node), out NodeFacts? facts))
            _nodes[(cluster, node)] = facts = new NodeFacts(cluster.PolicyOf(node).Endpoints.ToDictionary(e => e.Id), (cluster.ViewOf(node).IpSets ?? []).ToDictionary(s => s.Id));
        return facts;
    }

    private static void Note(RuleClause clause, Dictionary<string, IpSetView> sets, Named named)
    {
        byte[] own = [.. clause.Matches.OfType<ProtocolMatch>().SelectMany(m => m.Protocols)];
        named.Protocols.UnionWith(own);
        foreach (RuleMatch match in clause.Matches)
        {
            switch (match)
            {
                case PortMatch { Side: PacketSide.Destination } ports:
                    foreach (byte protocol in own.Length > 0 ? own : [Protocol.Tcp, Protocol.Udp]) named.Ranges.UnionWith(ports.Ranges.Select(r => (protocol, r.First, r.Last)));
                    break;
                case PortSetMatch { Side: PacketSide.Destination } ports:
                    foreach (string member in sets.GetValueOrDefault(ports.SetId)?.Members ?? []) NoteMember(member, named);
                    break;
                case IcmpMatch icmp:
                    named.Icmp.UnionWith(own.Where(p => p is Protocol.Icmp or Protocol.IcmpV6).Select(p => new Flow(p) { IcmpType = icmp.Type, IcmpCode = icmp.Code }));
                    break;
            }
        }
    }

    /// <summary>ADDRESS,PROTOCOL,PORT.</summary>
    private static void NoteMember(string member, Named named)
    {
        if (member.Split(',') is not [_, string protocol, string text] || !byte.TryParse(protocol, NumberStyles.None, CultureInfo.InvariantCulture, out byte number)) return;
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)) named.Ranges.Add((number, port, port));
    }

    private static List<Flow> Combine(Named one, Named other)
    {
        HashSet<(byte Protocol, ushort First, ushort Last)> ranges = [.. one.Ranges, .. other.Ranges];
        // Between two of these, no range begins or ends.
        SortedSet<(byte Protocol, ushort Port)> ports = [.. ranges.Select(r => (r.Protocol, r.First))];
        foreach ((byte protocol, _, ushort last) in ranges)
            if (ranges.Any(r => r.Protocol == protocol && r.First <= last + 1 && r.Last > last)) ports.Add((protocol, (ushort)(last + 1)));
        List<Flow> flows = [.. ports.Select(p => new Flow(p.Protocol, p.Port))];
        foreach (byte protocol in one.Protocols.Union(other.Protocols))
        {
            if (protocol is Protocol.Tcp or Protocol.Udp or Protocol.Sctp or Protocol.UdpLite) flows.Add(new Flow(protocol, UnnamedOf(ranges, protocol)));
            else if (protocol is not (Protocol.Icmp or Protocol.IcmpV6)) flows.Add(new Flow(protocol));
        }
        return [.. flows, .. one.Icmp.Union(other.Icmp)];
    }

    private static ushort UnnamedOf(HashSet<(byte Protocol, ushort First, ushort Last)> ranges, byte protocol)
    {
        ushort port = Unnamed;
        while (port > 1 && ranges.Any(r => r.Protocol == protocol && r.First <= port && port <= r.Last)) port--;
        return port;
    }
}
