using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>A pair of parties for which a change of policy changes the answer.</summary>
public sealed record PairChange(Party From, Party To, Flow Flow, bool IsIPv6, PathVerdict Before, PathVerdict After);

/// <param name="Changes">In order of names, then of flows.</param>
/// <param name="Asked">How many questions were asked of both.</param>
/// <param name="IsComplete">False when there were too many to ask.</param>
public sealed record Differences(IReadOnlyList<PairChange> Changes, IReadOnlyList<Flow> Flows, long Asked, bool IsComplete);

/// <summary>
/// Who may talk to whom before and after a change. Only pairs of which one side is touched are asked about: whose compiled policy differs, or the members of a set that it
/// names. The others' answers follow from the same rules and the same sets, and are the same.
/// </summary>
public static class PolicyDifference
{
    /// <summary>Some ten seconds of one processor.</summary>
    private const long MaxQuestions = 1_000_000;

    /// <param name="flows">What to ask for; null: for every protocol and port that the policies that differ name, and one that they do not.</param>
    /// <param name="among">Whose pairs; null: workloads, and nodes that have host endpoints. From and to.</param>
    public static Differences Find(ClusterPolicy before, ClusterPolicy after, IReadOnlyList<Flow>? flows = null, (Party? From, Party? To) among = default)
    {
        Touched touched = new(before, after);
        Party[] parties = [.. PartiesOf(after).Where(p => !IsNew(p, before)).OrderBy(p => p.Name, StringComparer.Ordinal)];
        flows ??= touched.Flows();
        List<PairChange> changes = [];
        long asked = 0;
        foreach (Party from in among.From is { } one ? [one] : parties)
        {
            foreach (Party to in among.To is { } other ? [other] : parties)
            {
                if (from == to || (from is Party.Outside && to is Party.Outside) || !(touched.Contains(from, PolicyType.Egress) || touched.Contains(to, PolicyType.Ingress))) continue;
                foreach (Flow flow in flows)
                {
                    foreach (bool isIPv6 in (ReadOnlySpan<bool>)[false, true])
                    {
                        if (from.Address(isIPv6) is null || to.Address(isIPv6) is null || !flow.ExistsIn(isIPv6)) continue;
                        if (++asked > MaxQuestions) return new Differences(changes, flows, asked - 1, IsComplete: false);
                        PathVerdict then = before.Decide(from, to, flow, isIPv6), now = after.Decide(from, to, flow, isIPv6);
                        if (then.Allowed != now.Allowed) changes.Add(new PairChange(from, to, flow, isIPv6, then, now));
                    }
                }
            }
        }
        return new Differences(changes, flows, asked, IsComplete: true);
    }

    private static IEnumerable<Party> PartiesOf(ClusterPolicy cluster)
    {
        HashSet<string?> guarded = [.. cluster.Resources.OfType<HostEndpoint>().Select(h => h.Spec.Node)];
        return cluster.Parties.Workloads.Cast<Party>().Concat(cluster.Parties.Hosts.Where(h => guarded.Contains(h.Node)));
    }

    private static bool IsNew(Party party, ClusterPolicy before) => party switch
    {
        Party.Workload w => !before.Parties.Workloads.Any(b => b.EndpointId == w.EndpointId && b.Node == w.Node),
        _ => false,
    };

    /// <summary>Whose policy differs, by direction.</summary>
    private sealed class Touched
    {
        private readonly HashSet<(string Endpoint, PolicyType Direction)> _endpoints = [];
        private readonly HashSet<string> _nodes = [];
        private readonly HashSet<CompiledPolicySet> _differing = [];
        private readonly Dictionary<string, IpSetView> _sets = [];

        public Touched(ClusterPolicy before, ClusterPolicy after)
        {
            IEnumerable<string> nodes = before.Parties.Workloads.Concat(after.Parties.Workloads).Select(w => w.Node)
                .Concat(before.Parties.Hosts.Concat(after.Parties.Hosts).Select(h => h.Node)).Distinct();
            foreach (string node in nodes) Compare(node, before, after);
        }

