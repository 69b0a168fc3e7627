using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Managers;
using Margay.Dataplane.Networks;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;
using Microsoft.Extensions.Logging;

namespace Margay.Dataplane;

/// <summary>What the loop does with an event (<see cref="On"/>) and with a burst of them (<see cref="Run"/>). Holds all the state; called by one thread at a time.</summary>
internal sealed class DataplanePass
{
    private readonly DataplaneOptions _options;
    private readonly RoutingDomain _domain;
    private readonly Action<DataplaneReport> _report;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private readonly FilterTables _tables;
    private readonly HostLinks _links;
    private readonly Neighbours _neighbours;
    private readonly Nexthops _nexthops;
    private readonly Routes _routes;
    private readonly HostSettings _settings;

    private readonly ViewState _view = new();
    private readonly IpSetManager _ipSets;
    private readonly PolicyManager _policies;
    private readonly FlowManager _flows;
    private readonly PoolManager _pools;
    private readonly RouteManager _routing;
    private readonly TunnelGuard _guard;
    private readonly LegManager _legs;
    private readonly OutsideManager _outside;
    private readonly LeakManager _leaks;
    private readonly EndpointManager _endpoints;
    private readonly HostEndpointManager _hosts;
    private readonly NetworkLimitManager _limits;

    private readonly long _start;
    private IReadOnlyList<NetworkPrefix> _claimedBlocks = [];
    private bool _endpointsRestored;
    private bool _routesInSync;
    private bool _toldInSync;
    private bool _repairing;

    /// <summary>Something is set aside that endpoints may have been told to have.</summary>
    private bool _recheck;
    private TimeSpan _delay;
    private int _overruns;
    private DataplaneCounters _counters = new();

    public DataplanePass(DataplaneOptions options, FixedRules rules, RoutingDomain domain, Action<DataplaneReport> report, TimeProvider time, ILogger logger)
    {
        _options = options;
        _domain = domain;
        IKernel kernel = domain.Kernel;
        _report = report;
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();
        _tables = new FilterTables(kernel, options.Table, time);
        _links = new HostLinks(kernel);
        _neighbours = new Neighbours(kernel);
        _nexthops = new Nexthops(kernel, options.RouteProtocol);
        _routes = new Routes(kernel, options.RouteProtocol, options.RouteMetric);
        _settings = new HostSettings(kernel);
        _ipSets = new IpSetManager(_tables);
        _policies = new PolicyManager(_tables, _ipSets, new ConstantSets(_tables), new DropRules(options.DropLog), options, _view);
        _pools = new PoolManager(_tables, kernel);
        DscpManager dscp = new(_tables, _pools, options);
        _guard = new TunnelGuard(_tables);
        _routing = new RouteManager(_routes, _nexthops, kernel);
        _legs = new LegManager(_tables, _routing, options.Services);
        _hosts = new HostEndpointManager(_tables, _policies, dscp, kernel, options, _view);
        _flows = new FlowManager(kernel, _policies, _ipSets.Members, _hosts, options, time);
        _outside = new OutsideManager(_tables, _routing, _flows);
        _leaks = new LeakManager(_tables, _routing, _flows);
        _endpoints = new EndpointManager(_tables, _links, _neighbours, _routing, _routes, _policies, _flows, new LimitManager(_tables, dscp, options), _view);
        _limits = new NetworkLimitManager(_tables, options);
        rules.Want(_tables);
    }

    /// <summary>What is wanted is known: things found in the kernel may be taken away.</summary>
    private bool InSync => _view.IsComplete && _endpointsRestored;

    // ---- events ----

    public void On(DataplaneEvent happened)
    {
        switch (happened)
        {
            case ViewChanged e: OnView(e.Delta); break;
            case EndpointAttached e: _endpoints.Attach(e.Endpoint); break;
            case EndpointDetached e: _endpoints.Detach(e.Id); break;
            case EndpointsRestored: _endpointsRestored = true; break;
            case BlocksChanged e:
                _claimedBlocks = e.Blocks;
                WantBlocks();
                break;
            case RoutesChanged e:
                foreach (RouteUpdate update in e.Routes)
                    if (update.Prefix.Network == _domain.Network) _routing.Learn(update);
                _routesInSync |= e.InSync;
                break;
            case TunnelsChanged e: _guard.Want(e); break;
            case LegsChanged e: _legs.Want(e.Legs); break;
            case LeaksChanged e: _leaks.Want(e); break;
            case OutsideChanged e:
                _outside.Want(e.Outside);
                WantBlocks();
                break;
            case LimitsChanged e: _limits.Want(e.Limits); break;
            case KernelChanged e: OnKernel(e.Notification); break;
        }
    }

