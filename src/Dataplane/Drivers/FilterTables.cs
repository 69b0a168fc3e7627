using Margay.Core.State;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

// Our nftables, wanted and there, and the transaction that leads from one to the other.
//
//   SetChain, SetElement … ─► desired ┐
//                                     ├─ Plan ─► 1st transaction: tables, sets, chains │ elements │ rules      2nd: late elements, chains, sets out
//   Resync (start, foreign change) ─► actual ┘                   what is named before what names it, numbers last   when nothing names them any more
//
// Why two: the kernel takes the rules for a packet once, when its evaluation begins, but looks into each set as it is at that moment. If the transaction that changes the
// rules also took away what the old ones ask for, a packet that is just being looked at would see old rules with new sets, and find itself in neither: a few packets of
// some 10,000 were lost so. Therefore nothing that rules may ask for (a Late set's element or bit, a chain, a set) goes together with a change: it goes right after it.
//
// Ours is what is in the tables of our name: nobody else has business there, so what we do not want in them goes. A chain is known again by the comments of its
// rules, which hold digests; a set by its keys. The kernel is read back at the start and when someone else changed the tables, never otherwise. A transaction is
// applied as a whole: no packet sees half of it, and when it is refused the kernel is as it was.

/// <summary>Reconciles the nftables tables. Owned by the dataplane's loop.</summary>
public sealed class FilterTables(IKernel kernel, string table, TimeProvider? time = null)
{
    private readonly Quarantine _refused = new(time ?? TimeProvider.System);
    private readonly Dictionary<FilterName, FilterChain> _setAside = [];
    private readonly HashSet<FilterFamily> _tables = [];
    private readonly Dictionary<FilterName, FilterChain> _content = [];
    private readonly DeltaTracker<FilterName, FilterChainImage> _chains = new();
    private readonly DeltaTracker<FilterName, FilterSet> _sets = new();
    private readonly Dictionary<FilterName, ElementTracker> _elements = [];
    private readonly HashSet<FilterName> _dirtyElements = [];

    /// <summary>True until the kernel has been read back: nothing can be planned.</summary>
    public bool NeedsResync { get; set; } = true;

    public bool InSync => !NeedsResync && _chains.InSync && _sets.InSync && _dirtyElements.Count == 0;

    /// <summary>There is nothing of ours in the kernel.</summary>
    public bool IsAbsent => _tables.Count == 0;

    public void SetChain(FilterChain chain)
    {
        FilterName name = new(chain.Family, chain.Name);
        if (_setAside.Remove(name, out FilterChain? before) && before.Image != chain.Image) _refused.Forget(new Suspect(name, IsSet: false));
        Want(name, chain);
    }

    public void RemoveChain(FilterName name)
    {
        if (_setAside.Remove(name)) _refused.Forget(new Suspect(name, IsSet: false));
        _content.Remove(name);
        _chains.RemoveDesired(name);
    }

    public void SetSet(FilterSet set)
    {
        FilterName name = new(set.Family, set.Name);
        Tracker(name, set).Set = set;
        if (!IsSetAside(name)) _sets.SetDesired(name, set);
    }

    /// <summary>The set goes with all its elements.</summary>
    public void RemoveSet(FilterName name)
    {
        _refused.Forget(new Suspect(name, IsSet: true));
        _sets.RemoveDesired(name);
        if (!_elements.TryGetValue(name, out ElementTracker? tracker)) return;
        foreach (FilterElementKey key in tracker.SetAside.Keys.ToArray()) Forget(name, tracker, key);
        foreach (FilterElementKey key in tracker.Elements.Desired.Keys.ToArray()) tracker.Elements.RemoveDesired(key);
        Note(name, tracker);
    }

    /// <summary>Wants an element; its set must be wanted already.</summary>
    public void SetElement(FilterName set, FilterElementKey key, FilterElementData data = default)
    {
        ElementTracker tracker = _elements[set];
        if (tracker.SetAside.Count > 0)
        {
            if (tracker.SetAside.TryGetValue(key, out FilterElementData aside) && aside == data) return;
            Forget(set, tracker, key);
        }
        tracker.Elements.SetDesired(key, data);
        OnElementsChanged(set, tracker);
    }

