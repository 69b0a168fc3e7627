using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Tests;

/// <summary>
/// What an agent holds: deltas folded in order. Strict about what a delta promises: upserts or removals of an id, removals only of what is there, and after each delta no
/// reference without its referent and nothing kept that nothing refers to.
/// </summary>
internal sealed class ViewModel
{
    public NodeSettings? Settings { get; private set; }
    public Dictionary<string, PoolView> Pools { get; } = [];
    public Dictionary<string, BlockView> Blocks { get; } = [];
    public Dictionary<string, PeerView> Peers { get; } = [];
    public Dictionary<string, BgpFilterView> BgpFilters { get; } = [];
    public Dictionary<string, NetworkView> Networks { get; } = [];
    public Dictionary<string, (IpSetView View, HashSet<string> Members)> Sets { get; } = [];
    public Dictionary<string, PolicyView> Policies { get; } = [];
    public Dictionary<string, ProfileView> Profiles { get; } = [];
    public Dictionary<string, EndpointView> Endpoints { get; } = [];
    public Dictionary<string, HostEndpointView> HostEndpoints { get; } = [];
    public long Revision { get; private set; }

    public static ViewModel Of(ViewDelta snapshot)
    {
        ViewModel model = new();
        model.Apply(snapshot);
        return model;
    }

    public void Apply(ViewDelta delta)
    {
        Assert.True(delta.Revision >= Revision);
        Revision = delta.Revision;
        if (delta.Snapshot)
        {
            Pools.Clear();
            Blocks.Clear();
            Peers.Clear();
            BgpFilters.Clear();
            Networks.Clear();
            Sets.Clear();
            Policies.Clear();
            Profiles.Clear();
            Endpoints.Clear();
            HostEndpoints.Clear();
        }
        Settings = delta.Settings ?? Settings;
        Fold(Pools, delta.Pools, p => p.Name, delta.RemovedPools);
        Fold(Blocks, delta.Blocks, b => b.Id, delta.RemovedBlocks);
        Fold(Peers, delta.Peers, p => p.Name, delta.RemovedPeers);
        Fold(BgpFilters, delta.BgpFilters, f => f.Name, delta.RemovedBgpFilters);
        Fold(Networks, delta.Networks, n => n.Name, delta.RemovedNetworks);
        Fold(Sets, delta.IpSets?.Select(s => (View: s, Members: Unique(s.Members))).ToList(), s => s.View.Id, delta.RemovedIpSets);
        foreach (IpSetChange change in delta.IpSetChanges ?? [])
        {
            Assert.DoesNotContain(delta.IpSets ?? [], s => s.Id == change.Id);
            HashSet<string> members = Sets[change.Id].Members;
            foreach (string added in change.Added ?? []) Assert.True(members.Add(added), $"{added} was in {change.Id}");
            foreach (string removed in change.Removed ?? []) Assert.True(members.Remove(removed), $"{removed} was not in {change.Id}");
        }
        Fold(Policies, delta.Policies, p => p.Id, delta.RemovedPolicies);
        Fold(Profiles, delta.Profiles, p => p.Name, delta.RemovedProfiles);
        Fold(Endpoints, delta.Endpoints, e => e.Id, delta.RemovedEndpoints);
        Fold(HostEndpoints, delta.HostEndpoints, h => h.Name, delta.RemovedHostEndpoints);
        AssertClosed();
    }

    private static void Fold<T>(Dictionary<string, T> held, IReadOnlyList<T>? upserts, Func<T, string> key, IReadOnlyList<string>? removals)
    {
        foreach (string id in removals ?? [])
        {
            Assert.DoesNotContain(upserts ?? [], u => key(u) == id);
            Assert.True(held.Remove(id), $"{id} is removed but was not there");
        }
        foreach (T upsert in upserts ?? []) held[key(upsert)] = upsert;
    }

    private static HashSet<string> Unique(IReadOnlyList<string> members)
    {
        HashSet<string> unique = [.. members];
        Assert.Equal(members.Count, unique.Count);
        return unique;
    }

