using System.Buffers.Binary;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

// From policy sets to chains. An endpoint's interface maps to the id of its policy set (a plain map), the id to a chain (a verdict map of which there are as many entries as
// there are different lists of policies, not endpoints):
//
//   egress-lists:  id ─► goto se<set> ─► (IPv6, if it differs: goto se<set>-6)
//                                        priority := egress-ports[protocol . port]           which policies name this port (PortIndex)
//                                        its bit: jump pe-<policy> (shared by all sets)      accept │ drop │ return = no opinion
//                                        jump te<set>-0   (a tier in which a policy may Pass: rules inline, return = Pass)
//                                        drop             (end of a tier that denies, or of everything)
//
// The lists of host endpoints are few and stand in maps of their own (HostEndpointManager), from interface to chain at once; where nothing decides, most of them let the packet go on.
//
// Chains of policies are named after them, so a changed policy is new rules in an old chain: no set, no endpoint is touched. A policy's chain is entered by both families and sees to it
// that each meets its own rules (PolicyChains); so a list differs between them only where a policy with Pass stands in it.

/// <summary>Keeps the chains of all policy sets in use. Owned by the dataplane's loop.</summary>
internal sealed class PolicyManager(FilterTables tables, IpSetManager ipSets, ConstantSets constants, DropRules drops, DataplaneOptions options, ViewState view)
{
    /// <summary>With fewer policies that the index could rule out, a list jumps to them all.</summary>
    private const int MinPoliciesForIndex = 4;

    private readonly RuleRenderer _renderer = new(ipSets, constants, drops, options.LogGroup, options.AcceptedMark);
    private readonly Dictionary<PolicyType, PortIndex> _ports = new()
    {
        [PolicyType.Ingress] = new PortIndex(tables, PolicyType.Ingress),
        [PolicyType.Egress] = new PortIndex(tables, PolicyType.Egress),
    };

    private readonly Dictionary<string, ActiveSet> _sets = [];
    private readonly Dictionary<uint, string> _setOfId = [];
    private readonly Dictionary<string, Source> _sources = [];
    private readonly HashSet<string> _dirtySources = [];
    private readonly HashSet<string> _dirtySets = [];
    private readonly HashSet<string> _tightened = [];
    private readonly HashSet<string> _tightenedForNew = [];
    private readonly Dictionary<(PolicyType Direction, PolicySetKind Place, bool IsProfile, string Id), string> _names = [];

    /// <summary>What tiers and lists end with: the same for all lists with the tier.</summary>
    private readonly Dictionary<DropSite, FilterRule[]> _ends = [];

    /// <summary>A policy set that endpoints use.</summary>
    private sealed class ActiveSet(PolicySet set, uint id)
    {
        public PolicySet Set => set;
        public uint Id => id;
        public int Users { get; set; }
        public List<FilterName> Chains { get; } = [];
    }

    /// <summary>One direction of a policy or profile that active sets name, under its chain's name.</summary>
    private sealed class Source(bool isProfile, string id, PolicyType direction, PolicySetKind place)
    {
        public bool IsProfile => isProfile;
        public string Id => id;
        public PolicyType Direction => direction;
        public PolicySetKind Place => place;
        public HashSet<string> Users { get; } = [];
        public CompiledPolicy? Compiled { get; set; }

        /// <summary>What lists that name it depend on.</summary>
        public SourceFace Face { get; set; }

        /// <summary>Its rules by family, where they stand in the lists' chains.</summary>
        public IReadOnlyList<FilterRule>[] Inline { get; set; } = [[], []];

        /// <summary>How lists come here: where they have looked into the port index, and where not. The same in all of them.</summary>
        public FilterRule? IndexedJump { get; set; }
        public FilterRule? Jump { get; set; }

        public List<FilterName> Chains { get; } = [];
        public List<string> IpSets { get; set; } = [];
    }

    /// <summary>How a list refers to a policy.</summary>
    /// <param name="HasPass">Its rules stand in the chains of tiers.</param>
    /// <param name="IsShared">Both families have the same rules.</param>
    /// <param name="HasRules">There are any.</param>
    /// <param name="IsIndexed">All its rules are in the port index.</param>
    /// <param name="AsksIndex">Its rules look at their bits.</param>
    private readonly record struct SourceFace(bool HasPass, bool IsShared, bool HasRules, bool IsIndexed, bool AsksIndex);

    /// <summary>Takes a workload's set into use and returns the id that its endpoints' interfaces map to.</summary>
    public uint Acquire(PolicySet set) => Use(set).Id;