    /// <summary>Wants these elements of a set and no other.</summary>
    public void SetElements(FilterName set, IEnumerable<KeyValuePair<FilterElementKey, FilterElementData>> elements)
    {
        Dictionary<FilterElementKey, FilterElementData> wanted = elements.ToDictionary();
        foreach (FilterElementKey key in _elements[set].Elements.Desired.Keys.Concat(_elements[set].SetAside.Keys).Where(k => !wanted.ContainsKey(k)).ToArray()) RemoveElement(set, key);
        foreach ((FilterElementKey key, FilterElementData data) in wanted) SetElement(set, key, data);
    }

    /// <inheritdoc cref="SetElements(FilterName, IEnumerable{KeyValuePair{FilterElementKey, FilterElementData}})"/>
    public void SetElements(FilterName set, IEnumerable<FilterElementKey> keys) => SetElements(set, keys.Select(k => KeyValuePair.Create(k, default(FilterElementData))));

    public void RemoveElement(FilterName set, FilterElementKey key)
    {
        if (!_elements.TryGetValue(set, out ElementTracker? tracker)) return;
        Forget(set, tracker, key);
        tracker.Elements.RemoveDesired(key);
        OnElementsChanged(set, tracker);
    }

    /// <summary>What is wanted of a set now.</summary>
    public IReadOnlyDictionary<FilterElementKey, FilterElementData> DesiredElements(FilterName set) => _elements[set].Elements.Desired;

    /// <summary>What there is of a set in the kernel; none when there is no such set.</summary>
    public IEnumerable<FilterElementKey> ActualElements(FilterName set) => _elements.TryGetValue(set, out ElementTracker? tracker) ? tracker.Elements.Actual.Keys : [];

    /// <summary>Whether the element, as wanted, is in the kernel.</summary>
    public bool IsApplied(FilterName set, FilterElementKey key) =>
        !NeedsResync && _elements.TryGetValue(set, out ElementTracker? tracker)
        && tracker.Elements.Desired.ContainsKey(key) && !tracker.Elements.ToUpdate.Contains(key) && !_sets.ToUpdate.Contains(set);

    public bool IsApplied(FilterName chain) => !NeedsResync && _chains.Desired.ContainsKey(chain) && !_chains.ToUpdate.Contains(chain);

    /// <summary>Reads back what is in the kernel.</summary>
    public NetlinkResult Resync()
    {
        NetlinkResult<FilterState> read = kernel.ReadTables(table);
        if (!read.Ok) return read.Result;
        FilterState state = read.Value;
        _tables.Clear();
        _tables.UnionWith(state.Tables);
        _chains.ResyncActual(state.Chains);
        _sets.ResyncActual(state.Sets);
        foreach ((FilterName name, FilterSet set) in state.Sets) Tracker(name, set);
        foreach ((FilterName name, ElementTracker tracker) in _elements)
        {
            tracker.Elements.ResyncActual(state.Elements.TryGetValue(name, out Dictionary<FilterElementKey, FilterElementData>? found) ? found : []);
            Note(name, tracker);
        }
        NeedsResync = false;
        return default;
    }

    /// <summary>The transaction that is due next; empty when there is nothing to do. After it was applied another may be due.</summary>
    public FilterTransaction Plan()
    {
        FilterTransaction plan = new(table);
        if (NeedsRebuild())
        {
            PlanRebuild(plan);
            return plan;
        }
        PlanTables(plan);
        PlanNewSets(plan, _sets.ToUpdate);
        PlanNewChains(plan, _chains.ToUpdate.Where(n => !_chains.Actual.ContainsKey(n)));
        Removals removals = _chains.ToUpdate.Count > 0 ? Removals.Early : Removals.NotOfMaps;
        foreach (FilterName name in _dirtyElements.Where(n => !HoldsNumbers(n))) PlanElements(plan, name, removals);
        foreach (FilterName name in _chains.ToUpdate) PlanRules(plan, name, flush: _chains.Actual.ContainsKey(name));
        foreach (FilterName name in _dirtyElements.Where(HoldsNumbers)) PlanElements(plan, name, removals);
        if (!plan.IsEmpty) return plan;
        foreach (FilterName name in _dirtyElements) PlanElements(plan, name, Removals.All);
        PlanRemovals(plan);
        return plan;
    }

    /// <summary>Applies a plan. On failure nothing has changed, but what we believe of the kernel may be wrong: it is read back before the next one.</summary>
    public NetlinkResult Apply(FilterTransaction plan)
    {
        NetlinkResult result = kernel.Commit(plan);
        if (!result.Ok)
        {
            NeedsResync = true;
            if (!Quarantine.IsPassing(result) && Suspect.Of(plan.Changes[result.Index]) is { } suspect && _refused.Suspects(suspect)) SetAside(suspect, result);
            return result;
        }
        foreach (FilterChange change in plan.Changes) NoteApplied(change);
        if (InSync) _refused.NoteInSync();
        return default;
    }

