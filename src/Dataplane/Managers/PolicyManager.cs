using System.Buffers.Binary;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

// From policy sets to chains. An endpoint's interface maps to the id of its policy set (a plain map), the id to a chain (a verdict map of which there are as many entries as
// there are different lists of policies, not endpoints):
//
//   egress-sets4:  id ─► goto se<set>-4 ─► jump pe-<policy> (shared by all sets)   accept │ drop │ return = no opinion
//                                          jump te<set>-0   (a tier in which a policy may Pass: rules inline, return = Pass)
//                                          drop             (end of a tier that denies, or of everything)
//
// Chains of policies are named after them, so a changed policy is new rules in an old chain: no set, no endpoint is touched. Chains for the two families
// are one where the rules are the same.

/// <summary>Keeps the chains of all policy sets in use. Owned by the dataplane's loop.</summary>
internal sealed class PolicyManager(FilterTables tables, IpSetManager ipSets, ConstantSets constants, ushort logGroup, ViewState view)
{
    private readonly RuleRenderer _renderer = new(ipSets, constants, logGroup);
    private readonly Dictionary<string, ActiveSet> _sets = [];
    private readonly Dictionary<uint, string> _setOfId = [];
    private readonly Dictionary<string, Source> _sources = [];
    private readonly HashSet<string> _dirtySources = [];
    private readonly HashSet<string> _dirtySets = [];

    /// <summary>A policy set that endpoints use.</summary>
    private sealed class ActiveSet(PolicySet set, uint id)
    {
        public PolicySet Set => set;
        public uint Id => id;
        public int Users { get; set; }
        public List<FilterName> Chains { get; } = [];
    }

    /// <summary>One direction of a policy or profile that active sets name, under its chain's name.</summary>
    private sealed class Source(bool isProfile, string id, PolicyType direction)
    {
        public bool IsProfile => isProfile;
        public string Id => id;
        public PolicyType Direction => direction;
        public HashSet<string> Users { get; } = [];
        public CompiledPolicy? Compiled { get; set; }
        public bool HasPass { get; set; }

        /// <summary>Both families have the same rules: one chain serves both.</summary>
        public bool IsShared { get; set; }
        public List<FilterName> Chains { get; } = [];
        public List<string> IpSets { get; set; } = [];
    }

    /// <summary>Takes a set into use and returns the id that its endpoints' interfaces map to.</summary>
    public uint Acquire(PolicySet set)
    {
        if (!_sets.TryGetValue(set.Id, out ActiveSet? active))
        {
            _sets[set.Id] = active = new ActiveSet(set, FreeId(set.Id));
            _setOfId[active.Id] = set.Id;
            _dirtySets.Add(set.Id);
            foreach ((string name, bool isProfile, string id) in Names(set)) UseSource(name, isProfile, id, set);
        }
        active.Users++;
        return active.Id;
    }

    public void Release(PolicySet set)
    {
        ActiveSet active = _sets[set.Id];
        if (--active.Users == 0) _dirtySets.Add(set.Id);
    }

    public void OnPolicyChanged(string id)
    {
        NoteChanged(ChainNames.Policy(PolicyType.Ingress, id));
        NoteChanged(ChainNames.Policy(PolicyType.Egress, id));
    }

    public void OnProfileChanged(string name)
    {
        NoteChanged(ChainNames.Profile(PolicyType.Ingress, name));
        NoteChanged(ChainNames.Profile(PolicyType.Egress, name));
    }

    /// <summary>Rules that name these sets look their members up elsewhere now.</summary>
    public void OnReshaped(IReadOnlySet<string> ipSetIds)
    {
        if (ipSetIds.Count == 0) return;
        foreach ((string name, Source source) in _sources)
        {
            if (!source.IpSets.Any(ipSetIds.Contains)) continue;
            _dirtySources.Add(name);
            // Where a policy may pass, its rules stand in the sets' chains.
            if (source.HasPass) _dirtySets.UnionWith(source.Users);
        }
    }

