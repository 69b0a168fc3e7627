using Margay.Api.Resources;

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

    /// <param name="flows">What to ask for; null: those of <see cref="DistinctFlows"/>.</param>
    /// <param name="among">Whose pairs; null: workloads that exist in both, and nodes that have host endpoints or treat workloads differently. From and to.</param>
    public static Differences Find(ClusterPolicy before, ClusterPolicy after, IReadOnlyList<Flow>? flows = null, (Party? From, Party? To) among = default)
    {
        TouchedParties touched = new(before, after);
        DistinctFlows distinct = new(before, after);
        HashSet<Flow> used = [.. flows ?? []];
        Party[] parties = [.. PartiesOf(after, touched).OrderBy(p => p.Name, StringComparer.Ordinal)];
        List<PairChange> changes = [];
        long asked = 0;
        foreach (Party from in among.From is { } one ? [one] : parties)
        {
            if (before.Parties.Counterpart(from) is not { } fromThen) continue;
            foreach (Party to in among.To is { } other ? [other] : parties)
            {
                if (before.Parties.Counterpart(to) is not { } toThen) continue;
                if (from == to || (from is Party.Outside && to is Party.Outside) || !(touched.Contains(from, PolicyType.Egress) || touched.Contains(to, PolicyType.Ingress))) continue;
                foreach (Flow flow in flows ?? distinct.Between(from, to))
                {
                    used.Add(flow);
                    foreach (bool isIPv6 in (ReadOnlySpan<bool>)[false, true])
                    {
                        if (!HaveAddresses(isIPv6, from, to, fromThen, toThen) || !flow.ExistsIn(isIPv6)) continue;
                        if (++asked > MaxQuestions) return new Differences(changes, Sorted(used), asked - 1, IsComplete: false);
                        PathVerdict then = before.Decide(fromThen, toThen, flow, isIPv6), now = after.Decide(from, to, flow, isIPv6);
                        if (then.Allowed != now.Allowed) changes.Add(new PairChange(from, to, flow, isIPv6, then, now));
                    }
                }
            }
        }
        return new Differences(changes, Sorted(used), asked, IsComplete: true);
    }

    private static Flow[] Sorted(HashSet<Flow> flows) => [.. flows.OrderBy(f => f.DestinationPort is null).ThenBy(f => f.Protocol).ThenBy(f => f.DestinationPort).ThenBy(f => f.IcmpType).ThenBy(f => f.IcmpCode)];

    private static bool HaveAddresses(bool isIPv6, params ReadOnlySpan<Party> parties)
    {
        foreach (Party party in parties)
            if (party.Address(isIPv6) is null) return false;
        return true;
    }

    private static IEnumerable<Party> PartiesOf(ClusterPolicy cluster, TouchedParties touched)
    {
        HashSet<string?> guarded = [.. cluster.Resources.OfType<HostEndpoint>().Select(h => h.Spec.Node)];
        return cluster.Parties.Workloads.Cast<Party>().Concat(cluster.Parties.Hosts.Where(h => guarded.Contains(h.Node) || touched.ContainsNode(h.Node)));
    }
}