    // ---- what the kernel refuses ----

    /// <summary>What is wanted and not there, because the kernel refuses it.</summary>
    public IEnumerable<RefusedObject> Refused => _refused.All;

    /// <summary>Whether anything is refused at all.</summary>
    public bool RefusesAny => !_refused.IsEmpty;

    /// <summary>Why the chain only drops; null when it does what it was given for, or nothing stands in for it.</summary>
    public RefusedObject? WhyClosed(FilterName chain) => _setAside.TryGetValue(chain, out FilterChain? given) && given.StandIn == FilterStandIn.Drop ? _refused.ReasonAgainst(given) : null;

    /// <summary>Why the element is left out; null when it is not.</summary>
    public RefusedObject? WhyLeftOut(FilterName set, FilterElementKey key) => _refused.Find(new Suspect(set, IsSet: true, key));

    /// <summary>Those set aside since the last time that this was asked.</summary>
    public IReadOnlyList<RefusedObject> TakeRefused() => _refused.TakeNews();

    /// <summary>When what is refused is to be tried again; null when nothing is.</summary>
    public TimeSpan? NextTrial => _refused.NextTrial;

    /// <summary>Wants again what was set aside long enough.</summary>
    public void TryAgain()
    {
        foreach (Suspect suspect in _refused.TakeDue()) Restore(suspect);
    }

    private bool IsSetAside(FilterName set) => !_refused.IsEmpty && _refused.Holds(new Suspect(set, IsSet: true));

    private void Want(FilterName name, FilterChain chain)
    {
        FilterChain? wanted = _refused.InPlaceOf(chain);
        if (wanted != chain) _setAside[name] = chain;
        if (wanted is null)
        {
            _content.Remove(name);
            _chains.RemoveDesired(name);
            return;
        }
        _content[name] = wanted;
        _chains.SetDesired(name, wanted.Image);
    }

    private void SetAside(Suspect suspect, NetlinkResult refusal)
    {
        FilterChain[] users = suspect.IsSet ? [.. UsersOf(suspect.Name)] : [_setAside.GetValueOrDefault(suspect.Name) ?? _content[suspect.Name]];
        ElementTracker? tracker = suspect.IsSet ? _elements[suspect.Name] : null;
        if (suspect.Element is { } key)
        {
            _refused.Add(suspect, refusal, "left out");
            tracker!.SetAside[key] = tracker.Elements.Desired[key];
            tracker.Elements.RemoveDesired(key);
            Note(suspect.Name, tracker);
        }
        else if (tracker is { Set.Partial: true, OneByOne: false })
        {
            tracker.OneByOne = true;
        }
        else if (!_refused.Holds(suspect) && Array.TrueForAll(users, u => u.StandIn != FilterStandIn.None))
        {
            bool drops = Array.Exists(users, u => u.StandIn == FilterStandIn.Drop);
            _refused.Add(suspect, refusal, drops ? "what would be asked there is dropped" : "left out");
            if (tracker is not null) _sets.RemoveDesired(suspect.Name);
            if (tracker is not null) Note(suspect.Name, tracker);
            foreach (FilterChain user in users) Want(new FilterName(user.Family, user.Name), user);
        }
    }

    private void Restore(Suspect suspect)
    {
        if (!suspect.IsSet)
        {
            if (_setAside.Remove(suspect.Name, out FilterChain? chain)) Want(suspect.Name, chain);
            return;
        }
        ElementTracker tracker = _elements[suspect.Name];
        if (suspect.Element is { } key && tracker.SetAside.Remove(key, out FilterElementData data)) tracker.Elements.SetDesired(key, data);
        if (suspect.Element is null)
        {
            _sets.SetDesired(suspect.Name, tracker.Set);
            foreach (FilterChain user in UsersOf(suspect.Name).ToArray())
            {
                FilterName name = new(user.Family, user.Name);
                _setAside.Remove(name);
                Want(name, user);
            }
        }
        Note(suspect.Name, tracker);
    }

    /// <summary>The chains, as given, that look up the set.</summary>
    private IEnumerable<FilterChain> UsersOf(FilterName set) =>
        _content.Where(c => !_setAside.ContainsKey(c.Key)).Select(c => c.Value).Concat(_setAside.Values).Where(c => c.Family == set.Family && c.Sets.Contains(set.Name));

