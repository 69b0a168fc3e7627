using Margay.Api.NodeSync;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph;

/// <summary>
/// Makes deltas and snapshots out of a <see cref="NodeView"/>. A delta is applied as a whole; within it, what is referred to stands before what refers to it
/// (sets, then policies and profiles, then endpoints) and removals stand last.
/// </summary>
internal sealed class Sequencer(string epoch, PolicyCalculator policies, IpSetCalculator sets, NodeFacts facts)
{
    /// <summary>What the node has not been told yet, or null when that is nothing.</summary>
    public ViewDelta? Delta(NodeView node, long revision, Action<RuleOwner> droppedRules, Action<IpSetNode> droppedSet)
    {
        List<IpSetView> ipSets = [];
        List<PolicyView> policyViews = [];
        List<ProfileView> profileViews = [];
        List<string> removedSets = [], removedPolicies = [], removedProfiles = [];
        node.Sets.Flush(s => s.Users > 0, s => ipSets.Add(sets.ViewOf(s)), s => removedSets.Add(s.Id), droppedSet);
        node.Policies.Flush(p => p.Exists, p => policyViews.Add(p.View!), p => removedPolicies.Add(p.Id), droppedRules);
        node.Profiles.Flush(p => p.Exists, p => profileViews.Add(p.View!), p => removedProfiles.Add(p.Id), droppedRules);

        List<EndpointView> endpoints = [];
        List<HostEndpointView> hostEndpoints = [];
        foreach (LocalEndpoint endpoint in node.DirtyEndpoints)
        {
            if (endpoint is HostEndpointNode host)
            {
                hostEndpoints.Add(ViewOf(host));
                node.RemovedHostEndpoints.Remove(host.Id);
            }
            else
            {
                endpoints.Add(ViewOf((EndpointNode)endpoint));
                node.RemovedEndpoints.Remove(endpoint.Id);
            }
            endpoint.IsDirty = false;
            endpoint.IsSent = true;
        }
        List<string> removedEndpoints = [.. node.RemovedEndpoints], removedHostEndpoints = [.. node.RemovedHostEndpoints];
        List<IpSetChange> setChanges = [.. node.SetChanges];
        node.DirtyEndpoints.Clear();
        node.RemovedEndpoints.Clear();
        node.RemovedHostEndpoints.Clear();
        node.SetChanges.Clear();
        node.NoteFlushed();

        ViewDelta delta = new()
        {
            Epoch = epoch,
            Revision = revision,
            IpSets = NullIfEmpty(ipSets),
            IpSetChanges = NullIfEmpty(setChanges),
            Policies = NullIfEmpty(policyViews),
            Profiles = NullIfEmpty(profileViews),
            Endpoints = NullIfEmpty(endpoints),
            HostEndpoints = NullIfEmpty(hostEndpoints),
            RemovedIpSets = NullIfEmpty(removedSets),
            RemovedPolicies = NullIfEmpty(removedPolicies),
            RemovedProfiles = NullIfEmpty(removedProfiles),
            RemovedEndpoints = NullIfEmpty(removedEndpoints),
            RemovedHostEndpoints = NullIfEmpty(removedHostEndpoints),
        };
        if (node.IsNodeDirty) delta = AddFacts(delta, node);
        bool isEmpty = ipSets.Count + setChanges.Count + policyViews.Count + profileViews.Count + endpoints.Count + hostEndpoints.Count + removedHostEndpoints.Count
            + removedSets.Count + removedPolicies.Count + removedProfiles.Count + removedEndpoints.Count == 0
            && (delta.Settings, delta.Pools, delta.Blocks, delta.Peers, delta.BgpFilters, delta.Networks) is (null, null, null, null, null, null)
            && (delta.RemovedPools, delta.RemovedBlocks, delta.RemovedPeers, delta.RemovedBgpFilters, delta.RemovedNetworks) is (null, null, null, null, null);
        return isEmpty ? null : delta;
    }