    /// <summary>Takes a host endpoint's set into use and returns the chain to go to.</summary>
    public string AcquireChain(PolicySet set)
    {
        Use(set);
        return ChainNames.Set(set.Id);
    }

    private ActiveSet Use(PolicySet set)
    {
        if (!_sets.TryGetValue(set.Id, out ActiveSet? active))
        {
            _sets[set.Id] = active = new ActiveSet(set, set.Kind == PolicySetKind.Workload ? FreeId(set.Id) : 0);
            if (active.Id != 0) _setOfId[active.Id] = set.Id;
            _dirtySets.Add(set.Id);
            foreach ((string name, bool isProfile, string id) in Names(set)) UseSource(name, isProfile, id, set);
        }
        active.Users++;
        return active;
    }

    public void Release(PolicySet set)
    {
        ActiveSet active = _sets[set.Id];
        if (--active.Users == 0) _dirtySets.Add(set.Id);
    }

    public void OnPolicyChanged(string id)
    {
        foreach (PolicySetKind place in (ReadOnlySpan<PolicySetKind>)[PolicySetKind.Workload, PolicySetKind.PreDnat, PolicySetKind.Untracked])
        {
            NoteChanged(NameOf(PolicyType.Ingress, place, false, id));
            NoteChanged(NameOf(PolicyType.Egress, place, false, id));
        }
    }

