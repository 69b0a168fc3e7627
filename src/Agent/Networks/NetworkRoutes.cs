using System.Collections.Immutable;
using System.Runtime.InteropServices;
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

    /// <summary>So many changes are imported at a time: the dataplane begins with the first while the others are looked at.</summary>
    private const int AtOnce = 1 << 14;

    /// <summary>More that wait are looked through for routes that have changed since.</summary>
    private const int MostWaiting = 1 << 18;

    // What is noted, for moments only: the speaker's loop must not wait while a table is imported. Taken inside of the other.
    private readonly Lock _gate = new();
    private Queue<ImmutableArray<RouteChange>> _noted = [];
    private int _waiting;
    private int _mostWaiting = MostWaiting;
    private IReadOnlyList<ImportingVrf>? _wanted;

    private readonly Lock _importing = new();
    private readonly VrfImporter _importer = new(ownVtep, ownRouterMac, kept);
    private readonly Dictionary<string, Network> _networks = [];

    /// <param name="Gateways">By the hops that they stand for, one list for equal ones (<see cref="VrfRouteChange.Hops"/>).</param>
    private sealed record Network(NetworkName Name, Dictionary<ImmutableArray<TunnelHop>, RouteNextHop[]> Gateways)
    {
        /// <summary>As the dataplane was told.</summary>
        public HashSet<TunnelHop> Peers { get; set; } = [];
    }

    /// <summary>What no peer has a say in: ranges that are not routed, and what the host has in every network: transit addresses, its services.</summary>
    public static IReadOnlyList<IpPrefix> KeptBy(DataplaneOptions options) => [.. s_neverRouted, options.TransitV4, options.TransitV6, .. options.Services.Select(s => IpPrefix.Host(s.Address))];

    public void Note(ImmutableArray<RouteChange> changes)
    {
        lock (_gate)
        {
            _noted.Enqueue(changes);
            _waiting += changes.Length;
            if (_waiting <= _mostWaiting) return;
            Dictionary<Nlri, RouteChange> latest = [];
            foreach (RouteChange change in _noted.SelectMany(n => n)) latest[change.Nlri] = change;
            _noted = new Queue<ImmutableArray<RouteChange>>(latest.Values.Chunk(AtOnce).Select(ImmutableCollectionsMarshal.AsImmutableArray));
            _waiting = latest.Count;
            _mostWaiting = Math.Max(MostWaiting, 2 * _waiting);
        }
    }

    public void Configure(IReadOnlyList<ImportingVrf> vrfs)
    {
        lock (_gate) _wanted = vrfs;
    }

    /// <summary>What has changed since the last call, in the order in which the dataplane shall hear it; or the first of much, and then there is more.</summary>
    public NetworkChanges Take()
    {
        lock (_importing)
        {
            List<ImmutableArray<RouteChange>> noted = [];
            IReadOnlyList<ImportingVrf>? wanted;
            bool isMore;
            lock (_gate)
            {
                for (int n = 0; n < AtOnce && _noted.TryDequeue(out ImmutableArray<RouteChange> some); n += some.Length) noted.Add(some);
                _waiting -= noted.Sum(n => n.Length);
                (wanted, _wanted) = (_wanted, null);
                isMore = _noted.Count > 0;
            }
            List<TunnelPeersChanged> peers = [];
            List<RoutesChanged> routes = [];
            if (wanted is not null) Configure(wanted, peers, routes);
            if (noted.Count > 0) Add(_importer.Apply(noted.SelectMany(n => n)), routes);
            foreach (string name in _importer.TakeHopsChanged()) AddPeers(_networks[name], peers);
            return new NetworkChanges(peers, routes, isMore);
        }
    }

    /// <summary>Of each network that imports here: routes in use, and tunnel ends that they lead to.</summary>
    public IReadOnlyList<(string Network, int Routes, int TunnelEnds)> Counts()
    {
        lock (_importing) return [.. _networks.Keys.Order(StringComparer.Ordinal).Select(n => (n, _importer.RoutesOf(n).Count, _importer.HopsOf(n).Count))];
    }

    /// <summary>Every path that some network here imports, with the reason for each that is not used.</summary>
    public IReadOnlyList<VrfPathRow> Rows()
    {
        lock (_importing) return [.. _importer.Rows()];
    }

    private void Configure(IReadOnlyList<ImportingVrf> vrfs, List<TunnelPeersChanged> peers, List<RoutesChanged> routes)
    {
        foreach (string gone in _networks.Keys.Except(vrfs.Select(v => v.Name)).ToArray())
        {
            RouteUpdate[] withdrawn = [.. _importer.RoutesOf(gone).Keys.Select(p => new RouteUpdate(new NetworkPrefix(_networks[gone].Name, p), []))];
            if (withdrawn.Length > 0) routes.Add(new RoutesChanged(withdrawn));
            if (_networks.Remove(gone, out Network? network)) peers.Add(new TunnelPeersChanged(network.Name, new Dictionary<MacAddress, InetAddress>()));
        }
        foreach (ImportingVrf vrf in vrfs) _networks.TryAdd(vrf.Name, new Network(new NetworkName(vrf.Name), []));
        Add(_importer.Configure(vrfs), routes);
    }

    // Changes of one network come one after the other.
    private void Add(IReadOnlyList<VrfRouteChange> changes, List<RoutesChanged> routes)
    {
        for (int from = 0, to; from < changes.Count; from = to)
        {
            Network network = _networks[changes[from].Vrf];
            for (to = from + 1; to < changes.Count && changes[to].Vrf == changes[from].Vrf;) to++;
            RouteUpdate[] updates = new RouteUpdate[to - from];
            for (int i = from; i < to; i++) updates[i - from] = new RouteUpdate(new NetworkPrefix(network.Name, changes[i].Prefix), GatewaysOf(network, changes[i].Hops));
            routes.Add(new RoutesChanged(updates));
        }
    }

    private static RouteNextHop[] GatewaysOf(Network network, ImmutableArray<TunnelHop> hops)
    {
        if (hops.IsEmpty) return [];
        if (!network.Gateways.TryGetValue(hops, out RouteNextHop[]? gateways)) network.Gateways[hops] = gateways = [.. hops.Select(h => new RouteNextHop(h.RouterMac.ToLinkLocal()))];
        return gateways;
    }

    private void AddPeers(Network network, List<TunnelPeersChanged> peers)
    {
        HashSet<TunnelHop> now = [.. _importer.HopsOf(network.Name.Value)];
        // Of sets that are not in use any more nothing is kept; the others' lists are made again when they are needed.
        network.Gateways.Clear();
        if (network.Peers.SetEquals(now)) return;
        network.Peers = now;
        Dictionary<MacAddress, InetAddress> ends = [];
        foreach (TunnelHop hop in now) ends[hop.RouterMac] = hop.Vtep;
        peers.Add(new TunnelPeersChanged(network.Name, ends));
    }
}

/// <summary>News of virtual networks for the dataplane.</summary>
/// <param name="Peers">To be told first: routes lead over them.</param>
/// <param name="Routes">Each of one network.</param>
/// <param name="IsMore">There is more to be taken.</param>
internal sealed record NetworkChanges(IReadOnlyList<TunnelPeersChanged> Peers, IReadOnlyList<RoutesChanged> Routes, bool IsMore);