    private void OnView(ViewDelta delta)
    {
        if (delta.KeepAlive) return;
        bool all = delta.Snapshot;
        if (delta.Settings is { } settings)
        {
            _tables.SetChain(FixedRules.ToHostChain(_options, ToHost(settings.EndpointToHostAction)));
            _hosts.OnSettingsChanged(settings);
        }
        if (ViewState.Apply(_view.Pools, delta.Pools, delta.RemovedPools, all, p => p.Name).Count > 0) _pools.Apply(_view.Pools.Values);
        if (ViewState.Apply(_view.Blocks, delta.Blocks, delta.RemovedBlocks, all, b => b.Id).Count > 0) WantBlocks();
        _policies.OnReshaped(_ipSets.Apply(delta));
        _policies.OnMembersChanged(_ipSets.TakeChanges());
        foreach (string id in ViewState.Apply(_view.Policies, delta.Policies, delta.RemovedPolicies, all, p => p.Id)) _policies.OnPolicyChanged(id);
        foreach (string name in ViewState.Apply(_view.Profiles, delta.Profiles, delta.RemovedProfiles, all, p => p.Name)) _policies.OnProfileChanged(name);
        _endpoints.OnViewChanged(ViewState.Apply(_view.Endpoints, delta.Endpoints, delta.RemovedEndpoints, all, e => e.Id));
        _hosts.OnViewChanged(ViewState.Apply(_view.HostEndpoints, delta.HostEndpoints, delta.RemovedHostEndpoints, all, h => h.Name));
        _view.IsComplete |= all;
    }

    /// <summary>Return and Accept are one: what we accept, the host's own rules still see.</summary>
    private EndpointToHostAction ToHost(string? action) => action switch
    {
        null => _options.EndpointToHost,
        "Accept" or "Return" => EndpointToHostAction.Accept,
        _ => EndpointToHostAction.Drop,
    };

    private void WantBlocks() => _routing.SetBlocks(
        _view.Blocks.Values.Where(b => new NetworkName(b.Network) == _domain.Network).Select(b => IpPrefix.Parse(b.Cidr))
            .Concat(_claimedBlocks.Where(b => b.Network == _domain.Network).Select(b => b.Prefix)).Concat(_outside.Closed).ToHashSet());

    /// <summary>
    /// Whether this may change anything in a virtual network. Workloads' neighbours come and go all the time, and a link that is being made speaks of itself many times before anybody wants it.
    /// </summary>
    public bool IsConcerned(KernelNotification notification) => notification switch
    {
        // Entries of groups are the kernel's own, and it clears them away when it has many.
        NeighbourNotification n => (n.Index == _domain.Tunnel?.Index && !n.Address.IsMulticast) || _neighbours.IsWanted(new NeighbourKey(n.Index, n.Address)),
        LinkNotification n => n.Index < 0 || _links.IsWanted(n.Name, n.Index) || n.Index == _domain.Tunnel?.Index || n.Index == _domain.Leg?.Index || _nexthops.IsOver(n.Index)
            || n.Name is { } name && (name == Tunnel.Name || name == Leg.Name || name.StartsWith(LeakManager.LinkPrefix, StringComparison.Ordinal)),
        _ => true,
    };

