using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Which networks reach which, worked out anew when a network that has to do with leaks changes: that is seldom, and what one leak does to another is not local. Reaching is mutual: the one without a
/// route back would answer nobody.
/// </summary>
internal sealed class LeakCalculator(IReadOnlyDictionary<string, VirtualNetwork> networks)
{
    private static readonly SortedSet<string> s_none = [];

    private Dictionary<string, SortedSet<string>> _partners = [];

    /// <summary>The networks that a network reaches.</summary>
    public IReadOnlyCollection<string> PartnersOf(string network) => _partners.GetValueOrDefault(network, s_none);

    /// <summary>A network changed. Returns those whose views may differ by that, besides itself.</summary>
    public IReadOnlyCollection<string> OnChanged(string fullName, VirtualNetwork? before, VirtualNetwork? now)
    {
        if (!Matters(before) && !Matters(now) && !_partners.ContainsKey(fullName)) return [];
        Dictionary<string, SortedSet<string>> old = _partners, partners = [];
        foreach (NetworkLeak leak in NetworkLeaks.Of(networks.Values).Where(l => l.Refusal is null))
        {
            Add(leak.Importer, leak.Exporter);
            Add(leak.Exporter, leak.Importer);
        }
        _partners = partners;
        HashSet<string> touched = [.. PartnersOf(fullName)];
        foreach (string network in old.Keys.Union(partners.Keys))
        {
            SortedSet<string> was = old.GetValueOrDefault(network, s_none), becomes = partners.GetValueOrDefault(network, s_none);
            if (!was.SetEquals(becomes)) touched.UnionWith([network, .. was, .. becomes]);
        }
        return touched;

        void Add(string from, string to)
        {
            if (!partners.TryGetValue(from, out SortedSet<string>? those)) partners[from] = those = new(StringComparer.Ordinal);
            those.Add(to);
        }
    }

    public IReadOnlyList<LeakView> ViewsOf(string network, IReadOnlySet<string> present)
    {
        List<LeakView> leaks = [];
        foreach (string partner in PartnersOf(network).Where(present.Contains))
            if (networks.TryGetValue(partner, out VirtualNetwork? other))
                leaks.Add(new LeakView { Network = partner, Subnets = [.. (other.Spec.Subnets ?? []).Select(s => s.Cidr).Where(c => IpPrefix.TryParse(c, out _)).OfType<string>()] });
        return leaks;
    }

    private static bool Matters(VirtualNetwork? network) => network?.Spec is { Imports.Count: > 0 } or { Exports.Count: > 0 };
}
