using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation;

/// <summary>One network's wish to reach another.</summary>
/// <param name="Importer">NAMESPACE.NAME of the one that says <c>imports</c>.</param>
/// <param name="Exporter">NAMESPACE.NAME of the other, whether or not there is one.</param>
/// <param name="Refusal">Why it has no effect, in words with the remedy; null when it has.</param>
public sealed record NetworkLeak(string Importer, string Exporter, string? Refusal);

/// <summary>
/// Which leaks between networks have effect: those to which both sides consent, and with which every address still means one thing in each network that is part of it. Pure: the same networks give the
/// same answer, whatever came first. Where leaks exclude each other, those of the older importer have effect (of two of one second, that with the lower VNI).
/// </summary>
public static class NetworkLeaks
{
    /// <summary>In <see cref="NetworkReference.Network"/> of exports: every network.</summary>
    public const string Any = "*";

    /// <summary>Every import of every network, in a steady order.</summary>
    public static IReadOnlyList<NetworkLeak> Of(IEnumerable<VirtualNetwork> networks)
    {
        Dictionary<string, VirtualNetwork> known = [];
        foreach (VirtualNetwork network in networks) known[network.FullName] = network;
        Dictionary<string, Neighbourhood> around = [];
        List<NetworkLeak> leaks = [];
        foreach (VirtualNetwork importer in known.Values.Where(n => n.Spec.Imports is { Count: > 0 }).OrderBy(n => n.Metadata.CreationTimestamp).ThenBy(n => n.Spec.Vni).ThenBy(n => n.FullName, StringComparer.Ordinal))
        {
            foreach (string exporter in importer.Spec.Imports!.Where(i => i.Network is { Length: > 0 }).Select(i => FullName(i.Network!, importer)).Distinct().Order(StringComparer.Ordinal))
                leaks.Add(new NetworkLeak(importer.FullName, exporter, Refusal(importer, exporter, known, around)));
        }
        return leaks;
    }

    /// <summary>What a network means by a name: NAMESPACE/NAME, or NAME of its own namespace.</summary>
    public static string FullName(string name, VirtualNetwork of) => name.Contains('/', StringComparison.Ordinal) ? name.Replace('/', '.') : VirtualNetwork.FullNameOf(of.Namespace ?? "default", name);

    private static string? Refusal(VirtualNetwork importer, string name, Dictionary<string, VirtualNetwork> known, Dictionary<string, Neighbourhood> around)
    {
        if (name == importer.FullName) return "a network needs no leak to itself; remove it from spec.imports";
        if (!known.TryGetValue(name, out VirtualNetwork? exporter)) return $"there is no VirtualNetwork {Title(name)}; create it, or remove it from spec.imports";
        if (!(exporter.Spec.Exports ?? []).Any(e => e.Network == Any || (e.Network is { Length: > 0 } to && FullName(to, exporter) == importer.FullName)))
            return $"{Title(name)} does not consent; it has to name {Title(importer.FullName)} in its spec.exports";
        Neighbourhood atImporter = Around(importer), atExporter = Around(exporter);
        if (atImporter.Has(name)) return null; // The other one asked first.
        if (atExporter.Overlap(importer) is { } seen) return Clash(importer, seen, exporter);
        if (atImporter.Overlap(exporter) is { } here) return Clash(exporter, here, importer);
        atImporter.Add(exporter);
        atExporter.Add(importer);
        return null;

        Neighbourhood Around(VirtualNetwork network) => around.TryGetValue(network.FullName, out Neighbourhood? there) ? there : around[network.FullName] = new Neighbourhood(network);
    }

    private static string Clash(VirtualNetwork of, (IpPrefix Range, IpPrefix Taken, string Owner) overlap, VirtualNetwork inside) => overlap.Owner == inside.FullName
        ? $"{overlap.Range} of {Title(of.FullName)} overlaps {overlap.Taken} of {Title(inside.FullName)}; networks that reach each other need ranges of their own"
        : $"{overlap.Range} of {Title(of.FullName)} overlaps {overlap.Taken} of {Title(overlap.Owner)}, which {Title(inside.FullName)} reaches already; one of them needs other ranges";

    private static string Title(string fullName) => fullName.Replace('.', '/');

    /// <summary>Which range leads where, seen from one network. Ranges in it do not overlap.</summary>
    private sealed class Neighbourhood
    {
        private readonly SortedSet<IpPrefix> _ranges = [];
        private readonly Dictionary<IpPrefix, string> _owners = [];
        private readonly HashSet<string> _networks = [];

        public Neighbourhood(VirtualNetwork own) => Add(own);

        public bool Has(string network) => _networks.Contains(network);

        public void Add(VirtualNetwork network)
        {
            _networks.Add(network.FullName);
            foreach (IpPrefix range in RangesOf(network))
                if (_ranges.Add(range)) _owners[range] = network.FullName;
        }

        public (IpPrefix Range, IpPrefix Taken, string Owner)? Overlap(VirtualNetwork network)
        {
            foreach (IpPrefix range in RangesOf(network))
            {
                IpPrefix first = new(range.IsIPv6 ? InetAddress.AnyV6 : InetAddress.AnyV4, 0), last = IpPrefix.Host(range.Last);
                // Of ranges that do not overlap each other, only the last one that begins before this one's end can overlap it.
                foreach (IpPrefix near in _ranges.GetViewBetween(first, last).Reverse().Take(1))
                    if (near.Overlaps(range)) return (range, near, _owners[near]);
            }
            return null;
        }

        private static IEnumerable<IpPrefix> RangesOf(VirtualNetwork network)
        {
            foreach (NetworkSubnet subnet in network.Spec.Subnets ?? [])
                if (IpPrefix.TryParse(subnet.Cidr, out IpPrefix range)) yield return range;
        }
    }
}