    /// <summary>Renders what changed since the last time.</summary>
    public void Render()
    {
        if (_dirtySources.Count == 0 && _dirtySets.Count == 0) return;
        foreach (string id in _dirtySets.Where(s => _sets[s].Users == 0).ToArray()) Drop(_sets[id]);
        foreach (string name in _dirtySources)
            if (_sources.TryGetValue(name, out Source? source)) RenderSource(name, source);
        foreach (string id in _dirtySets)
            if (_sets.TryGetValue(id, out ActiveSet? set)) RenderSet(set);
        _dirtySources.Clear();
        _dirtySets.Clear();
        constants.Retain(tables.SetsNamedByRules());
    }

    private void NoteChanged(string name)
    {
        if (_sources.ContainsKey(name)) _dirtySources.Add(name);
    }

    private void UseSource(string name, bool isProfile, string id, PolicySet user)
    {
        if (!_sources.TryGetValue(name, out Source? source))
        {
            _sources[name] = source = new Source(isProfile, id, user.Direction);
            _dirtySources.Add(name);
        }
        source.Users.Add(user.Id);
    }

    /// <summary>The first bits of the set's id, or the next number that is free: the same for the same sets but for collisions.</summary>
    private uint FreeId(string setId)
    {
        uint id = BinaryPrimitives.ReadUInt32BigEndian(Convert.FromHexString(setId.AsSpan(1, 8)));
        while (id == 0 || _setOfId.ContainsKey(id)) id++;
        return id;
    }

    private static IEnumerable<(string Chain, bool IsProfile, string Id)> Names(PolicySet set) =>
        set.Tiers.SelectMany(t => t.Policies).Select(p => (ChainNames.Policy(set.Direction, p), false, p))
            .Concat(set.Profiles.Select(p => (ChainNames.Profile(set.Direction, p), true, p)));

    private void RenderSource(string name, Source source)
    {
        CompiledPolicy compiled = Compile(source);
        bool hasPass = !source.IsProfile && compiled.V4.Concat(compiled.V6).Any(r => r.Action == RuleAction.Pass);
        FilterRule[] v4 = [.. _renderer.Render(compiled, v6: false)], v6 = [.. _renderer.Render(compiled, v6: true)];
        bool shared = v4.Select(r => r.Comment).SequenceEqual(v6.Select(r => r.Comment));
        // How the sets refer to it is another now; and with Pass its rules stand in their chains.
        if (hasPass || hasPass != source.HasPass || shared != source.IsShared || source.Compiled is null) _dirtySets.UnionWith(source.Users);
        source.Compiled = compiled;
        source.HasPass = hasPass;
        source.IsShared = shared;
        source.IpSets = [.. RuleRenderer.SetsOf(compiled)];
        if (hasPass) Replace(source.Chains, []);
        else if (shared) Replace(source.Chains, [Chain(name, v4)]);
        else Replace(source.Chains, [Chain(name + "-4", v4), Chain(name + "-6", v6)]);
    }

    private CompiledPolicy Compile(Source source) => source.IsProfile
        ? view.Profiles.TryGetValue(source.Id, out ProfileView? profile) ? PolicyCompiler.Compile(profile, source.Direction) : PolicyCompiler.Missing(source.Id, source.Direction)
        : view.Policies.TryGetValue(source.Id, out PolicyView? policy) ? PolicyCompiler.Compile(policy, source.Direction) : PolicyCompiler.Missing(source.Id, source.Direction);

