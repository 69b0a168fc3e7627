using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Tests;

/// <summary>The two tables as a model. A change that the kernel would refuse returns why.</summary>
internal sealed class FakeTables
{
    private readonly HashSet<FilterFamily> _tables = [];
    private readonly Dictionary<FilterName, (FilterBase? Base, List<FilterRule> Rules)> _chains = [];
    private readonly Dictionary<FilterName, (FilterSet Set, Dictionary<FilterElementKey, FilterElementData> Elements)> _sets = [];

    public IReadOnlyCollection<FilterName> Chains => _chains.Keys;
    public IReadOnlyCollection<FilterElementKey> Elements(FilterName set) => _sets[set].Elements.Keys;

    public IReadOnlyList<FilterRule> Rules(FilterName chain) => _chains[chain].Rules;

    public FakeTables Clone()
    {
        FakeTables copy = new();
        copy._tables.UnionWith(_tables);
        foreach ((FilterName name, (FilterBase? hook, List<FilterRule> rules)) in _chains) copy._chains[name] = (hook, [.. rules]);
        foreach ((FilterName name, (FilterSet set, Dictionary<FilterElementKey, FilterElementData> elements)) in _sets) copy._sets[name] = (set, new(elements));
        return copy;
    }

    public string? Apply(FilterChange change)
    {
        if (change is not AddTable and not DestroyTable && !_tables.Contains(change.Family)) return "no such table";
        switch (change)
        {
            case AddTable c: _tables.Add(c.Family); return null;
            case DestroyTable c:
                _tables.Remove(c.Family);
                foreach (FilterName name in _chains.Keys.Where(n => n.Family == c.Family).ToArray()) _chains.Remove(name);
                foreach (FilterName name in _sets.Keys.Where(n => n.Family == c.Family).ToArray()) _sets.Remove(name);
                return null;
            case AddChain c: return _chains.TryAdd(new(c.Family, c.Name), (c.Base, [])) ? null : "chain exists";
            case FlushChain c when _chains.TryGetValue(new(c.Family, c.Name), out var chain): chain.Rules.Clear(); return null;
            case DeleteChain c: return _chains.Remove(new(c.Family, c.Name), out var gone) && gone.Rules.Count == 0 ? null : "chain busy or not there";
            case AddRule c when _chains.TryGetValue(new(c.Family, c.Chain), out var chain): chain.Rules.Add(c.Rule); return Dangling(c.Family, c.Rule);
            case AddSet c: return _sets.TryAdd(new(c.Family, c.Set.Name), (c.Set, [])) ? null : "set exists";
            case DeleteSet c: return _sets.Remove(new(c.Family, c.Name)) ? null : "no such set";
            case AddElements c when _sets.TryGetValue(new(c.Family, c.Set.Name), out var set):
                return c.Elements.All(e => (e.Value.Goto is null || _chains.ContainsKey(new(c.Family, e.Value.Goto))) && set.Elements.TryAdd(e.Key, e.Value)) ? null : "element exists, or its chain does not";
            case DeleteElements c when _sets.TryGetValue(new(c.Family, c.Set.Name), out var set):
                return c.Keys.All(set.Elements.Remove) ? null : "no such element";
            default: return "not there";
        }
    }

    /// <summary>At the end of a transaction nothing may name what is gone.</summary>
    public string? Validate() =>
        _chains.SelectMany(c => c.Value.Rules.Select(r => Dangling(c.Key.Family, r))).FirstOrDefault(d => d is not null)
        ?? _sets.Values.SelectMany(s => s.Elements.Values.Where(e => e.Goto is not null && !_chains.ContainsKey(new(s.Set.Family, e.Goto))).Select(e => $"{s.Set.Name}: goto {e.Goto}")).FirstOrDefault();

    private string? Dangling(FilterFamily family, FilterRule rule)
    {
        foreach (FilterStatement statement in rule.Statements)
        {
            string? set = statement switch { FilterLookup s => s.Set, FilterMapToPriority s => s.Map, FilterVerdictMap s => s.Map, FilterTranslate s => s.Map, _ => null };
            if (set is not null && !_sets.ContainsKey(new(family, set))) return $"{rule}: no set {set}";
            if (statement is FilterVerdict { Chain: { } chain } && !_chains.ContainsKey(new(family, chain))) return $"{rule}: no chain {chain}";
        }
        return null;
    }

    public FilterState Read()
    {
        FilterState state = new();
        state.Tables.UnionWith(_tables);
        foreach ((FilterName name, (FilterBase? hook, List<FilterRule> rules)) in _chains)
            state.Chains[name] = new FilterChainImage(hook, string.Join('\n', rules.Select(r => r.Comment)));
        foreach ((FilterName name, (FilterSet set, Dictionary<FilterElementKey, FilterElementData> elements)) in _sets)
        {
            state.Sets[name] = set;
            state.Elements[name] = new(elements);
        }
        return state;
    }
}