    private void Forget(FilterName set, ElementTracker tracker, FilterElementKey key)
    {
        if (tracker.SetAside.Remove(key)) _refused.Forget(new Suspect(set, IsSet: true, key));
    }

    /// <summary>A set that was refused is another one now.</summary>
    private void OnElementsChanged(FilterName set, ElementTracker tracker)
    {
        if (!_refused.IsEmpty && _refused.Forget(new Suspect(set, IsSet: true))) Restore(new Suspect(set, IsSet: true));
        else Note(set, tracker);
    }

    /// <summary>A set or base chain of our name that is of another make: it cannot be changed in place, so the table is replaced, in one transaction.</summary>
    private bool NeedsRebuild() =>
        _sets.ToUpdate.Any(_sets.Actual.ContainsKey)
        || _chains.ToUpdate.Any(n => _chains.Actual.TryGetValue(n, out FilterChainImage? there) && there.Base != _chains.Desired[n].Base);

    private void PlanRebuild(FilterTransaction plan)
    {
        foreach (FilterFamily family in _tables) plan.Add(new DestroyTable(family));
        foreach (FilterFamily family in Families()) plan.Add(new AddTable(family));
        PlanNewSets(plan, _sets.Desired.Keys);
        PlanNewChains(plan, _chains.Desired.Keys);
        PlanAllElements(plan, name => !HoldsNumbers(name));
        foreach (FilterName name in _chains.Desired.Keys) PlanRules(plan, name, flush: false);
        PlanAllElements(plan, HoldsNumbers);
    }

    private void PlanAllElements(FilterTransaction plan, Func<FilterName, bool> which)
    {
        foreach ((FilterName name, ElementTracker tracker) in _elements)
        {
            if (!which(name) || !_sets.Desired.ContainsKey(name) || tracker.Elements.Desired.Count == 0) continue;
            foreach (KeyValuePair<FilterElementKey, FilterElementData>[] together in tracker.Elements.Desired.Chunk(tracker.OneByOne ? 1 : int.MaxValue)) plan.Add(new AddElements(tracker.Set, together));
        }
    }

    /// <summary>A map of numbers is filled after the rules that ask for it: for each such rule the kernel walks what is in it by then.</summary>
    private bool HoldsNumbers(FilterName set) => _elements[set].Set.Data == FilterSetData.Id;

    private IEnumerable<FilterFamily> Families() => _chains.Desired.Keys.Concat(_sets.Desired.Keys).Select(n => n.Family).Distinct();

    private void PlanTables(FilterTransaction plan)
    {
        if (_tables.Count == 2) return;
        foreach (FilterFamily family in Families())
            if (!_tables.Contains(family)) plan.Add(new AddTable(family));
    }

    private void PlanNewSets(FilterTransaction plan, IEnumerable<FilterName> names)
    {
        foreach (FilterName name in names) plan.Add(new AddSet(_sets.Desired[name]));
    }

    private void PlanNewChains(FilterTransaction plan, IEnumerable<FilterName> names)
    {
        foreach (FilterName name in names) plan.Add(new AddChain(name.Family, name.Name, _content[name].Base));
    }

    /// <summary>Which elements may go in a transaction.</summary>
    private enum Removals
    {
        /// <summary>It changes rules: only what is not late.</summary>
        Early,

        /// <summary>It changes elements only. What moves from one plain set to another does so at once; what a map names is still asked for by who has read the map before.</summary>
        NotOfMaps,
        All,
    }

    private void PlanElements(FilterTransaction plan, FilterName name, Removals removals)
    {
        ElementTracker tracker = _elements[name];
        DeltaTracker<FilterElementKey, FilterElementData> elements = tracker.Elements;
        List<FilterElementKey> gone = [];
        List<KeyValuePair<FilterElementKey, FilterElementData>> added = [];
        foreach (FilterElementKey key in elements.ToUpdate)
        {
            FilterElementData data = elements.Desired[key];
            if (elements.Actual.TryGetValue(key, out FilterElementData there))
            {
                // Bits come early and go late.
                if (tracker.Set is { Late: true, Data: FilterSetData.Id } && removals != Removals.All) data = data with { Id = data.Id | there.Id };
                if (data == there) continue;
                gone.Add(key);
            }
            added.Add(KeyValuePair.Create(key, data));
        }
        // The elements of a set that goes, go with it; but a verdict map must let go of its chains first, so they are named even then.
        if ((_sets.Desired.ContainsKey(name) || tracker.Set.Data == FilterSetData.Verdict) && MayRemove(tracker.Set, removals, added.Count)) gone.AddRange(elements.ToDelete);
        if (gone.Count > 0) plan.Add(new DeleteElements(tracker.Set, gone));
        if (tracker.OneByOne) foreach (KeyValuePair<FilterElementKey, FilterElementData> element in added) plan.Add(new AddElements(tracker.Set, [element]));
        else if (added.Count > 0) plan.Add(new AddElements(tracker.Set, added));
    }

