using Margay.Agent.Attach;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Networks;

/// <summary>
/// What this node tells its peers of virtual networks: an EVPN route of type 5 (RFC 9136) for each address in use, for each block where the network asks for it, for everything where this node is its gateway, and which
/// route targets it wants to hear of (RFC 4684): those of networks that have an endpoint here, or are reached from one that has; a route reflector, all. Pure.
/// </summary>
internal static class NetworkAnnouncements
{
    private const ushort VxlanEncapsulation = 8;

    // Above the default of 100, for those that do not look at the sequence.
    private const uint LocalPrefOfMoved = 200;
    private static readonly IpPrefix[] s_everything = [new(InetAddress.AnyV4, 0), new(InetAddress.AnyV6, 0)];

    public static IReadOnlyDictionary<Nlri, LocalRoute> Of(HeldView view, AddressUseSnapshot use, TunnelEnd? end, InetAddress routerId)
    {
        Dictionary<Nlri, LocalRoute> routes = [];
        if (view.Settings is not { } settings) return routes;
        if (settings.RouteReflectorClusterId is { Length: > 0 }) routes[RouteTargetMembership.All] = LocalRoute.Default;
        if (end is null) return routes;
        List<NetworkView> present = [.. PresentIn(view, use)];
        IReadOnlyDictionary<string, ushort> numbers = NumbersOf(present);
        ILookup<NetworkName, NetworkPrefix> hosts = use.Hosts.ToLookup(h => h.Network), blocks = use.Blocks.ToLookup(b => b.Network);
        foreach (NetworkView network in present)
        {
            foreach (ExtendedCommunity target in Targets(network.Import)) routes[RouteTargetMembership.Of(settings.AsNumber, target)] = LocalRoute.Default;
            RouteDistinguisher rd = RouteDistinguisher.Of(routerId, numbers[network.Name]);
            NetworkName name = new(network.Name);
            Add(hosts[name], network.Export);
            if (network.IsGateway) Add(s_everything.Select(p => new NetworkPrefix(name, p)), network.Export);
            if (network.ExportAggregates.Count > 0) Add(blocks[name], network.ExportAggregates);

            void Add(IEnumerable<NetworkPrefix> prefixes, IReadOnlyList<string> export)
            {
                LocalRoute route = new()
                {
                    NextHop = end.Address,
                    ExtendedCommunities = [.. Targets(export).Append(ExtendedCommunity.Encapsulation(VxlanEncapsulation)).Append(ExtendedCommunity.RouterMac(end.RouterMac)).OrderBy(c => c.Value)],
                };
                foreach (NetworkPrefix prefix in prefixes)
                {
                    EvpnRoute evpn = EvpnRoute.IpPrefix(rd, prefix.Prefix, (uint)network.Vni);
                    LocalRoute told = route with { NlriPayload = evpn.Payload };
                    routes[evpn.Nlri] = use.Moves.TryGetValue(prefix, out uint sequence)
                        ? told with { LocalPref = LocalPrefOfMoved, ExtendedCommunities = [.. told.ExtendedCommunities.Append(ExtendedCommunity.MacMobility(sequence, sticky: false)).OrderBy(c => c.Value)] }
                        : told;
                }
            }
        }
        return routes;
    }

    /// <summary>The networks that import here: those with an address in use, and those that others here reach.</summary>
    public static IReadOnlyList<ImportingVrf> Vrfs(HeldView view, AddressUseSnapshot use) =>
        [.. PresentIn(view, use).Select(n => new ImportingVrf(n.Name, [.. Targets(n.Import)], (uint)n.Vni) { MostRoutes = n.Limits?.Routes })];

    /// <summary>What must be said to get from one set of announcements to another.</summary>
    public static IReadOnlyList<LocalRouteChange> Difference(IReadOnlyDictionary<Nlri, LocalRoute> before, IReadOnlyDictionary<Nlri, LocalRoute> after) =>
    [
        .. after.Where(a => !before.TryGetValue(a.Key, out LocalRoute? old) || !SameAs(old, a.Value)).Select(a => new LocalRouteChange(a.Key, a.Value)),
        .. before.Keys.Where(k => !after.ContainsKey(k)).Select(k => new LocalRouteChange(k, null)),
    ];

    private static bool SameAs(LocalRoute a, LocalRoute b) =>
        a.NextHop == b.NextHop && a.LocalPref == b.LocalPref && a.ExtendedCommunities.SequenceEqual(b.ExtendedCommunities) && a.NlriPayload.Span.SequenceEqual(b.NlriPayload.Span);

    private static IEnumerable<NetworkView> PresentIn(HeldView view, AddressUseSnapshot use)
    {
        HashSet<string> inUse = [.. use.Hosts.Select(h => h.Network.Value)];
        return view.Networks.Values.Where(n => n.Needed || inUse.Contains(n.Name));
    }

    internal static IEnumerable<ExtendedCommunity> Targets(IEnumerable<string> texts)
    {
        foreach (string text in texts)
            if (RouteTarget.TryParse(text, out ExtendedCommunity target)) yield return target;
    }

    /// <summary>
    /// A route distinguisher has 16 bits for the network: the lower ones of its VNI, or where two networks here share these the next free. Distinct is all that it must be, on
    /// this host.
    /// </summary>
    internal static IReadOnlyDictionary<string, ushort> NumbersOf(IEnumerable<NetworkView> networks)
    {
        Dictionary<string, ushort> numbers = [];
        HashSet<ushort> taken = [];
        foreach (NetworkView network in networks.OrderBy(n => n.Vni))
        {
            ushort number = (ushort)network.Vni;
            while (!taken.Add(number)) number++;
            numbers[network.Name] = number;
        }
        return numbers;
    }
}
