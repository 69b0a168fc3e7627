using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Ctl.Networks;

/// <summary>Looks through virtual networks, their workloads and the nodes for what does not agree. Pure.</summary>
internal static class NetworkAudit
{
    /// <summary>RFC 8200 §5.</summary>
    private const int LeastIpv6Mtu = 1280;

    /// <param name="asNumber">The cluster's, which automatic route targets are made of.</param>
    public static NetworkReport Run(IReadOnlyList<VirtualNetwork> networks, IReadOnlyList<WorkloadEndpoint> endpoints, IReadOnlyList<Node> nodes, uint? asNumber, IReadOnlyList<FloatingIP>? floating = null)
    {
        ILookup<string, WorkloadEndpoint> inside = endpoints.ToLookup(e => e.Spec.Network ?? "default");
        NetworkUsage[] usages = [.. networks.OrderBy(n => n.FullName, StringComparer.Ordinal).Select(n => Usage(n, [.. inside[n.FullName]], asNumber ?? Defaults.AsNumber))];
        IReadOnlyList<NetworkLeak> leaks = NetworkLeaks.Of(networks);
        ILookup<string, NetworkLeak> reached = leaks.ToLookup(l => TitleOf(l.Importer));
        ILookup<string, FloatingIP> addresses = (floating ?? []).ToLookup(f => $"{f.Namespace}/{f.Spec.Network}");
        usages = [.. usages.Select(u => u with
        {
            Imports = [.. reached[u.Name].Select(l => new NetworkReach(TitleOf(l.Exporter), l.Refusal ?? "reached"))],
            Floating = [.. addresses[u.Name].OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => new FloatingAddress(f.Spec.Address ?? "", f.Spec.Target ?? ""))],
        })];
        HashSet<string> known = [.. networks.Select(n => n.FullName), "default"];
        return new NetworkReport(usages,
        [
            .. Collisions(usages), .. Leaks(usages), .. SharedEnds(nodes), .. SmallMtus(networks),
            .. leaks.Where(l => l.Refusal is not null).Select(l => new NetworkProblem(NetworkProblemKind.ImportRefused, TitleOf(l.Importer), $"it does not reach {TitleOf(l.Exporter)}: {l.Refusal}")),
            .. inside.Where(i => !known.Contains(i.Key)).SelectMany(i => i).Select(e => new NetworkProblem(NetworkProblemKind.NoSuchNetwork, TitleOf(e),
                $"there is no VirtualNetwork {e.Spec.Network!.Replace('.', '/')}; create it, or delete the workload")),
            .. networks.SelectMany(n => inside[n.FullName]).Where(e => !IsUp(e)).Select(e => new NetworkProblem(NetworkProblemKind.NotProgrammed, TitleOf(e),
                $"node {e.Spec.Node} has not said that it is up; look there with margay endpoint list and margay node status")),
        ]);
    }

    // As users write it; the label before the first dot is the namespace.
    private static string TitleOf(string fullName) => fullName.Replace('.', '/');

    private static NetworkUsage Usage(VirtualNetwork network, IReadOnlyList<WorkloadEndpoint> inside, uint asNumber)
    {
        NetworkOnNode[] nodes = [.. inside.GroupBy(e => e.Spec.Node ?? "").OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new NetworkOnNode(g.Key, g.Count(), g.Count(IsUp)))];
        string[] automatic = network.Spec.Vni is { } vni ? [NetworkRouteTargets.Automatic(asNumber, vni)] : [];
        NetworkRouteTargets targets = network.Spec.RouteTargets ?? new();
        return new NetworkUsage(
            $"{network.Namespace ?? "default"}/{network.Name}", network.Spec.Vni, [.. (network.Spec.Subnets ?? []).Select(s => s.Cidr ?? "")], network.Spec.Mtu,
            targets.Import ?? automatic, targets.Export ?? automatic, targets.ExportAggregates ?? [], inside.Count, nodes, StateOf(network))
        {
            Egress = network.Spec.Egress?.Mode ?? NetworkEgress.None,
            Exports = [.. (network.Spec.Exports ?? []).Select(e => e.Network == NetworkLeaks.Any ? NetworkLeaks.Any : TitleOf(NetworkLeaks.FullName(e.Network ?? "", network)))],
        };
    }

    /// <summary>What the server says of it, in a line.</summary>
    private static string StateOf(VirtualNetwork network)
    {
        Condition? programmed = ConditionOf(network, "Programmed");
        if (programmed is null) return "not looked at by the server yet";
        if (ConditionOf(network, "Allocated") is { Status: "False", Message: { } waiting }) return waiting;
        if (programmed.Status == "True") return programmed.Message is { Length: > 0 } message ? message : "programmed";
        Condition? degraded = ConditionOf(network, "Degraded");
        return $"{(degraded?.Status == "True" ? "degraded" : "coming")}, {programmed.Message}: {degraded?.Message}";
    }

    private static Condition? ConditionOf(VirtualNetwork network, string type) => network.Status?.Conditions?.FirstOrDefault(c => c.Type == type);

    private static IEnumerable<NetworkProblem> Collisions(IEnumerable<NetworkUsage> networks) =>
        from same in networks.Where(n => n.Vni is not null).GroupBy(n => n.Vni)
        where same.Count() > 1
        select new NetworkProblem(NetworkProblemKind.VniCollision, $"VNI {same.Key}", $"{string.Join(" and ", same.Select(n => n.Name))} have it, a host can have one of them only; make all but one anew without spec.vni");

    private static IEnumerable<NetworkProblem> Leaks(NetworkUsage[] networks)
    {
        foreach (NetworkUsage to in networks)
        {
            foreach (NetworkUsage from in networks.Where(n => n.Name != to.Name))
            {
                string[] exported = [.. from.Export.Concat(from.ExportAggregates).Distinct()];
                if (to.Import.Intersect(exported).FirstOrDefault() is { } target)
                    yield return new NetworkProblem(NetworkProblemKind.RouteLeak, to.Name, $"it takes the routes of {from.Name}, by target {target}; if that is not wanted, remove {target} from spec.routeTargets.import");
                else if (exported.FirstOrDefault(t => NumberOf(t) is { } number && number == to.Vni) is { } wild)
                    yield return new NetworkProblem(NetworkProblemKind.WildcardLeak, from.Name,
                        $"its target {wild} ends in the VNI of {to.Name}: a router that imports the VNI from any AS, as FRR does by itself, takes its routes into {to.Name}; give it a target with another number, and such routers explicit imports");
            }
        }
    }

    private static IEnumerable<NetworkProblem> SharedEnds(IEnumerable<Node> nodes) =>
        from same in nodes.SelectMany(n => ((string?[])[n.Spec.Bgp?.Ipv4Address, n.Spec.Bgp?.Ipv6Address]).OfType<string>().Select(a => (Address: a.Split('/')[0], Node: n.Name))).GroupBy(n => n.Address, n => n.Node)
        where same.Count() > 1
        select new NetworkProblem(NetworkProblemKind.SharedTunnelEnd, same.Key,
            $"nodes {string.Join(" and ", same.Order(StringComparer.Ordinal))} have it, so that their Router's MACs and route distinguishers are the same and one hides the other; give each an address of its own (--ip, --ip6)");

    private static IEnumerable<NetworkProblem> SmallMtus(IEnumerable<VirtualNetwork> networks) =>
        from network in networks
        where network.Spec.Mtu < LeastIpv6Mtu && (network.Spec.Subnets ?? []).Any(s => s.Cidr?.Contains(':', StringComparison.Ordinal) == true)
        select new NetworkProblem(NetworkProblemKind.MtuTooSmall, $"{network.Namespace ?? "default"}/{network.Name}",
            string.Create(CultureInfo.InvariantCulture, $"its MTU is {network.Spec.Mtu}, and IPv6 needs {LeastIpv6Mtu}; raise spec.mtu, or remove its IPv6 subnets"));

    private static uint? NumberOf(string target) => uint.TryParse(target[(target.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;

    private static bool IsUp(WorkloadEndpoint endpoint) => endpoint.Status?.State == "Up";

    private static string TitleOf(WorkloadEndpoint endpoint) => $"{endpoint.Namespace ?? "default"}/{endpoint.Name}";
}
