using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Networks;

/// <summary>
/// Received EVPN routes on their way to the dataplane: notes best paths (on the speaker's loop), imports them into the networks that are here, and gives what the dataplane has
/// to hear: routes over link-local gateways made from Router's MACs, and the hosts behind each tunnel. Safe to use from several threads.
/// </summary>
/// <param name="kept">See <see cref="KeptBy"/>.</param>
internal sealed class NetworkRoutes(InetAddress ownVtep, MacAddress ownRouterMac, IReadOnlyList<IpPrefix>? kept = null)
{
    private static readonly IpPrefix[] s_neverRouted = [.. ((string[])["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::1/128", "fe80::/10", "ff00::/8"]).Select(IpPrefix.Parse)];

    // What is noted, for moments only: the speaker's loop must not wait while a table is imported. Taken inside of the other.
    private readonly Lock _gate = new();

    private readonly Lock _importing = new();
    private readonly VrfImporter _importer = new(ownVtep, ownRouterMac, kept);
    private readonly Dictionary<string, Network> _networks = [];
    private Dictionary<Nlri, RouteChange> _noted = [];
    private IReadOnlyList<ImportingVrf>? _wanted;

    private sealed class Network
    {
        public Dictionary<IpPrefix, ImmutableArray<TunnelHop>> Routes { get; } = [];

        /// <summary>How many routes lead through each.</summary>
        public Dictionary<TunnelHop, int> Users { get; } = [];
    }

    /// <summary>What no peer has a say in: ranges that are not routed, and what the host has in every network: transit addresses, its services.</summary>
    public static IReadOnlyList<IpPrefix> KeptBy(DataplaneOptions options) => [.. s_neverRouted, options.TransitV4, options.TransitV6, .. options.Services.Select(s => IpPrefix.Host(s.Address))];

    public void Note(in RouteChange change)
    {
        lock (_gate) _noted[change.Nlri] = change;
    }

    public void Configure(IReadOnlyList<ImportingVrf> vrfs)
    {
        lock (_gate) _wanted = vrfs;
    }

    /// <summary>What has changed since the last call, in the order in which the dataplane shall hear it.</summary>
    public (IReadOnlyList<TunnelPeersChanged> Peers, IReadOnlyList<RouteUpdate> Routes) Take()
    {
        lock (_importing)
        {
            Dictionary<Nlri, RouteChange> noted;
            IReadOnlyList<ImportingVrf>? wanted;
            lock (_gate)
            {
                (noted, wanted) = (_noted, _wanted);
                (_noted, _wanted) = ([], null);
            }
            List<VrfRouteChange> changes = [];
            List<RouteUpdate> updates = [];
            HashSet<string> peersChanged = [];
            if (wanted is { } vrfs)
            {
                foreach (string gone in _networks.Keys.Except(vrfs.Select(v => v.Name)).ToArray())
                {
                    updates.AddRange(_networks[gone].Routes.Keys.Select(p => new RouteUpdate(new NetworkPrefix(new NetworkName(gone), p), [])));
                    _networks.Remove(gone);
                    peersChanged.Add(gone);
                }
                foreach (ImportingVrf vrf in vrfs) _networks.TryAdd(vrf.Name, new Network());
                changes.AddRange(_importer.Configure(vrfs));
            }
            changes.AddRange(_importer.Apply(noted.Values));
            foreach (VrfRouteChange change in changes)
            {
                Network network = _networks[change.Vrf];
                foreach (TunnelHop hop in network.Routes.GetValueOrDefault(change.Prefix, []))
                {
                    if (--network.Users[hop] > 0) continue;
                    network.Users.Remove(hop);
                    peersChanged.Add(change.Vrf);
                }
                foreach (TunnelHop hop in change.Hops)
                {
                    network.Users[hop] = network.Users.GetValueOrDefault(hop) + 1;
                    if (network.Users[hop] == 1) peersChanged.Add(change.Vrf);
                }
                if (change.Hops.IsEmpty) network.Routes.Remove(change.Prefix);
                else network.Routes[change.Prefix] = change.Hops;
                updates.Add(new RouteUpdate(new NetworkPrefix(new NetworkName(change.Vrf), change.Prefix), [.. change.Hops.Select(h => new RouteNextHop(h.RouterMac.ToLinkLocal()))]));
            }
            return ([.. peersChanged.Select(PeersOf)], updates);
        }
    }

    /// <summary>Every path that some network here imports, with the reason for each that is not used.</summary>
    public IReadOnlyList<VrfPathRow> Rows()
    {
        lock (_importing) return [.. _importer.Rows()];
    }

    private TunnelPeersChanged PeersOf(string network)
    {
        Dictionary<MacAddress, InetAddress> peers = [];
        if (_networks.TryGetValue(network, out Network? found))
            foreach (TunnelHop hop in found.Users.Keys) peers[hop.RouterMac] = hop.Vtep;
        return new TunnelPeersChanged(new NetworkName(network), peers);
    }
}