    public void OnProfileChanged(string name)
    {
        NoteChanged(NameOf(PolicyType.Ingress, PolicySetKind.Workload, true, name));
        NoteChanged(NameOf(PolicyType.Egress, PolicySetKind.Workload, true, name));
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
            if (source.Face.HasPass) _dirtySets.UnionWith(source.Users);
        }
    }

    /// <summary>Members of these sets came or went.</summary>
    public void OnMembersChanged(IReadOnlyDictionary<string, MemberChange> changes)
    {
        if (changes.Count == 0) return;
        foreach (Source source in _sources.Values)
        {
            if (source.Compiled is not { Staged: false } compiled) continue;
            // One more address for a rule that allows takes nothing from anyone.
            if (source.IpSets.Exists(id => changes.TryGetValue(id, out MemberChange change) && !(change == MemberChange.Added && RuleRenderer.OnlyAllows(compiled, id))))
                NoteTightened(source, compiled);
        }
    }

    private void NoteTightened(Source source, CompiledPolicy compiled) => (compiled.KeepEstablished ? _tightenedForNew : _tightened).UnionWith(source.Users);

    /// <summary>Policy sets that may deny since the last time what they allowed before.</summary>
    public IReadOnlyCollection<string> TakeTightened() => Take(_tightened);

    /// <summary>The same of policies that leave established connections alone: what is not established is theirs all the same.</summary>
    public IReadOnlyCollection<string> TakeTightenedForNew() => Take(_tightenedForNew);

    private static string[] Take(HashSet<string> from)
    {
        if (from.Count == 0) return [];
        string[] taken = [.. from];
        from.Clear();
        return taken;
    }

    /// <summary>A set in use with the rules behind its names, as last rendered.</summary>
    public CompiledPolicySet Link(PolicySet set) => PolicyCompiler.Link(
        set, id => _sources.GetValueOrDefault(NameOf(set.Direction, set.Kind, false, id))?.Compiled, name => _sources.GetValueOrDefault(NameOf(set.Direction, set.Kind, true, name))?.Compiled);

    /// <summary>The chains of a set in use: its own, and those of the policies and profiles that it names.</summary>
    public IEnumerable<FilterName> ChainsOf(PolicySet set) => _sets[set.Id].Chains.Concat(Names(set).SelectMany(n => _sources[n.Chain].Chains));

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
    }

    private void NoteChanged(string name)
    {
        if (_sources.ContainsKey(name)) _dirtySources.Add(name);
    }

    private void UseSource(string name, bool isProfile, string id, PolicySet user)
    {
        if (!_sources.TryGetValue(name, out Source? source))
        {
            _sources[name] = source = new Source(isProfile, id, user.Direction, PlaceOf(user.Kind));
            _names[(source.Direction, source.Place, isProfile, id)] = name;
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

    private IEnumerable<(string Chain, bool IsProfile, string Id)> Names(PolicySet set) =>
        set.Tiers.SelectMany(t => t.Policies).Select(p => (NameOf(set.Direction, set.Kind, false, p), false, p))
            .Concat(set.Profiles.Select(p => (NameOf(set.Direction, set.Kind, true, p), true, p)));

    /// <summary>The chain of a policy or profile. Remembered while it is in use: to make one costs a digest, and each list asks for all of its own.</summary>
    private string NameOf(PolicyType direction, PolicySetKind kind, bool isProfile, string id)
    {
        if (_names.TryGetValue((direction, PlaceOf(kind), isProfile, id), out string? name)) return name;
        return isProfile ? ChainNames.Profile(direction, id) : ChainNames.Policy(direction, id, kind);
    }

    /// <summary>Where Allow only accepts, a policy's rules are the same for all kinds of lists: they share its chain.</summary>
    private static PolicySetKind PlaceOf(PolicySetKind kind) => kind is PolicySetKind.PreDnat or PolicySetKind.Untracked ? kind : PolicySetKind.Workload;

    private void RenderSource(string name, Source source)
    {
        CompiledPolicy compiled = Compile(source);
        bool first = source.Compiled is null;
        RenderedPolicy v4 = _renderer.Render(compiled, v6: false, source.IsProfile, source.Place), v6 = _renderer.Render(compiled, v6: true, source.IsProfile, source.Place);
        constants.Hold(name);
        bool shared = v4.Rules.Select(r => r.Comment).SequenceEqual(v6.Rules.Select(r => r.Comment));
        SourceFace face = new(
            !source.IsProfile && !compiled.Staged && compiled.V4.Concat(compiled.V6).Any(r => r.Action == RuleAction.Pass), shared, v4.Rules.Count + v6.Rules.Count > 0,
            IsIndexed: (v4.IsIndexed || v4.Rules.Count == 0) && (v6.IsIndexed || v6.Rules.Count == 0), v4.AsksIndex || v6.AsksIndex);
        // With Pass its rules stand in the sets' chains.
        if (first || face != source.Face || face.HasPass) _dirtySets.UnionWith(source.Users);
        if (!first && source.Compiled != compiled && !compiled.Staged) NoteTightened(source, compiled);
        source.Compiled = compiled;
        source.Face = face;
        source.IpSets = [.. RuleRenderer.SetsOf(compiled)];
        source.Inline = face.HasPass ? [v4.Rules, v6.Rules] : [[], []];
        _ports[source.Direction].Set(name, Claims(name, face, v4, v6));
        FilterChain[] chains = face.HasPass ? [] : PolicyChains.Of(name, v4.Rules, v6.Rules, shared);
        Replace(source.Chains, compiled.Staged ? [.. chains.Select(c => c.OrElse(FilterStandIn.Nothing))] : chains);
    }

    /// <summary>The policy's bit where its jump may be left out, its rules' bits where they look.</summary>
    private static Dictionary<(byte Protocol, ushort Port), uint> Claims(string name, SourceFace face, RenderedPolicy v4, RenderedPolicy v6)
    {
        Dictionary<(byte Protocol, ushort Port), uint> claims = [];
        if (!face.IsIndexed && !face.AsksIndex) return claims;
        uint own = face.IsIndexed && !face.HasPass ? PortIndex.PolicyBit(name) : 0;
        foreach (RenderedPolicy family in (ReadOnlySpan<RenderedPolicy>)[v4, v6])
        {
            // Where one family asks and the other does not, the other's ports are nobody's business.
            uint rules = family.AsksIndex ? uint.MaxValue : 0;
            if ((own | rules) == 0) continue;
            foreach ((var key, uint bits) in family.Ports) claims[key] = claims.GetValueOrDefault(key) | own | (bits & rules);
        }
        return claims;
    }

    private CompiledPolicy Compile(Source source) => source.IsProfile
        ? view.Profiles.TryGetValue(source.Id, out ProfileView? profile) ? PolicyCompiler.Compile(profile, source.Direction) : PolicyCompiler.Missing(source.Id, source.Direction)
        : view.Policies.TryGetValue(source.Id, out PolicyView? policy) ? PolicyCompiler.Compile(policy, source.Direction) : PolicyCompiler.Missing(source.Id, source.Direction);

    private void RenderSet(ActiveSet active)
    {
        string name = ChainNames.Set(active.Set.Id);
        List<FilterChain> v4 = Chains(active.Set, v6: false, "");
        // Only rules that stand in the list itself can differ between the families.
        if (Names(active.Set).Any(n => _sources[n.Chain].Face is { HasPass: true, IsShared: false }))
        {
            List<FilterChain> v6 = Chains(active.Set, v6: true, "-6");
            // The list's own chain is the last of them.
            v4[^1] = Chain(name, [new FilterRule("IPv6", new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(10)), FilterVerdict.Goto(name + "-6")), .. v4[^1].Rules]);
            v4.AddRange(v6);
        }
        Replace(active.Chains, [.. v4]);
        if (active.Id != 0) tables.SetElement(Verdicts(active.Set.Direction), NftValue.Native(active.Id), new FilterElementData(0, name));
    }

    /// <summary>The set's chain, last, and those of its tiers, in one family.</summary>
    private List<FilterChain> Chains(PolicySet set, bool v6, string suffix)
    {
        List<FilterChain> chains = [];
        List<FilterRule> rules = [];
        Source[] all = [.. Names(set).Select(n => _sources[n.Chain])];
        bool indexed = all.Count(s => s.Face is { IsIndexed: true, HasPass: false }) >= MinPoliciesForIndex;
        bool asks = indexed || all.Any(s => s.Face.AsksIndex);
        if (asks)
            rules.Add(_ports[set.Direction].Question);
        bool decided = false;
        for (int i = 0; i < set.Tiers.Count && !decided; i++)
        {
            PolicySetTier tier = set.Tiers[i];
            bool denies = tier.Default == TierDefault.Deny;
            Source[] policies = [.. tier.Policies.Select(p => _sources[NameOf(set.Direction, set.Kind, false, p)])];
            bool mayPass = policies.Any(p => p.Face.HasPass);
            List<FilterRule> body = mayPass ? [] : rules;
            foreach (Source policy in policies)
            {
                if (policy.Face.HasPass) body.AddRange(policy.Inline[v6 ? 1 : 0]);
                else AddJump(policy, NameOf(set.Direction, set.Kind, false, policy.Id), indexed, body);
            }
            if (denies) body.AddRange(End($"end of tier {tier.Name}", new DropSite(set.Direction, DropKind.Tier, tier.Name) { IsHosts = set.Kind != PolicySetKind.Workload }));
            if (mayPass)
            {
                string name = ChainNames.Tier(set.Id, i) + suffix;
                chains.Add(Chain(name, body));
                rules.Add(new FilterRule($"tier {tier.Name}", FilterVerdict.Jump(name)));
            }
            decided = denies && !mayPass;
        }
        if (!decided)
        {
            foreach (string profile in set.Profiles)
                AddJump(_sources[NameOf(set.Direction, set.Kind, true, profile)], NameOf(set.Direction, set.Kind, true, profile), indexed, rules);
            if (set.DeniesAtEnd) rules.AddRange(End("nothing allows it", new DropSite(set.Direction, DropKind.End, "nothing allows it") { IsHosts = set.Kind != PolicySetKind.Workload }));
            else rules.Add(asks ? new FilterRule("nothing decides it", new FilterSetPriority(0), FilterVerdict.Accept) : new FilterRule("nothing decides it", FilterVerdict.Accept));
        }
        chains.AddRange(PolicyChains.Grouped(ChainNames.Set(set.Id) + suffix, rules));
        return chains;
    }

    private FilterRule[] End(string label, DropSite site)
    {
        if (!_ends.TryGetValue(site, out FilterRule[]? end)) _ends[site] = end = [.. drops.Drop(label, site)];
        return end;
    }

    private static void AddJump(Source source, string chain, bool indexed, List<FilterRule> to)
    {
        if (!source.Face.HasRules) return;
        to.Add(indexed && source.Face.IsIndexed
            ? source.IndexedJump ??= new FilterRule(source.Id, new FilterAnyBit(FilterField.Priority, PortIndex.PolicyBit(chain)), FilterVerdict.Jump(chain))
            : source.Jump ??= new FilterRule(source.Id, FilterVerdict.Jump(chain)));
    }

    private void Drop(ActiveSet active)
    {
        if (active.Id != 0) tables.RemoveElement(Verdicts(active.Set.Direction), NftValue.Native(active.Id));
        Replace(active.Chains, []);
        _sets.Remove(active.Set.Id);
        _setOfId.Remove(active.Id);
        foreach ((string name, bool _, string _) in Names(active.Set))
        {
            if (!_sources.TryGetValue(name, out Source? source)) continue;
            source.Users.Remove(active.Set.Id);
            if (source.Users.Count > 0) continue;
            Replace(source.Chains, []);
            constants.Release(name);
            _ports[source.Direction].Set(name, new Dictionary<(byte, ushort), uint>());
            _sources.Remove(name);
            _names.Remove((source.Direction, source.Place, source.IsProfile, source.Id));
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

    private static FilterChain Chain(string name, IEnumerable<FilterRule> rules) => new(FilterFamily.Inet, name, null, [.. rules]);

    private static FilterName Verdicts(PolicyType direction) => new(FilterFamily.Inet, ChainNames.Verdicts(direction));
}
