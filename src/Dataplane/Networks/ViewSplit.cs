using Margay.Api.NodeSync;

namespace Margay.Dataplane.Networks;

/// <summary>Takes a node's view apart by network. Everything in it says its network, but for removals, whose ids do.</summary>
internal sealed class ViewSplit
{
    private readonly Dictionary<string, string> _networkOfSet = [];

    /// <summary>The part of each network that the delta names; for a snapshot also of those that were named before, as they have nothing now.</summary>
    public Dictionary<string, ViewDelta> Of(ViewDelta delta, IEnumerable<string> known)
    {
        foreach (IpSetView set in delta.IpSets ?? []) _networkOfSet[set.Id] = set.Network;
        Dictionary<string, ViewDelta> parts = [];
        foreach (string network in NetworksIn(delta).Concat(delta.Snapshot ? known : []).Append("default").Distinct()) parts[network] = Part(delta, network);
        foreach (string gone in delta.RemovedIpSets ?? []) _networkOfSet.Remove(gone);
        if (delta.Snapshot)
        {
            HashSet<string> there = [.. (delta.IpSets ?? []).Select(s => s.Id)];
            foreach (string gone in _networkOfSet.Keys.Where(id => !there.Contains(id)).ToArray()) _networkOfSet.Remove(gone);
        }
        return parts;
    }

    /// <summary>NETWORK/…, as ids of endpoints, blocks and subnets begin.</summary>
    public static string NetworkOf(string id) => id.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? id[..slash] : "default";

    // NAME@NETWORK, as ids of policies and profiles end.
    private static string NetworkAfter(string id) => id.IndexOf('@', StringComparison.Ordinal) is var at and >= 0 ? id[(at + 1)..] : "default";

    // A pool of the default network is called by its name alone.
    private static string NetworkOfPool(string name) => NetworkOf(name);

    private string NetworkOfSet(string id) => _networkOfSet.GetValueOrDefault(id, "default");

    private IEnumerable<string> NetworksIn(ViewDelta d) =>
    [
        .. (d.Pools ?? []).Select(p => p.Network), .. (d.Blocks ?? []).Select(b => b.Network), .. (d.IpSets ?? []).Select(s => s.Network),
        .. (d.Policies ?? []).Select(p => p.Network), .. (d.Profiles ?? []).Select(p => p.Network), .. (d.Endpoints ?? []).Select(e => e.Network),
        .. (d.IpSetChanges ?? []).Select(c => NetworkOfSet(c.Id)),
        .. (d.RemovedPools ?? []).Select(NetworkOfPool), .. (d.RemovedBlocks ?? []).Select(NetworkOf), .. (d.RemovedIpSets ?? []).Select(NetworkOfSet),
        .. (d.RemovedPolicies ?? []).Select(NetworkAfter), .. (d.RemovedProfiles ?? []).Select(NetworkAfter), .. (d.RemovedEndpoints ?? []).Select(NetworkOf),
    ];

    private ViewDelta Part(ViewDelta d, string network) => d with
    {
        Pools = d.Pools?.Where(p => p.Network == network).ToList(),
        Blocks = d.Blocks?.Where(b => b.Network == network).ToList(),
        IpSets = d.IpSets?.Where(s => s.Network == network).ToList(),
        IpSetChanges = d.IpSetChanges?.Where(c => NetworkOfSet(c.Id) == network).ToList(),
        Policies = d.Policies?.Where(p => p.Network == network).ToList(),
        Profiles = d.Profiles?.Where(p => p.Network == network).ToList(),
        Endpoints = d.Endpoints?.Where(e => e.Network == network).ToList(),
        // A host's own interfaces are in the default network.
        HostEndpoints = network == "default" ? d.HostEndpoints : null,
        RemovedHostEndpoints = network == "default" ? d.RemovedHostEndpoints : null,
        RemovedPools = d.RemovedPools?.Where(n => NetworkOfPool(n) == network).ToList(),
        RemovedBlocks = d.RemovedBlocks?.Where(i => NetworkOf(i) == network).ToList(),
        RemovedIpSets = d.RemovedIpSets?.Where(i => NetworkOfSet(i) == network).ToList(),
        RemovedPolicies = d.RemovedPolicies?.Where(i => NetworkAfter(i) == network).ToList(),
        RemovedProfiles = d.RemovedProfiles?.Where(n => NetworkAfter(n) == network).ToList(),
        RemovedEndpoints = d.RemovedEndpoints?.Where(i => NetworkOf(i) == network).ToList(),
    };
}