    private void AssertClosed()
    {
        // A missing filter may dangle too: it rejects.
        Assert.Subset(Peers.Values.SelectMany(p => p.Filters ?? []).ToHashSet(), BgpFilters.Keys.ToHashSet());
        IEnumerable<EndpointTier> hostTiers = HostEndpoints.Values.SelectMany(h => (EndpointTier[])[.. h.Tiers, .. h.ForwardTiers, .. h.PreDnatTiers, .. h.UntrackedTiers]);
        HashSet<string> policies = [.. Endpoints.Values.SelectMany(e => e.Tiers).Concat(hostTiers).SelectMany(t => t.IngressPolicies.Concat(t.EgressPolicies))];
        Assert.Equal(policies.Order(), Policies.Keys.Order());
        // A missing profile is the one reference that may dangle: it denies.
        HashSet<string> profiles = [.. Endpoints.Values.SelectMany(e => e.Profiles).Concat(HostEndpoints.Values.SelectMany(h => h.Profiles))];
        Assert.Subset(profiles, Profiles.Keys.ToHashSet());

        IEnumerable<RuleView> rules = Policies.Values.SelectMany(p => p.Ingress.Concat(p.Egress)).Concat(Profiles.Values.SelectMany(p => p.Ingress.Concat(p.Egress)));
        IEnumerable<SideView> sides = rules.SelectMany(r => new[] { r.Source, r.Destination }).OfType<SideView>();
        HashSet<string> nets = [.. sides.SelectMany(s => (s.Sets ?? []).Concat(s.NotSets ?? []))];
        HashSet<string> ports = [.. sides.SelectMany(s => (s.PortSets ?? []).Concat(s.NotPortSets ?? []))];
        Assert.Equal(nets.Union(ports).Order(), Sets.Keys.Order());
        Assert.All(nets, id => Assert.Equal(IpSetType.Nets, Sets[id].View.Type));
        Assert.All(ports, id => Assert.Equal(IpSetType.IpPorts, Sets[id].View.Type));
    }

    /// <summary>All of it as text, sorted: two views are equal when their texts are.</summary>
    public string Describe()
    {
        List<string> lines = [];
        lines.AddRange(Pools.Values.Select(p => p.ToString()));
        lines.AddRange(Blocks.Values.Select(b => b.ToString()));
        lines.AddRange(Peers.Values.Select(p => $"{p with { Filters = null }} {string.Join(',', p.Filters ?? [])}"));
        lines.AddRange(BgpFilters.Values.Select(f => $"filter {f.Name} {Json(new ViewDelta { Epoch = "", Revision = 0, BgpFilters = [f] })}"));
        lines.AddRange(Peers.Values.Select(p => p.ToString()));
        lines.AddRange(Networks.Values.Select(n => $"{n} {string.Join(' ', n.Import)} > {string.Join(' ', n.Export)} {string.Join(' ', n.ExportAggregates)}"));
        lines.AddRange(Sets.Values.Select(s => $"set {s.View.Id} {s.View.Type} [{s.View.Origin}] {string.Join(' ', s.Members.Order(StringComparer.Ordinal))}"));
        lines.AddRange(Policies.Values.Select(p => $"policy {p.Id} {p.Tier} {Json(p)}"));
        lines.AddRange(Profiles.Values.Select(p => $"profile {p.Name} {Json(p)}"));
        lines.AddRange(Endpoints.Values.Select(e => $"endpoint {Json(e)}"));
        lines.AddRange(HostEndpoints.Values.Select(h => $"host endpoint {Json(new ViewDelta { Epoch = "", Revision = 0, HostEndpoints = [h] })}"));
        lines.Sort(StringComparer.Ordinal);
        return $"{(Settings is null ? "" : Json(new ViewDelta { Epoch = "", Revision = 0, Settings = Settings }))}\n{string.Join('\n', lines)}";
    }

    private static string Json(PolicyView view) => Json(new ViewDelta { Epoch = "", Revision = 0, Policies = [view] });
    private static string Json(ProfileView view) => Json(new ViewDelta { Epoch = "", Revision = 0, Profiles = [view] });
    private static string Json(EndpointView view) => Json(new ViewDelta { Epoch = "", Revision = 0, Endpoints = [view] });
    private static string Json(ViewDelta view) => System.Text.Json.JsonSerializer.Serialize(view, Api.Resources.ApiJsonContext.Default.ViewDelta);
}
