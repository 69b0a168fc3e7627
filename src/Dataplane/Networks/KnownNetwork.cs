using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Managers;

namespace Margay.Dataplane.Networks;

/// <summary>
/// What is known of a virtual network, whether or not it has a namespace on this host now: its part of the view, the routes learnt, the hosts behind its tunnel. A pass that
/// begins is told all of it. Owned by the dataplane's loop.
/// </summary>
internal sealed class KnownNetwork
{
    private readonly ViewState _view = new();
    private readonly Dictionary<string, IpSetView> _sets = [];
    private readonly Dictionary<IpPrefix, RouteUpdate> _routes = [];
    private readonly Dictionary<string, LocalEndpoint> _endpoints = [];

    /// <summary>Null while the view does not have it: it has no VNI then.</summary>
    public NetworkView? View { get; set; }

    public IReadOnlyDictionary<MacAddress, InetAddress> Peers { get; set; } = new Dictionary<MacAddress, InetAddress>();
    public IReadOnlyList<NetworkPrefix> Blocks { get; set; } = [];

    /// <summary>Whether a workload here has the address.</summary>
    public bool Has(InetAddress address) => _endpoints.Values.Any(e => e.Addresses.Contains(address));

    /// <summary>The hosts whose tunnel end is one of these, as gateways of routes.</summary>
    public IReadOnlySet<Gateway> HostsAt(IReadOnlySet<InetAddress> ends) =>
        ends.Count == 0 ? new HashSet<Gateway>() : Peers.Where(p => ends.Contains(p.Value)).Select(p => new Gateway(p.Key.ToLinkLocal(), null)).ToHashSet();

    public bool IsEmpty => View is null && _endpoints.Count == 0 && _routes.Count == 0 && _view.Endpoints.Count == 0 && _view.Blocks.Count == 0;

    public void Apply(ViewDelta delta)
    {
        bool all = delta.Snapshot;
        ViewState.Apply(_view.Pools, delta.Pools, delta.RemovedPools, all, p => p.Name);
        ViewState.Apply(_view.Blocks, delta.Blocks, delta.RemovedBlocks, all, b => b.Id);
        ViewState.Apply(_view.Policies, delta.Policies, delta.RemovedPolicies, all, p => p.Id);
        ViewState.Apply(_view.Profiles, delta.Profiles, delta.RemovedProfiles, all, p => p.Name);
        ViewState.Apply(_view.Endpoints, delta.Endpoints, delta.RemovedEndpoints, all, e => e.Id);
        ViewState.Apply(_sets, delta.IpSets, delta.RemovedIpSets, all, s => s.Id);
        foreach (IpSetChange change in delta.IpSetChanges ?? [])
            if (_sets.TryGetValue(change.Id, out IpSetView? set)) _sets[change.Id] = set with { Members = [.. set.Members.Except(change.Removed ?? []).Union(change.Added ?? [])] };
    }

    public void Learn(RouteUpdate update)
    {
        if (update.NextHops.Count > 0) _routes[update.Prefix.Prefix] = update;
        else _routes.Remove(update.Prefix.Prefix);
    }

    public void Attach(LocalEndpoint endpoint) => _endpoints[endpoint.Id] = endpoint;

    public void Detach(string id) => _endpoints.Remove(id);

    /// <summary>All of it, as a pass of the network would have heard it.</summary>
    public IEnumerable<DataplaneEvent> Replay(bool viewIsComplete, bool routesInSync)
    {
        foreach (LocalEndpoint endpoint in _endpoints.Values) yield return new EndpointAttached(endpoint);
        yield return new BlocksChanged(Blocks);
        yield return new RoutesChanged([.. _routes.Values], routesInSync);
        if (!viewIsComplete) yield break;
        yield return new ViewChanged(new ViewDelta
        {
            Epoch = "", Revision = 0, Snapshot = true,
            Pools = [.. _view.Pools.Values], Blocks = [.. _view.Blocks.Values], IpSets = [.. _sets.Values], Policies = [.. _view.Policies.Values],
            Profiles = [.. _view.Profiles.Values], Endpoints = [.. _view.Endpoints.Values],
        });
    }
}
