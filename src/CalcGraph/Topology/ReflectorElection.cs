using Margay.Api.Resources;

namespace Margay.CalcGraph.Topology;

// Who reflects routes when a full mesh would be too large. The state is in the status of the BGPConfiguration "default": whoever runs the election next goes on from it.
//
//   mesh held ──too many nodes──► mesh held, reflectors Joining ──transition over──► reflectors Active, no mesh
//                                  ▲                                                     │ one is lost: it is Leaving, another Joining
//   mesh held ◄─ reflectors gone ◄─┴─ mesh held, reflectors Leaving ◄──few nodes again───┘ (and after the transition Active, and gone)
//
// During a transition the sessions of before and after are all held (MeshTopology), so that a route is known the new way before the old way ends. One transition at a time.

/// <summary>A node that takes part in the mesh, as the election sees it.</summary>
/// <param name="Domain">What fails together, usually the rack; empty when not known.</param>
/// <param name="Eligible">May be elected.</param>
/// <param name="Preferred">Made for it: an agent that is a reflector and nothing else.</param>
/// <param name="Families">How many address families it speaks over, 1 or 2.</param>
/// <param name="Alive">Its agent follows its view.</param>
public sealed record MeshMember(string Node, string Domain, bool Eligible, bool Preferred, int Families, bool Alive);

/// <summary>The rules of the election, with defaults filled in.</summary>
/// <param name="MeshLimit">More nodes than this want reflectors; fewer than four fifths of it want the mesh again.</param>
/// <param name="PerClient">Reflectors of each client.</param>
/// <param name="ClientsPerReflector">Clients that one reflector serves about.</param>
/// <param name="Transition">How long sessions of before and after are held side by side.</param>
public sealed record ElectionRules(bool Enabled, int MeshLimit, int PerClient, int ClientsPerReflector, TimeSpan Transition);

/// <summary>The election: a pure function of the state, the nodes and the time.</summary>
public static class ReflectorElection
{
    /// <summary>The next state; the same object when nothing changes.</summary>
    /// <param name="state">Null: there was never one.</param>
    public static RouteReflectionStatus Next(RouteReflectionStatus? state, IReadOnlyCollection<MeshMember> members, ElectionRules rules, DateTimeOffset now)
    {
        // As it is stored.
        now = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        RouteReflectionStatus current = state ?? new RouteReflectionStatus { Mesh = true };
        if (IsInTransition(current)) return current.Since is { } since && now - since < rules.Transition ? current : Settle(current);
        List<MeshMember> candidates = [.. members.Where(m => m.Eligible)];
        int alive = candidates.Count(c => c.Alive);
        // Most nodes silent at once is a fault of the server or its network, not of the nodes: what is known stays in force.
        if (alive * 2 < candidates.Count) return current;
        return rules.Enabled && WantsReflectors(current, members.Count, rules) ? Elect(current, candidates, members.Count, rules, now) : Dismiss(current, now);
    }

    public static bool IsInTransition(RouteReflectionStatus state) =>
        (state.Mesh && state.Reflectors.Count > 0) || state.Reflectors.Any(r => r.State != ReflectorState.Active);

    /// <summary>How many reflectors a number of nodes wants.</summary>
    public static int Wanted(int nodes, ElectionRules rules) =>
        Math.Max(rules.PerClient, (nodes * rules.PerClient + rules.ClientsPerReflector - 1) / rules.ClientsPerReflector);

    private static bool WantsReflectors(RouteReflectionStatus state, int nodes, ElectionRules rules) =>
        nodes > rules.PerClient && (state.Mesh ? nodes > rules.MeshLimit : nodes * 5 >= rules.MeshLimit * 4);

    private static RouteReflectionStatus Settle(RouteReflectionStatus state)
    {
        List<ReflectorStatus> stay = [.. state.Reflectors.Where(r => r.State != ReflectorState.Leaving).Select(r => r with { State = ReflectorState.Active })];
        return state with { Mesh = stay.Count == 0, Reflectors = stay };
    }

    private static RouteReflectionStatus Elect(RouteReflectionStatus state, List<MeshMember> candidates, int nodes, ElectionRules rules, DateTimeOffset now)
    {
        Dictionary<string, MeshMember> byName = candidates.ToDictionary(c => c.Node);
        List<ReflectorStatus> keep = [.. state.Reflectors.Where(r => byName.TryGetValue(r.Node, out MeshMember? m) && m.Alive)];
        List<ReflectorStatus> lost = [.. state.Reflectors.Except(keep)];
        int wanted = Wanted(nodes, rules);
        // A few too many do no harm; changing them would.
        int most = wanted + Math.Max(1, wanted / 2);
        List<ReflectorStatus> surplus = [.. keep.OrderByDescending(r => keep.Count(k => byName[k.Node].Domain == byName[r.Node].Domain)).ThenBy(r => r.Node, StringComparer.Ordinal).Take(Math.Max(0, keep.Count - most))];
        keep.RemoveAll(surplus.Contains);

        List<MeshMember> chosen = [.. keep.Select(r => byName[r.Node])];
        List<MeshMember> free = [.. candidates.Where(c => c.Alive && state.Reflectors.All(r => r.Node != c.Node))];
        List<ReflectorStatus> joining = [];
        while (chosen.Count < wanted && Best(free, chosen) is { } best)
        {
            free.Remove(best);
            chosen.Add(best);
            joining.Add(new ReflectorStatus { Node = best.Node, State = ReflectorState.Joining });
        }
        // One that is lost is better than none: it may only be the server that does not hear of it.
        int missing = Math.Max(0, wanted - chosen.Count);
        keep.AddRange(lost.Where(r => byName.ContainsKey(r.Node)).Take(missing));
        List<ReflectorStatus> leaving = [.. lost.Concat(surplus).Except(keep).Select(r => r with { State = ReflectorState.Leaving })];
        if (joining.Count == 0 && leaving.Count == 0) return state;
        return state with { Since = now, Reflectors = [.. keep.Concat(joining).Concat(leaving).OrderBy(r => r.Node, StringComparer.Ordinal)] };
    }

    private static RouteReflectionStatus Dismiss(RouteReflectionStatus state, DateTimeOffset now) => state.Mesh
        ? state
        : state with { Mesh = true, Since = now, Reflectors = [.. state.Reflectors.Select(r => r with { State = ReflectorState.Leaving })] };

    // Dedicated ones first, then a domain that has fewest, then those that reach most; the last word has a hash, so that not the same nodes bear everything everywhere.
    private static MeshMember? Best(List<MeshMember> free, List<MeshMember> chosen) => free
        .OrderByDescending(c => c.Preferred)
        .ThenBy(c => chosen.Count(x => x.Domain == c.Domain))
        .ThenByDescending(c => c.Families)
        .ThenBy(c => StableHash.Of(c.Node, "reflector"))
        .ThenBy(c => c.Node, StringComparer.Ordinal)
        .FirstOrDefault();
}