    private void RenderSet(ActiveSet active)
    {
        List<FilterChain> v4 = Chains(active.Set, v6: false), v6 = Chains(active.Set, v6: true);
        bool shared = v4.Select(c => c.Image).SequenceEqual(v6.Select(c => c.Image));
        string name = ChainNames.Set(active.Set.Id);
        IEnumerable<FilterChain> chains = shared ? v4 : v4.Concat(Chains(active.Set, v6: true, "-6"));
        Replace(active.Chains, [.. chains]);
        FilterElementKey key = NftValue.Native(active.Id);
        tables.SetElement(Verdicts(active.Set.Direction, false), key, new FilterElementData(0, name));
        tables.SetElement(Verdicts(active.Set.Direction, true), key, new FilterElementData(0, shared ? name : name + "-6"));
    }

    /// <summary>The set's chain and those of its tiers, in one family.</summary>
    private List<FilterChain> Chains(PolicySet set, bool v6, string suffix = "")
    {
        List<FilterChain> chains = [];
        List<FilterRule> rules = [new("found", new FilterSetPriority(0))];
        bool decided = false;
        for (int i = 0; i < set.Tiers.Count && !decided; i++)
        {
            PolicySetTier tier = set.Tiers[i];
            FilterRule? end = tier.Default == TierDefault.Deny ? new FilterRule($"end of tier {tier.Name}", new FilterCounter(), FilterVerdict.Drop) : null;
            Source[] policies = [.. tier.Policies.Select(p => _sources[ChainNames.Policy(set.Direction, p)])];
            bool mayPass = policies.Any(p => p.HasPass);
            List<FilterRule> body = mayPass ? [] : rules;
            foreach (Source policy in policies)
            {
                if (policy.HasPass) body.AddRange(_renderer.Render(policy.Compiled!, v6));
                else body.Add(Jump(policy, ChainNames.Policy(set.Direction, policy.Id), v6));
            }
            if (end is not null) body.Add(end);
            if (mayPass)
            {
                string name = ChainNames.Tier(set.Id, i) + suffix;
                chains.Add(Chain(name, [.. body]));
                rules.Add(new FilterRule($"tier {tier.Name}", FilterVerdict.Jump(name)));
            }
            decided = end is not null && !mayPass;
        }
        if (!decided)
        {
            foreach (string profile in set.Profiles)
                rules.Add(Jump(_sources[ChainNames.Profile(set.Direction, profile)], ChainNames.Profile(set.Direction, profile), v6));
            rules.Add(new FilterRule("nothing allows it", new FilterCounter(), FilterVerdict.Drop));
        }
        chains.Add(Chain(ChainNames.Set(set.Id) + suffix, [.. rules]));
        return chains;
    }

    private static FilterRule Jump(Source source, string chain, bool v6) =>
        new(source.Id, FilterVerdict.Jump(source.IsShared ? chain : chain + (v6 ? "-6" : "-4")));

    private void Drop(ActiveSet active)
    {
        FilterElementKey key = NftValue.Native(active.Id);
        tables.RemoveElement(Verdicts(active.Set.Direction, false), key);
        tables.RemoveElement(Verdicts(active.Set.Direction, true), key);
        Replace(active.Chains, []);
        _sets.Remove(active.Set.Id);
        _setOfId.Remove(active.Id);
        foreach ((string name, bool _, string _) in Names(active.Set))
        {
            if (!_sources.TryGetValue(name, out Source? source)) continue;
            source.Users.Remove(active.Set.Id);
            if (source.Users.Count > 0) continue;
            Replace(source.Chains, []);
            _sources.Remove(name);
        }
    }

    private void Replace(List<FilterName> held, FilterChain[] wanted)
    {
        foreach (FilterName gone in held.Where(h => !wanted.Any(w => w.Name == h.Name))) tables.RemoveChain(gone);
        held.Clear();
        foreach (FilterChain chain in wanted)
        {
            tables.SetChain(chain);
            held.Add(new FilterName(chain.Family, chain.Name));
        }
    }

    private static FilterChain Chain(string name, FilterRule[] rules) => new(FilterFamily.Inet, name, null, [.. rules]);

    private static FilterName Verdicts(PolicyType direction, bool v6) => new(FilterFamily.Inet, ChainNames.Verdicts(direction, v6));
}