    private void OnKernel(KernelNotification notification)
    {
        switch (notification)
        {
            case LinkNotification { Index: < 0 }:
                _settings.NeedsCheck = true;
                break;
            case LinkNotification n:
                _links.OnChanged(n.Name, n.Index);
                _domain.Tunnel?.OnLinkChanged(n.Name, n.Index);
                _domain.Leg?.OnLinkChanged(n.Name, n.Index);
                if (n.Removed) _neighbours.ForgetLink(n.Index);
                // Its routes went along with it. A link that nothing of ours uses is none of our business: each container brings one, and reading back all routes is dear.
                if (!n.Carries && (_links.IsUsed(n.Index) || _nexthops.IsOver(n.Index))) _routes.NeedsResync = _nexthops.NeedsResync = true;
                _routing.OnLinkChanged(n.Index);
                _hosts.OnAddressesChanged();
                break;
            case AddressNotification:
                _routing.OnAddressesChanged();
                _hosts.OnAddressesChanged();
                break;
            case RouteNotification { Ours: true }:
                _routes.NeedsResync = _repairing = true;
                break;
            case RouteNotification n:
                _routing.OnForeignRoute(n.Prefix);
                break;
            case NexthopNotification:
                _nexthops.NeedsResync = _routes.NeedsResync = _repairing = true;
                break;
            case NeighbourNotification n when _domain.Tunnel is { } tunnel && n.Index == tunnel.Index:
                tunnel.OnNeighbourChanged(n.Index);
                break;
            case NeighbourNotification n when _neighbours.IsWanted(new NeighbourKey(n.Index, n.Address)):
                _neighbours.NeedsResync = _repairing = true;
                break;
            case TableNotification:
                _tables.NeedsResync = _repairing = true;
                _flows.OnRulesLost();
                break;
            case OverrunNotification:
                ResyncAll();
                break;
        }
    }

    /// <summary>
    /// Hosts behind the tunnel that nothing arrives at, all of them. Applied at once and before anything else: what follows (their routes, withdrawn one by one) may be long, and a
    /// group that becomes smaller opens nothing.
    /// </summary>
    /// <returns>True when something changed: what is refused is tried again with the next run.</returns>
    public bool SetLost(IReadOnlySet<Gateway> hosts)
    {
        if (!_routing.SetLost(hosts)) return false;
        if (InSync && !_nexthops.NeedsResync) _nexthops.ApplyUpdates();
        return true;
    }

    /// <summary>The namespace was made a moment ago: nothing is there that could be ours.</summary>
    public void BeginEmpty()
    {
        _tables.NeedsResync = _routes.NeedsResync = _nexthops.NeedsResync = _neighbours.NeedsResync = _settings.NeedsCheck = false;
        _domain.Tunnel?.BeginEmpty();
    }

    /// <summary>Nothing passes from one link to another any more. No pass may run after it.</summary>
    public void StopForwarding() => _settings.StopForwarding();

    /// <summary>Nobody but known tunnel ends gets into the network's tunnel, once there is one.</summary>
    public bool Guards(uint vni) => _guard.Guards(vni);

    /// <summary>What comes by the leg is held to what it may do, once there is one.</summary>
    public bool Guards(HostLeg leg) => _legs.Guards(leg);

    /// <summary>The same of a link to another network.</summary>
    public bool Guards(LeakPeer peer) => _leaks.Guards(peer);

    /// <summary>From the monitor's thread: some notification found no room.</summary>
    public void NoteOverrun() => Interlocked.Exchange(ref _overruns, 1);

    /// <summary>After a defect nothing that was believed of the kernel is.</summary>
    public void OnDefect() => ResyncAll();

    private void ResyncAll()
    {
        _flows.OnRulesLost();
        _tables.NeedsResync = _routes.NeedsResync = _nexthops.NeedsResync = _neighbours.NeedsResync = _settings.NeedsCheck = true;
        _links.OnAllChanged();
        _domain.Tunnel?.OnAllChanged();
        _domain.Leg?.OnAllChanged();
        _routing.OnAddressesChanged();
        _hosts.OnAddressesChanged();
    }

    // ---- the pass ----

    /// <summary>Applies what is due. Returns when to run again by the clock, or null.</summary>
    public TimeSpan? Run()
    {
        long begun = _time.GetTimestamp();
        if (Interlocked.Exchange(ref _overruns, 0) != 0) ResyncAll();
        _tables.TryAgain();
        string? refusal = InSync ? Apply() : Close();
        foreach (RefusedObject refused in _tables.TakeRefused())
        {
            Log.SetAside(_logger, refused.What, refused.Reason, refused.Instead);
            _recheck = true;
        }
        CountPass(begun, refusal);
        TimeSpan? next = NextRun(refusal);
        return _tables.NextTrial is { } trial && (next is null || trial < next) ? trial : next;
    }

