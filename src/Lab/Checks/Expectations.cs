using Margay.Core.Net;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Checks;

/// <summary>
/// Turns expectations into probes: one for each (from, to, port, family), with the last word that was said about it. Where the source reaches somebody else who has the address too, an echo reply would not
/// say who sent it: there only ports are asked.
/// </summary>
internal static class Expectations
{
    /// <summary>All workloads reach each other: what is expected when the topology says nothing.</summary>
    private static readonly Expectation Everything = new() { From = ["*/*"], To = ["*/*"], Ports = [TransportPort.Icmp], Allow = true };

    internal static IReadOnlyList<ProbePlan> Plan(Topology topology, IReadOnlyList<LabAttachment> attachments)
    {
        List<Target> targets = Targets(topology, attachments);
        List<string> sources = Sources(topology);
        Dictionary<string, string> networks = sources.ToDictionary(s => s, s => topology.Workloads.FirstOrDefault(w => w.Id == s)?.NetworkId ?? "");
        ILookup<InetAddress, Target> holders = targets.SelectMany(t => t.Addresses.Select(a => (a, t))).ToLookup(p => p.a, p => p.t);
        Dictionary<(string From, string To, TransportPort Port, bool V6), ProbePlan> plans = [];
        foreach (Expectation e in topology.Expectations.Count > 0 ? topology.Expectations : [Everything])
        {
            foreach (string from in sources.Where(s => Expectation.MatchesAny(e.From, s)))
            {
                foreach (Target to in targets.Where(t => t.Name != from && Expectation.MatchesAny(e.To, t.Name)))
                {
                    foreach (TransportPort port in e.Ports.Where(to.Answerers.ContainsKey))
                    {
                        foreach (InetAddress address in to.Addresses)
                            if (address.IsIPv6 ? e.Ipv6 : e.Ipv4) plans[(from, to.Name, port, address.IsIPv6)] = new ProbePlan(from, to.Name, address, port, e.Allow, to.Answerers[port]);
                    }
                }
            }
        }
        // Somebody else whom the source reaches has the address: one of its own network, or of one that it may reach.
        bool HasTwin(ProbePlan p) => !p.Expected && holders[p.Target].Any(h => h.Name != p.To
            && (h.Network.Length > 0 && h.Network == networks[p.From] || plans.TryGetValue((p.From, h.Name, p.Port, p.IsIPv6), out ProbePlan? other) && other.Expected));
        IEnumerable<ProbePlan> asked = plans.Values.Select(p => p with { HasTwin = HasTwin(p) }).Where(p => !(p.HasTwin && p.Port == TransportPort.Icmp));
        return [.. asked.OrderBy(p => p.Port).ThenBy(p => sources.IndexOf(p.From)).ThenBy(p => sources.IndexOf(p.To)).ThenBy(p => p.IsIPv6)];
    }

    /// <summary>Workloads in the order of the file, then hosts, switches, server.</summary>
    private static List<string> Sources(Topology topology) =>
    [
        .. topology.Workloads.Select(w => w.Id), .. topology.Hosts.Select(h => h.Name), .. topology.Switches.Select(s => s.Name),
        .. topology.Server is { } server ? [server.Name] : Array.Empty<string>(),
    ];

    /// <summary>What may be asked for, and who answers on each port.</summary>
    /// <param name="Network">That its addresses mean something in; empty for the default one.</param>
    private sealed record Target(string Name, string Network, IReadOnlyList<InetAddress> Addresses, Dictionary<TransportPort, string> Answerers);

    private static List<Target> Targets(Topology topology, IReadOnlyList<LabAttachment> attachments)
    {
        List<Target> targets = [];
        foreach (Workload w in topology.Workloads)
        {
            if (attachments.FirstOrDefault(a => a.Workload == w.Id) is { } attachment) targets.Add(new Target(w.Id, w.NetworkId, [.. attachment.Addresses.Select(AddressOf)], Answering(w.Id, w.Ports)));
            if (w.Floating.Count > 0) targets.Add(new Target(w.FloatingId, "", w.Floating, Answering(w.Id, w.Ports)));
        }
        foreach (Host h in topology.Hosts)
        {
            Target host = new(h.Name, "", h.Addresses, Answering(h.Name, h.Ports));
            foreach (PublishedPort published in h.Published) host.Answerers[published.Port] = published.Workload;
            targets.Add(host);
        }
        return targets;
    }

    private static Dictionary<TransportPort, string> Answering(string name, IReadOnlyList<TransportPort> ports) => ports.Append(TransportPort.Icmp).ToDictionary(p => p, _ => name);

    private static InetAddress AddressOf(string text) => InetAddress.Parse(text.Split('/')[0]);
}