    /// <summary>All that the node needs. Changes nothing.</summary>
    public ViewDelta Snapshot(NodeView node, long revision)
    {
        Dictionary<string, PeerView> peers = facts.PeersOf(node.Name);
        return new()
        {
            Epoch = epoch,
            Revision = revision,
            Snapshot = true,
            Settings = facts.SettingsOf(node.Name),
            Pools = [.. facts.PoolsOf(node).Values],
            Blocks = [.. facts.BlocksOf(node.Name).Values],
            Peers = [.. peers.Values],
            BgpFilters = [.. facts.FiltersOf(NodeFacts.FilterNames(peers.Values)).Values],
            Networks = [.. facts.NetworksOf(node).Values],
            IpSets = [.. node.Sets.Needed.Select(sets.ViewOf)],
            Policies = [.. node.Policies.Needed.Where(p => p.Exists).Select(p => p.View!)],
            Profiles = [.. node.Profiles.Needed.Where(p => p.Exists).Select(p => p.View!)],
            Endpoints = [.. node.Home.Endpoints.OfType<EndpointNode>().Select(ViewOf)],
            HostEndpoints = [.. node.Home.Endpoints.OfType<HostEndpointNode>().Select(ViewOf)],
        };
    }

    private ViewDelta AddFacts(ViewDelta delta, NodeView node)
    {
        node.IsNodeDirty = false;
        NodeSettings settings = facts.SettingsOf(node.Name);
        bool sameSettings = NodeFacts.SameSettings(node.Settings, settings);
        node.Settings = settings;
        (List<PoolView>? pools, List<string>? removedPools) = node.Pools.Tell(facts.PoolsOf(node));
        (List<BlockView>? blocks, List<string>? removedBlocks) = node.Blocks.Tell(facts.BlocksOf(node.Name));
        Dictionary<string, PeerView> sessions = facts.PeersOf(node.Name);
        node.FilterNames = NodeFacts.FilterNames(sessions.Values);
        (List<PeerView>? peers, List<string>? removedPeers) = node.Peers.Tell(sessions);
        (List<BgpFilterView>? filters, List<string>? removedFilters) = node.BgpFilters.Tell(facts.FiltersOf(node.FilterNames));
        (List<NetworkView>? networks, List<string>? removedNetworks) = node.ToldNetworks.Tell(facts.NetworksOf(node));
        return delta with
        {
            Settings = sameSettings ? null : settings,
            Pools = pools,
            RemovedPools = removedPools,
            Blocks = blocks,
            RemovedBlocks = removedBlocks,
            Peers = peers,
            RemovedPeers = removedPeers,
            BgpFilters = filters,
            RemovedBgpFilters = removedFilters,
            Networks = networks,
            RemovedNetworks = removedNetworks,
        };
    }

    private EndpointView ViewOf(EndpointNode endpoint) => new()
    {
        Id = endpoint.Id,
        Network = endpoint.Class.Network!,
        Revision = endpoint.Revision,
        Interface = endpoint.Interface,
        Mac = endpoint.Mac,
        Addresses = [.. endpoint.Addresses.Select(a => a.ToString())],
        AllowedSourcePrefixes = endpoint.AllowedSourcePrefixes,
        Qos = endpoint.Qos,
        Tiers = TierCalculator.TiersOf(endpoint.Class, policies),
        Profiles = ProfilesOf(endpoint.Class),
    };

    private HostEndpointView ViewOf(HostEndpointNode endpoint) => new()
    {
        Name = endpoint.Name,
        Revision = endpoint.Revision,
        Interface = endpoint.Interface,
        Addresses = [.. endpoint.Addresses.Select(a => a.Prefix.Address.ToString())],
        UntrackedTiers = TierCalculator.TiersOf(endpoint.Class, policies, p => p.Place == HostPlace.Untracked),
        PreDnatTiers = TierCalculator.TiersOf(endpoint.Class, policies, p => p.Place == HostPlace.PreDnat),
        Tiers = TierCalculator.TiersOf(endpoint.Class, policies, p => p.Place is HostPlace.Regular or HostPlace.RegularAndForward),
        ForwardTiers = TierCalculator.TiersOf(endpoint.Class, policies, p => p.Place == HostPlace.RegularAndForward),
        Profiles = ProfilesOf(endpoint.Class),
        Dscp = endpoint.Dscp,
    };

    private string[] ProfilesOf(LabelClass c) => [.. c.Profiles.Select(p => policies.ProfileOf(p, c.Network!).Id)];

    private static List<T>? NullIfEmpty<T>(List<T> list) => list.Count == 0 ? null : list;
}
