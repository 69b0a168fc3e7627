using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>Which networks take the routes with a route target. Targets are compared by what they say, not by how they are spelled.</summary>
internal sealed class TargetImporters
{
    private readonly Dictionary<string, HashSet<string>> _byTarget = [];

    // Those that name none: their target follows from the cluster's AS, which may change.
    private readonly Dictionary<int, HashSet<string>> _automatic = [];

    public void Set(string network, VirtualNetwork? before, VirtualNetwork? now)
    {
        Change(before, set => set.Remove(network));
        Change(now, set => set.Add(network));
    }

    public IEnumerable<string> Of(string target, uint asNumber)
    {
        string canonical = NetworkRouteTargets.Canonical(target);
        IEnumerable<string> named = _byTarget.GetValueOrDefault(canonical) ?? [];
        return VniOf(canonical) is { } vni && NetworkRouteTargets.Automatic(asNumber, vni) == canonical ? named.Concat(_automatic.GetValueOrDefault(vni) ?? []) : named;
    }

    private void Change(VirtualNetwork? network, Action<HashSet<string>> change)
    {
        if (network?.Spec.Vni is not { } vni) return;
        if (network.Spec.RouteTargets?.Import is not { } targets) Change(_automatic, vni, change);
        else foreach (string target in targets.Select(NetworkRouteTargets.Canonical)) Change(_byTarget, target, change);
    }

    private static void Change<TKey>(Dictionary<TKey, HashSet<string>> sets, TKey key, Action<HashSet<string>> change) where TKey : notnull
    {
        if (!sets.TryGetValue(key, out HashSet<string>? set)) sets[key] = set = [];
        change(set);
        if (set.Count == 0) sets.Remove(key);
    }

    private static int? VniOf(string target) => int.TryParse(target.AsSpan(target.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture, out int vni) ? vni : null;
}
