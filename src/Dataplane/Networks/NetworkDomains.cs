using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Managers;
using Microsoft.Extensions.Logging;

namespace Margay.Dataplane.Networks;

// The dataplane's events by network:
//
//   event ─► the default network's pass
//        └─► its part for each virtual network ─► KnownNetwork (kept) ─► DataplanePass of the network, while it has a namespace
//
// A burst costs only the networks that it touches: only passes that heard something, or whose time has come, run. The default network's pass, which has the host's filter,
// is told whom tunnels lead to before any tunnel is opened.

/// <summary>The virtual networks of this host: a pass for each that has a namespace. Owned by the dataplane's loop.</summary>
/// <param name="host">Of the default network.</param>
internal sealed class NetworkDomains(DataplaneOptions options, FixedRules rules, IKernel host, Action<DataplaneReport> report, Action<NetworkName, KernelNotification> onKernel, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<NetworkName, KnownNetwork> _known = [];
    private readonly Dictionary<NetworkName, Domain> _open = [];
    private readonly HashSet<Domain> _dirty = [];
    private readonly ViewSplit _split = new();
    private readonly NetworkLegs _legs = new(options);
    private readonly NetworkLeakLinks _leaks = new(options);
    private readonly TunnelEndReach _reach = new(host);
    private bool _viewIsComplete;
    private bool _restored;
    private bool _routesInSync;
    private readonly HashSet<NetworkName> _tunnelsChanged = [];

    /// <summary>Networks that have not been told which of their hosts are lost.</summary>
    private readonly HashSet<NetworkName> _peersChanged = [];

    // Reflectors of other makes may say End-of-RIB for EVPN before they know which route targets we want (RFC 4684 §6), so that routes come after it: what was found is kept a little longer.
    private long _settled = long.MaxValue;

    private sealed class Domain(RoutingDomain domain, DataplanePass pass)
    {
        public RoutingDomain Routing => domain;
        public DataplanePass Pass => pass;

        /// <summary>When to run by the clock; a timestamp.</summary>
        public long Due { get; set; } = long.MaxValue;

        /// <summary>Waits for the host's filter to know of it.</summary>
        public TunnelSpec? Tunnel { get; set; }

        /// <summary>Of its tunnel; null when it has none yet.</summary>
        public uint? Vni { get; set; }

        /// <summary>Its network leaves: what is heard of it from now on is of no interest. Read by the monitor's thread.</summary>
        public volatile bool Leaves;
    }

    /// <summary>Takes what concerns virtual networks; returns what of it the default network's pass shall hear, or null.</summary>
    public DataplaneEvent? On(DataplaneEvent happened)
    {
        switch (happened)
        {
            case ViewChanged e: return OnView(e.Delta);
            case EndpointAttached e when !e.Endpoint.Network.IsDefault:
                Known(e.Endpoint.Network).Attach(e.Endpoint);
                Tell(e.Endpoint.Network, e);
                OnWorkloadsChanged(e.Endpoint.Network);
                return null;
            case EndpointDetached e when new NetworkName(ViewSplit.NetworkOf(e.Id)) is { IsDefault: false } network:
                Known(network).Detach(e.Id);
                if (!_open.ContainsKey(network)) report(new EndpointRemoved(e.Id));
                Tell(network, e);
                OnWorkloadsChanged(network);
                return null;
            case EndpointsRestored:
                _restored = true;
                foreach (NetworkName network in _open.Keys) Tell(network, happened);
                return happened;
            case BlocksChanged e: return OnBlocks(e);
            case RoutesChanged e: return OnRoutes(e);
            case TunnelPeersChanged e:
                _reach.Replace(Known(e.Network).Peers.Values, e.Peers.Values);
                Known(e.Network).Peers = e.Peers;
                _tunnelsChanged.Add(e.Network);
                if (Find(e.Network) is { } there) there.Routing.Tunnel!.SetPeers(e.Peers);
                _peersChanged.Add(e.Network);
                return null;
            case TunnelEndsLost e:
                _reach.SetTold(e.Ends);
                RefreshReach();
                return null;
            case KernelChanged { Network.IsDefault: true } e:
                _reach.On(e.Notification);
                return happened;
            case KernelChanged e:
                if (e.Notification is LinkNotification { Removed: true, Name: { } link } && link.StartsWith(options.InterfacePrefix, StringComparison.Ordinal)) report(new WorkloadLinkGone(link));
                if (e.Notification is LinkNotification changed) _leaks.OnLinkChanged(e.Network, changed.Name);
                if (_open.GetValueOrDefault(e.Network)?.Pass.IsConcerned(e.Notification) is true) Tell(e.Network, e);
                return null;
            case NetworkOpened e:
                Open(e);
                return null;
            case NetworkClosed e:
                e.Done.TrySetResult(Close(e.Network, forGood: true));
                return null;
            default: return happened;
        }
    }

    /// <summary>Looks at the clock, and says whom the host's filter must know, if that has changed since the last call.</summary>
    public TunnelsChanged? TakeTunnels()
    {
        bool settled = false;
        if (_settled <= time.GetTimestamp())
        {
            (_routesInSync, _settled, settled) = (true, long.MaxValue, true);
            foreach (NetworkName network in _open.Keys) Tell(network, new RoutesChanged([], InSync: true));
        }
        if (_tunnelsChanged.Count == 0 && !settled) return null;
        TunnelsChanged changed = new([.. _tunnelsChanged.Union(_tunnelsChanged.SelectMany(ReachedFrom).ToArray()).Select(n => new NetworkTunnel(n, _open.GetValueOrDefault(n)?.Vni, [.. EndsOf(n)]))], _routesInSync);
        _tunnelsChanged.Clear();
        return changed;
    }

    /// <summary>Looks which tunnel ends can be reached, and has networks leave the others at once. To be called when the host's own routes are in the kernel.</summary>
    public void RefreshReach()
    {
        foreach (NetworkName network in _reach.Refresh() ? (IEnumerable<NetworkName>)_open.Keys : _peersChanged)
            if (_open.TryGetValue(network, out Domain? domain) && domain.Pass.SetLost(_known[network].HostsAt(_reach.Lost))) _dirty.Add(domain);
        _peersChanged.Clear();
    }

    /// <summary>A host that has workloads of one of two networks that reach each other sends in both.</summary>
    private IEnumerable<InetAddress> EndsOf(NetworkName network) =>
        ReachedFrom(network).Prepend(network).SelectMany(n => _known.GetValueOrDefault(n)?.Peers.Values ?? []).Distinct();

    private IEnumerable<NetworkName> ReachedFrom(NetworkName network) => (_known.GetValueOrDefault(network)?.View?.Leaks ?? []).Select(l => new NetworkName(l.Network));

    /// <summary>What the host's filter must know of networks' legs, if that has changed since the last call.</summary>
    public LegsChanged? TakeLegs() => _legs.Take();

    /// <summary>Applies what is due in each network. Returns when to run again by the clock, or null.</summary>
    /// <param name="isGuarded">Whether the tunnel of a VNI may be opened.</param>
    /// <param name="isLegGuarded">Whether a leg may be made.</param>
    public TimeSpan? Run(Func<uint, bool> isGuarded, Func<HostLeg, bool> isLegGuarded)
    {
        long now = time.GetTimestamp();
        foreach (Domain domain in _open.Values.Where(d => d.Due <= now)) _dirty.Add(domain);
        foreach (Domain domain in _dirty)
        {
            TimeSpan? tunnel = OpenTunnel(domain, isGuarded), leg = _legs.BeforePass(domain.Routing.Network, isLegGuarded), again = domain.Pass.Run();
            if (_legs.AfterPass(domain.Routing.Network)) leg = TimeSpan.Zero;
            again = new[] { tunnel, leg, again }.Min();
            domain.Due = again is { } wait ? time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency) : long.MaxValue;
        }
        _dirty.Clear();
        TimeSpan? leaks = _viewIsComplete && _restored ? _leaks.Reconcile(GuardsLeak, OnLeakMade) : null;
        if (_dirty.Count > 0) leaks = TimeSpan.Zero;
        long next = Math.Min(_settled, _open.Count == 0 ? long.MaxValue : _open.Values.Min(d => d.Due));
        TimeSpan? byClock = next == long.MaxValue ? null : TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, time.GetElapsedTime(time.GetTimestamp(), next).Ticks));
        return new[] { byClock, leaks }.Min();
    }

    private bool GuardsLeak(NetworkName network, LeakPeer peer) => _open[network].Pass.Guards(peer);

    private void OnLeakMade(NetworkName network, Netlink.Route.Link link) => Tell(network, new KernelChanged(new LinkNotification(link.Index, link.Name, false, true), network));

    /// <summary>What networks have to hear of those that they reach.</summary>
    private void PlanLeaks()
    {
        foreach ((NetworkName network, LeaksChanged leaks) in _leaks.Plan()) Tell(network, leaks);
    }

    /// <summary>Notifications of these networks were lost: anything in them may have changed. The others are not read back: that would be dearer with each network there is.</summary>
    public void NoteOverrun(IEnumerable<NetworkName> networks)
    {
        foreach (NetworkName network in networks)
        {
            if (network.IsDefault) _reach.On(new OverrunNotification());
            Find(network)?.Pass.NoteOverrun();
            _leaks.OnLinkChanged(network, null);
        }
    }

    public void OnDefect()
    {
        foreach (Domain domain in _open.Values)
        {
            domain.Pass.OnDefect();
            _dirty.Add(domain);
        }
        _leaks.OnAllChanged();
    }

    /// <summary>Adds the rows of all networks.</summary>
    public DataplaneSnapshot AddTo(DataplaneSnapshot snapshot)
    {
        DataplaneSnapshot[] networks = [.. _open.OrderBy(d => d.Key).Select(d => d.Value.Pass.Snapshot())];
        return snapshot with
        {
            Endpoints = [.. snapshot.Endpoints, .. networks.SelectMany(n => n.Endpoints)],
            Routes = [.. snapshot.Routes, .. networks.SelectMany(n => n.Routes)],
            InSync = snapshot.InSync && networks.All(n => n.InSync),
            Pending = [.. snapshot.Pending, .. networks.SelectMany(n => n.Pending), .. _leaks.Refused()],
        };
    }

    /// <summary>Closes the kernels; what is in them stays.</summary>
    public void Dispose()
    {
        foreach (Domain domain in _open.Values) domain.Routing.Kernel.Dispose();
        _open.Clear();
    }

    private ViewChanged OnView(ViewDelta delta)
    {
        if (delta.KeepAlive) return new ViewChanged(delta);
        _viewIsComplete |= delta.Snapshot;
        HashSet<string> named = [.. (delta.Networks ?? []).Select(n => n.Name)];
        IEnumerable<string> gone = delta.Snapshot ? _known.Keys.Select(k => k.Value).Where(n => !named.Contains(n)) : delta.RemovedNetworks ?? [];
        foreach (string name in gone.ToArray()) Known(new NetworkName(name)).View = null;
        foreach (NetworkView network in delta.Networks ?? [])
        {
            Known(new NetworkName(network.Name)).View = network;
            _tunnelsChanged.Add(new NetworkName(network.Name));
            if (Find(new NetworkName(network.Name)) is not { } domain) continue;
            domain.Pass.On(new LimitsChanged(network.Limits));
            WantTunnel(domain, network);
        }
        IEnumerable<NetworkName> changed = delta.Snapshot ? _open.Keys : named.Concat(delta.RemovedNetworks ?? []).Select(n => new NetworkName(n)).Where(_open.ContainsKey);
        foreach (NetworkName open in changed.ToArray())
        {
            WantOutside(open);
            _leaks.SetView(open, Known(open).View);
        }
        PlanLeaks();
        Dictionary<string, ViewDelta> parts = _split.Of(delta, delta.Snapshot ? _known.Keys.Select(k => k.Value).ToArray() : []);
        foreach ((string name, ViewDelta part) in parts)
        {
            NetworkName network = new(name);
            if (network.IsDefault) continue;
            Known(network).Apply(part);
            Tell(network, new ViewChanged(part));
        }
        foreach (NetworkName empty in _known.Where(k => k.Value.IsEmpty && !_open.ContainsKey(k.Key)).Select(k => k.Key).ToArray())
        {
            _reach.Replace(_known[empty].Peers.Values, []);
            _known.Remove(empty);
        }
        return new ViewChanged(parts["default"]);
    }

    private BlocksChanged OnBlocks(BlocksChanged e)
    {
        ILookup<NetworkName, NetworkPrefix> blocks = e.Blocks.ToLookup(b => b.Network);
        foreach (NetworkName network in _known.Keys.Union(blocks.Select(b => b.Key)).Where(n => !n.IsDefault).ToArray())
        {
            NetworkPrefix[] own = [.. blocks[network]];
            if (own.SequenceEqual(Known(network).Blocks)) continue;
            Known(network).Blocks = own;
            Tell(network, new BlocksChanged(own));
        }
        return new BlocksChanged([.. blocks[NetworkName.Default]]);
    }

    private RoutesChanged OnRoutes(RoutesChanged e)
    {
        if (e.InSync && !_routesInSync && _settled == long.MaxValue) _settled = time.GetTimestamp() + (long)(options.NetworkSettleTime.TotalSeconds * time.TimestampFrequency);
        // Most batches are of one network.
        if (e.Routes.Count > 0 && e.Routes[0].Prefix.Network is { IsDefault: false } only && e.Routes.All(r => r.Prefix.Network == only))
        {
            foreach (RouteUpdate update in e.Routes) Known(only).Learn(update);
            Tell(only, new RoutesChanged(e.Routes));
            return new RoutesChanged([], e.InSync);
        }
        ILookup<NetworkName, RouteUpdate> routes = e.Routes.ToLookup(r => r.Prefix.Network);
        foreach (RouteUpdate update in routes[NetworkName.Default]) _reach.OnRouteChanged(update.Prefix.Prefix);
        foreach (IGrouping<NetworkName, RouteUpdate> updates in routes.Where(r => !r.Key.IsDefault))
            foreach (RouteUpdate update in updates) Known(updates.Key).Learn(update);
        foreach (IGrouping<NetworkName, RouteUpdate> updates in routes.Where(r => !r.Key.IsDefault)) Tell(updates.Key, new RoutesChanged([.. updates]));
        return new RoutesChanged([.. routes[NetworkName.Default]], e.InSync);
    }

    private void Open(NetworkOpened opened)
    {
        Close(opened.Network, forGood: false)?.Dispose();
        RoutingDomain routing = new(opened.Network, opened.Kernel, new Tunnel(opened.Kernel), new Leg(opened.Kernel));
        Domain domain = new(routing, new DataplanePass(options, rules, routing, report, time, logger));
        if (opened.IsNew) domain.Pass.BeginEmpty();
        _open[opened.Network] = domain;
        _tunnelsChanged.Add(opened.Network);
        _peersChanged.Add(opened.Network);
        opened.Kernel.Listen(n =>
        {
            if (!domain.Leaves) onKernel(opened.Network, n);
        });
        KnownNetwork known = Known(opened.Network);
        // A tunnel that is found is guarded, whether or not the view knows its network.
        if (!opened.IsNew && opened.Kernel.GetLink(Tunnel.Name) is { Ok: true } found && found.Value.Vxlan is { } vxlan) domain.Vni = vxlan.Vni;
        if (known.View is { } view)
        {
            domain.Pass.On(new LimitsChanged(view.Limits));
            WantTunnel(domain, view);
        }
        _legs.Open(routing, opened.IsNew ? null : opened.Kernel, domain.Vni);
        routing.Tunnel!.SetPeers(known.Peers);
        foreach (DataplaneEvent past in known.Replay(_viewIsComplete, _routesInSync)) domain.Pass.On(past);
        if (_viewIsComplete) WantOutside(opened.Network);
        _leaks.Open(routing, opened.Kernel, opened.IsNew);
        _leaks.SetView(opened.Network, known.View);
        PlanLeaks();
        if (_restored) domain.Pass.On(new EndpointsRestored());
        _dirty.Add(domain);
    }

    private ITunnelKernel? Close(NetworkName network, bool forGood)
    {
        if (!_open.Remove(network, out Domain? domain)) return null;
        ITunnelKernel kernel = (ITunnelKernel)domain.Routing.Kernel;
        // The kernel tells each link's settings when forwarding stops: of many networks at once more than the loop's queue holds.
        domain.Leaves = true;
        // Its filter goes before its links do.
        if (forGood) domain.Pass.StopForwarding();
        _leaks.Close(network);
        PlanLeaks();
        _legs.Close(network, forGood);
        _dirty.Remove(domain);
        _tunnelsChanged.Add(network);
        return kernel;
    }

    private void WantTunnel(Domain domain, NetworkView network)
    {
        if (options.TunnelEnd is not { } end) return;
        domain.Tunnel = new TunnelSpec((uint)network.Vni, end.Address, end.RouterMac, network.Mtu ?? end.InnerMtu);
        domain.Vni = domain.Tunnel.Vni;
        _tunnelsChanged.Add(domain.Routing.Network);
        _dirty.Add(domain);
    }

    /// <summary>Floating addresses are where their targets are.</summary>
    private void OnWorkloadsChanged(NetworkName network)
    {
        if (_viewIsComplete && Known(network).View is { Floating.Count: > 0 } && _open.ContainsKey(network)) WantOutside(network);
    }

    private void WantOutside(NetworkName network) => Tell(network, new OutsideChanged(_legs.Want(network, Known(network).View, Known(network).Has)));

    // Refused by the kernel or not yet read back, the host's filter is tried again by its own clock; this looks whether it is there.
    private TimeSpan? OpenTunnel(Domain domain, Func<uint, bool> isGuarded)
    {
        if (domain.Tunnel is not { } wanted) return null;
        if (!isGuarded(wanted.Vni)) return options.RetryMinimum;
        domain.Routing.Tunnel!.Want(wanted);
        domain.Tunnel = null;
        return null;
    }

    private KnownNetwork Known(NetworkName network) => _known.TryGetValue(network, out KnownNetwork? known) ? known : _known[network] = new KnownNetwork();

    private Domain? Find(NetworkName network)
    {
        if (!_open.TryGetValue(network, out Domain? domain)) return null;
        _dirty.Add(domain);
        return domain;
    }

    private void Tell(NetworkName network, DataplaneEvent happened) => Find(network)?.Pass.On(happened);
}