        public bool Contains(Party party, PolicyType direction) => party.NodeName is { } node
            && (_nodes.Contains(node) || (party is Party.Workload workload && _endpoints.Contains((workload.EndpointId, direction))));

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
                    bool differs = Differ(then.SetOf(old, direction), now.SetOf(endpoint, direction), moved);
                    if (differs || !old.Addresses.SequenceEqual(endpoint.Addresses)) _endpoints.Add((endpoint.Id, direction));
                }
            }
            if (HostsDiffer(before.ViewOf(node), after.ViewOf(node), then, now, moved)) _nodes.Add(node);
        }

        private bool HostsDiffer(ViewDelta before, ViewDelta after, NodePolicy then, NodePolicy now, HashSet<string> moved)
        {
            IReadOnlyList<HostEndpointView> old = before.HostEndpoints ?? [], current = after.HostEndpoints ?? [];
            if (old.Count != current.Count || before.Settings?.EndpointToHostAction != after.Settings?.EndpointToHostAction) return true;
            bool differs = false;
            foreach (HostEndpointView host in current)
            {
                if (old.FirstOrDefault(h => h.Name == host.Name) is not { } was || was.Interface != host.Interface || !was.Addresses.SequenceEqual(host.Addresses)) return true;
                foreach (PolicySetKind kind in (ReadOnlySpan<PolicySetKind>)[PolicySetKind.Host, PolicySetKind.HostForward, PolicySetKind.PreDnat, PolicySetKind.Untracked])
                    foreach (PolicyType direction in (ReadOnlySpan<PolicyType>)[PolicyType.Ingress, PolicyType.Egress])
                        differs |= Differ(then.SetOf(was, direction, kind), now.SetOf(host, direction, kind), moved);
            }
            return differs;
        }

        private bool Differ(CompiledPolicySet then, CompiledPolicySet now, HashSet<string> moved)
        {
            if (then == now && !Clauses(now).SelectMany(c => c.Matches).Any(m => SetOf(m) is { } set && moved.Contains(set))) return false;
            _differing.Add(then);
            _differing.Add(now);
            return true;
        }

        /// <summary>Sets whose members differ.</summary>
        private HashSet<string> Moved(ViewDelta before, ViewDelta after)
        {
            Dictionary<string, IpSetView> old = (before.IpSets ?? []).ToDictionary(s => s.Id);
            HashSet<string> moved = [];
            foreach (IpSetView set in after.IpSets ?? [])
            {
                _sets[set.Id] = set;
                if (!old.TryGetValue(set.Id, out IpSetView? was) || !was.Members.ToHashSet().SetEquals(set.Members)) moved.Add(set.Id);
            }
            return moved;
        }

        /// <summary>Protocols and ports at whose edges the policies that differ say something else, and one of each that no rule names.</summary>
        public IReadOnlyList<Flow> Flows()
        {
            SortedSet<(byte Protocol, ushort Port)> named = [];
            SortedSet<byte> protocols = [Protocol.Tcp, Protocol.Udp];
            foreach (RuleClause clause in _differing.SelectMany(Clauses))
            {
                byte[] own = [.. clause.Matches.OfType<ProtocolMatch>().SelectMany(m => m.Protocols)];
                foreach (byte protocol in own) protocols.Add(protocol);
                foreach (PortMatch ports in clause.Matches.OfType<PortMatch>().Where(m => m.Side == PacketSide.Destination))
                    foreach (byte protocol in own.Length > 0 ? own : [Protocol.Tcp, Protocol.Udp])
                        foreach (PortRange range in ports.Ranges) named.UnionWith([(protocol, range.First), (protocol, range.Last)]);
                foreach (PortSetMatch ports in clause.Matches.OfType<PortSetMatch>())
                    foreach (string member in _sets.GetValueOrDefault(ports.SetId)?.Members ?? [])
                        if (member.Split(',') is [_, string p, string port]) named.Add((byte.Parse(p, System.Globalization.CultureInfo.InvariantCulture), ushort.Parse(port, System.Globalization.CultureInfo.InvariantCulture)));
            }
            List<Flow> flows = [.. named.Select(n => new Flow(n.Protocol, n.Port))];
            foreach (byte protocol in protocols)
            {
                if (protocol is Protocol.Icmp or Protocol.IcmpV6) continue;
                flows.Add(protocol is Protocol.Tcp or Protocol.Udp or Protocol.Sctp or Protocol.UdpLite ? new Flow(protocol, Unnamed(named, protocol)) : new Flow(protocol));
            }
            flows.Add(new Flow(Protocol.Icmp));
            return flows;
        }

        private static ushort Unnamed(SortedSet<(byte, ushort)> named, byte protocol)
        {
            ushort port = 64999;
            while (named.Contains((protocol, port))) port--;
            return port;
        }

        private static IEnumerable<RuleClause> Clauses(CompiledPolicySet set) =>
            set.Tiers.SelectMany(t => t.Policies).Concat(set.Profiles).SelectMany(p => p.V4.Concat(p.V6)).SelectMany(r => r.Clauses);

        private static string? SetOf(RuleMatch match) => match switch { SetMatch m => m.SetId, PortSetMatch m => m.SetId, _ => null };
    }
}