    /// <summary>Before anything is known: a table that is not there is made, with everything closed. One that is there is left to do its work.</summary>
    private string? Close()
    {
        _settings.Apply();
        if (_tables.NeedsResync && _tables.Resync() is { Ok: false } unread) return $"reading the tables: {unread}";
        if (!_tables.IsAbsent) return null;
        FixedRules.TrustFlows(_tables, false);
        return Commit();
    }

    /// <summary>
    /// The order between drivers, once. Taking away goes from the outside in (routes first: nothing is sent to what has no filter), adding from the inside out (filter
    /// first: nothing gets through before it). The filter is one transaction, so its own two halves are one moment.
    /// </summary>
    private string? Apply()
    {
        TellInSync();
        List<string> refused = [];
        void Note(string what, bool ok)
        {
            if (!ok) refused.Add(what);
        }

        Note("host settings", _settings.Apply());
        if (_domain.Tunnel is { } tunnel)
        {
            if (!tunnel.Apply(_routesInSync, out bool moved)) refused.Add(tunnel.Refused ?? "the tunnel");
            if (moved) _routing.OnAddressesChanged();
        }
        if (_domain.Leg is { } leg)
        {
            if (!leg.Apply(out bool moved)) refused.Add(leg.Refused ?? "the leg");
            if (moved) _routing.OnAddressesChanged();
        }
        _endpoints.OnLinksMoved(_links.Check(out bool linksOk));
        Note("a link", linksOk);
        _endpoints.Resolve();
        if (_hosts.Resolve() is { } unresolved) refused.Add(unresolved);
        _routing.Refresh();
        _policies.Render();

        IReadOnlyCollection<string> tightened = _policies.TakeTightened();
        _flows.OnSetsChanged(tightened);
        _flows.OnSetsChangedForNew(_policies.TakeTightenedForNew());
        if (_hosts.TakeTightened(tightened)) _flows.OnHostsChanged();
        if (Resync() is { } unread) return unread;
        _guard.KeepFound();
        // Together with the change: a flow that it denies must not be let through for what it was.
        if (!_flows.InSync && !_tables.InSync) FixedRules.TrustFlows(_tables, false);
        Note("the removal of a route", _routes.ApplyRemovals(MayRemove));
        if (Commit() is { } uncommitted) refused.Add(uncommitted);
        else
        {
            Note("a neighbour entry", _neighbours.Apply());
            Note("a nexthop object", _nexthops.ApplyUpdates());
            Note("a route", _routes.ApplyUpdates());
            _leaks.NoteReached(_routes);
            // The rules are there: what they deny will not come back.
            Note("the cutting of connections", _flows.Apply(_endpoints.PolicedEnds, _endpoints.RelayedSources).Ok);
            Note("the cutting of translated connections", _pools.CutUntranslated().Ok);
            if (_flows.InSync) FixedRules.TrustFlows(_tables, true);
            if (Commit() is { } untold) refused.Add(untold);
        }
        if (_routesInSync) Note("the removal of a nexthop object", _nexthops.ApplyRemovals());

        Tell(gone: refused.Count == 0);
        int settings = _links.CheckSettings();
        Note("a link's settings", settings >= 0);
        return refused.Count == 0 ? null : string.Join("; ", refused);
    }

    private string? Resync()
    {
        if (_tables.NeedsResync && _tables.Resync() is { Ok: false } tables) return $"reading the tables: {tables}";
        if (_neighbours.NeedsResync && _neighbours.Resync(_links.IsUsed) is { Ok: false } neighbours) return $"reading neighbours: {neighbours}";
        if (_nexthops.NeedsResync && _nexthops.Resync() is { Ok: false } nexthops) return $"reading nexthop objects: {nexthops}";
        if (_routes.NeedsResync && _routes.Resync() is { Ok: false } routes) return $"reading routes: {routes}";
        return null;
    }

    private string? Commit()
    {
        // What is wanted, then what is not wanted any more.
        for (int step = 0; step < 2 && !_tables.InSync; step++)
        {
            FilterTransaction plan = _tables.Plan();
            if (plan.IsEmpty) return null;
            NetlinkResult result = _tables.Apply(plan);
            _counters = _counters with { NftCommits = _counters.NftCommits + 1, NftMessages = _counters.NftMessages + plan.Changes.Count };
            if (!result.Ok) return $"a change of the tables: {result}";
        }
        return null;
    }