    /// <summary>Ranges that come may overlap those that go: the kernel takes them only together.</summary>
    private static bool MayRemove(FilterSet set, Removals removals, int added) => removals == Removals.All || !set.Late || (set.Interval && added > 0)
        || (removals == Removals.NotOfMaps && set.Data == FilterSetData.None);

    private void PlanRules(FilterTransaction plan, FilterName name, bool flush)
    {
        if (flush) plan.Add(new FlushChain(name.Family, name.Name));
        foreach (FilterRule rule in _content[name].Rules) plan.Add(new AddRule(name.Family, name.Name, rule));
    }

    private void PlanRemovals(FilterTransaction plan)
    {
        // They may name each other: emptied first, deleted second.
        foreach (FilterName name in _chains.ToDelete) plan.Add(new FlushChain(name.Family, name.Name));
        foreach (FilterName name in _chains.ToDelete) plan.Add(new DeleteChain(name.Family, name.Name));
        foreach (FilterName name in _sets.ToDelete) plan.Add(new DeleteSet(name.Family, name.Name));
    }

    private void NoteApplied(FilterChange change)
    {
        switch (change)
        {
            case AddTable c:
                _tables.Add(c.Family);
                break;
            case DestroyTable c:
                NoteTableGone(c.Family);
                break;
            case AddSet c:
                _sets.SetActual(new FilterName(c.Family, c.Set.Name), c.Set);
                break;
            case DeleteSet c:
                NoteSetGone(new FilterName(c.Family, c.Name));
                break;
            case AddChain c when _content.TryGetValue(new FilterName(c.Family, c.Name), out FilterChain? chain):
                _chains.SetActual(new FilterName(c.Family, c.Name), chain.Image);
                break;
            case FlushChain c when _content.TryGetValue(new FilterName(c.Family, c.Name), out FilterChain? chain):
                _chains.SetActual(new FilterName(c.Family, c.Name), chain.Image);
                break;
            case DeleteChain c:
                _chains.RemoveActual(new FilterName(c.Family, c.Name));
                break;
            case AddElements c:
                NoteElements(c.Set, e =>
                {
                    e.ExpectActual(c.Elements.Count);
                    foreach ((FilterElementKey key, FilterElementData data) in c.Elements) e.SetActual(key, data);
                });
                break;
            case DeleteElements c:
                NoteElements(c.Set, e =>
                {
                    foreach (FilterElementKey key in c.Keys) e.RemoveActual(key);
                });
                break;
        }
    }

    private void NoteElements(FilterSet set, Action<DeltaTracker<FilterElementKey, FilterElementData>> note)
    {
        FilterName name = new(set.Family, set.Name);
        ElementTracker tracker = _elements[name];
        note(tracker.Elements);
        Note(name, tracker);
    }

    private void NoteTableGone(FilterFamily family)
    {
        _tables.Remove(family);
        foreach (FilterName name in _chains.Actual.Keys.Where(n => n.Family == family).ToArray()) _chains.RemoveActual(name);
        foreach (FilterName name in _sets.Actual.Keys.Where(n => n.Family == family).ToArray()) NoteSetGone(name);
    }

    private void NoteSetGone(FilterName name)
    {
        _sets.RemoveActual(name);
        if (!_elements.TryGetValue(name, out ElementTracker? tracker)) return;
        tracker.Elements.ResyncActual([]);
        Note(name, tracker);
        if (!_sets.Desired.ContainsKey(name) && !IsSetAside(name)) _elements.Remove(name);
    }

    private ElementTracker Tracker(FilterName name, FilterSet set)
    {
        if (!_elements.TryGetValue(name, out ElementTracker? tracker)) _elements[name] = tracker = new ElementTracker(set);
        return tracker;
    }

    private void Note(FilterName name, ElementTracker tracker)
    {
        if (tracker.Elements.InSync || IsSetAside(name)) _dirtyElements.Remove(name);
        else _dirtyElements.Add(name);
    }
}
