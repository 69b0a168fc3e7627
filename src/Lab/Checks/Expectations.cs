using Margay.Core.Net;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Checks;

/// <summary>Turns expectations into probes: one for each (from, to, port, family), with the last word that was said about it.</summary>
internal static class Expectations
{
    /// <summary>All workloads reach each other: what is expected when the topology says nothing.</summary>
    private static readonly Expectation Everything = new() { From = ["*/*"], To = ["*/*"], Ports = [TransportPort.Icmp], Allow = true };

    internal static IReadOnlyList<ProbePlan> Plan(Topology topology, IReadOnlyList<LabAttachment> attachments)
    {
        Dictionary<string, IReadOnlyList<InetAddress>> addresses = attachments.ToDictionary(
            a => a.Workload, a => (IReadOnlyList<InetAddress>)[.. a.Addresses.Select(AddressOf)], StringComparer.Ordinal);
        List<string> sources = Sources(topology);
        Dictionary<(string From, string To, TransportPort Port, bool V6), ProbePlan> plans = [];
        foreach (Expectation e in topology.Expectations.Count > 0 ? topology.Expectations : [Everything])
        {
            foreach (string from in sources.Where(s => Expectation.MatchesAny(e.From, s)))
            {
                foreach (Workload to in topology.Workloads.Where(w => w.Id != from && Expectation.MatchesAny(e.To, w.Id)))
                {
                    foreach (TransportPort port in e.Ports.Where(p => p.Transport == Transport.Icmp || to.Ports.Contains(p)))
                    {
                        foreach (InetAddress target in addresses.GetValueOrDefault(to.Id, []))
                            if (target.IsIPv6 ? e.Ipv6 : e.Ipv4) plans[(from, to.Id, port, target.IsIPv6)] = new ProbePlan(from, to.Id, target, port, e.Allow);
                    }
                }
            }
        }
        return [.. plans.Values.OrderBy(p => p.Port).ThenBy(p => sources.IndexOf(p.From)).ThenBy(p => sources.IndexOf(p.To)).ThenBy(p => p.IsIPv6)];
    }

    /// <summary>Workloads in the order of the file, then hosts, switches, server.</summary>
    private static List<string> Sources(Topology topology) =>
    [
        .. topology.Workloads.Select(w => w.Id), .. topology.Hosts.Select(h => h.Name), .. topology.Switches.Select(s => s.Name),
        .. topology.Server is { } server ? [server.Name] : Array.Empty<string>(),
    ];

    private static InetAddress AddressOf(string text) => InetAddress.Parse(text.Split('/')[0]);
}
