using Margay.Api.NodeSync;

namespace Margay.Agent.Sync;

/// <summary>
/// The view of this node as one whole: what deltas add up to. Immutable, so that it may be read on any loop; a delta makes the next one.
/// Each kind is keyed as <see cref="ViewDelta"/> says.
/// </summary>
internal sealed record HeldView
{
    public static HeldView Empty { get; } = new();

    public string Epoch { get; private init; } = "";
    public long Revision { get; private init; }
    public NodeSettings? Settings { get; private init; }
    public ViewTable<PoolView> Pools { get; private init; } = new(p => p.Name);
    public ViewTable<BlockView> Blocks { get; private init; } = new(b => b.Id);
    public ViewTable<PeerView> Peers { get; private init; } = new(p => p.Name);
    public ViewTable<BgpFilterView> BgpFilters { get; private init; } = new(f => f.Name);
    public ViewTable<NetworkView> Networks { get; private init; } = new(n => n.Name);
    public ViewTable<IpSetView> IpSets { get; private init; } = new(s => s.Id);
    public ViewTable<PolicyView> Policies { get; private init; } = new(p => p.Id);
    public ViewTable<ProfileView> Profiles { get; private init; } = new(p => p.Name);
    public ViewTable<EndpointView> Endpoints { get; private init; } = new(e => e.Id);
    public ViewTable<HostEndpointView> HostEndpoints { get; private init; } = new(h => h.Name);

    /// <summary>Whether there is anything: a first snapshot was applied.</summary>
    public bool IsEmpty => Epoch.Length == 0;

    /// <summary>The view after a delta; a snapshot replaces everything.</summary>
    public HeldView Apply(ViewDelta delta)
    {
        HeldView before = delta.Snapshot ? Empty : this;
        return before with
        {
            Epoch = delta.Epoch,
            Revision = delta.Revision,
            Settings = delta.Settings ?? before.Settings,
            Pools = before.Pools.Change(delta.Pools, delta.RemovedPools),
            Blocks = before.Blocks.Change(delta.Blocks, delta.RemovedBlocks),
            Peers = before.Peers.Change(delta.Peers, delta.RemovedPeers),
            BgpFilters = before.BgpFilters.Change(delta.BgpFilters, delta.RemovedBgpFilters),
            Networks = before.Networks.Change(delta.Networks, delta.RemovedNetworks),
            IpSets = before.IpSets.Change(delta.IpSets, delta.RemovedIpSets).Update(delta.IpSetChanges, c => c.Id, Change),
            Policies = before.Policies.Change(delta.Policies, delta.RemovedPolicies),
            Profiles = before.Profiles.Change(delta.Profiles, delta.RemovedProfiles),
            Endpoints = before.Endpoints.Change(delta.Endpoints, delta.RemovedEndpoints),
            HostEndpoints = before.HostEndpoints.Change(delta.HostEndpoints, delta.RemovedHostEndpoints),
        };
    }

    /// <summary>The delta that makes this view out of nothing.</summary>
    public ViewDelta ToSnapshot() => new()
    {
        Epoch = Epoch,
        Revision = Revision,
        Snapshot = true,
        Settings = Settings,
        Pools = Pools.Values,
        Blocks = Blocks.Values,
        Peers = Peers.Values,
        BgpFilters = BgpFilters.Values,
        Networks = Networks.Values,
        IpSets = IpSets.Values,
        Policies = Policies.Values,
        Profiles = Profiles.Values,
        Endpoints = Endpoints.Values,
        HostEndpoints = HostEndpoints.Values,
    };

    private static IpSetView Change(IpSetView set, IpSetChange change)
    {
        HashSet<string> members = [.. set.Members];
        members.ExceptWith(change.Removed ?? []);
        members.UnionWith(change.Added ?? []);
        return set with { Members = [.. members.Order(StringComparer.Ordinal)] };
    }
}