    /// <summary>Routes of workloads and blocks go as soon as we are in sync; what BGP left behind, when it has learnt what is announced now.</summary>
    private bool MayRemove(RouteEntry route) =>
        _routesInSync || !_routes.IsLeftOver(route.Destination) || (route.NexthopId == 0 && route.Gateway is null && route.Hops.Count == 0);

    private void TellInSync()
    {
        if (!_toldInSync) Log.InSync(_logger);
        _toldInSync = true;
        if (_routesInSync || _time.GetElapsedTime(_start) < _options.RouteHoldTime) return;
        Log.RouteHoldOver(_logger, _options.RouteHoldTime);
        _guard.Settle();
        _routesInSync = true;
    }

    private void Tell(bool gone)
    {
        if (_recheck && _tables.InSync)
        {
            _recheck = false;
            _endpoints.Recheck();
        }
        foreach (DataplaneReport report in _endpoints.Report(gone))
        {
            if (report is EndpointProgrammed done) Log.EndpointProgrammed(_logger, done.Id, done.Revision);
            if (report is EndpointFailed failed) Log.EndpointFailed(_logger, failed.Id, failed.Reason);
            _report(report);
        }
    }

    private TimeSpan? NextRun(string? refusal)
    {
        if (refusal is null)
        {
            _delay = TimeSpan.Zero;
            if (_routesInSync) return _flows.Wait;
            // The end of the hold time is looked at then.
            TimeSpan left = _options.RouteHoldTime - _time.GetElapsedTime(_start);
            if (left <= TimeSpan.Zero) left = _options.RetryMinimum;
            return _flows.Wait is { } wait && wait < left ? wait : left;
        }
        _delay = _delay == TimeSpan.Zero ? _options.RetryMinimum : TimeSpan.FromTicks(Math.Min(_delay.Ticks * 2, _options.RetryMaximum.Ticks));
        Log.Refused(_logger, "a change", refusal, _delay);
        return _delay;
    }

    private void CountPass(long begun, string? refusal)
    {
        TimeSpan took = _time.GetElapsedTime(begun);
        if (_repairing) Log.Repaired(_logger, "our part of the kernel");
        _counters = _counters with
        {
            Passes = _counters.Passes + 1,
            RouteMessages = _routes.Messages,
            FlowsCut = _flows.Cut + _pools.Cut,
            Failures = _counters.Failures + (refusal is null ? 0 : 1),
            Repairs = _counters.Repairs + (_repairing ? 1 : 0),
            LastPass = took,
            LongestPass = took > _counters.LongestPass ? took : _counters.LongestPass,
        };
        _repairing = false;
    }

    // ---- for people ----

    public DataplaneSnapshot Snapshot() => new()
    {
        Endpoints = [.. _endpoints.Rows()],
        HostEndpoints = [.. _hosts.Rows()],
        Routes = [.. _routes.Desired.OrderBy(r => r.Key).Select(r => Row(r.Key, r.Value)), .. _routing.NotInstalled.OrderBy(r => r.Prefix).Select(r => new RouteRow(NameOf(r.Prefix), "bgp", "", r.Reason))],
        Counters = _counters with { Refused = _tables.Refused.Count() },
        InSync = InSync,
        Pending = [.. _domain.Tunnel?.Refused is { } tunnel ? (string[])[$"network {_domain.Network}: {tunnel}"] : [], .. _domain.Leg?.Refused is { } leg ? (string[])[$"network {_domain.Network}: {leg}"] : [], .. _routes.Refused.Values, .. _neighbours.Refused.Values, .. _links.Refused.Values, .. _tables.Refused.Select(r => r.ToString()), .. _tables.InSync ? (string[])[] : ["the tables differ"]],
    };

    private RouteRow Row(IpPrefix prefix, RouteTarget target)
    {
        string via = target.Type == RouteType.Blackhole ? "blackhole"
            : target.NexthopId != 0 ? string.Create(CultureInfo.InvariantCulture, $"nexthop {target.NexthopId}")
            : string.Create(CultureInfo.InvariantCulture, $"link {target.LinkIndex}");
        string? reason = _routes.IsApplied(prefix) ? null : _routes.Refused.GetValueOrDefault(prefix, "not applied yet");
        return new RouteRow(NameOf(prefix), _routing.Origin(prefix), via, reason);
    }

    private string NameOf(IpPrefix prefix) => new NetworkPrefix(_domain.Network, prefix).ToString();
}
