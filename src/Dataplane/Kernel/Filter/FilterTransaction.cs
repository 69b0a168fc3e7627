namespace Margay.Dataplane.Kernel.Filter;

/// <summary>One step of a transaction. Order matters: what is referred to exists by then.</summary>
public abstract record FilterChange(FilterFamily Family);

public sealed record AddTable(FilterFamily Family) : FilterChange(Family);

/// <summary>Deletes a table with all that is in it; no error when there is none.</summary>
public sealed record DestroyTable(FilterFamily Family) : FilterChange(Family);

/// <summary>A chain without rules.</summary>
public sealed record AddChain(FilterFamily Family, string Name, FilterBase? Base) : FilterChange(Family);

public sealed record DeleteChain(FilterFamily Family, string Name) : FilterChange(Family);

/// <summary>Removes all rules of a chain.</summary>
public sealed record FlushChain(FilterFamily Family, string Name) : FilterChange(Family);

/// <summary>Appends a rule.</summary>
public sealed record AddRule(FilterFamily Family, string Chain, FilterRule Rule) : FilterChange(Family);

public sealed record AddSet(FilterSet Set) : FilterChange(Set.Family);
public sealed record DeleteSet(FilterFamily Family, string Name) : FilterChange(Family);

/// <summary>Fails when one is there already with other data.</summary>
public sealed record AddElements(FilterSet Set, IReadOnlyList<KeyValuePair<FilterElementKey, FilterElementData>> Elements) : FilterChange(Set.Family);

/// <summary>Fails when one is not there.</summary>
public sealed record DeleteElements(FilterSet Set, IReadOnlyList<FilterElementKey> Keys) : FilterChange(Set.Family);

/// <summary>Changes that the kernel makes at once, for every packet, or not at all.</summary>
public sealed class FilterTransaction(string table)
{
    private readonly List<FilterChange> _changes = [];

    public string Table => table;
    public IReadOnlyList<FilterChange> Changes => _changes;
    public bool IsEmpty => _changes.Count == 0;
    public void Add(FilterChange change) => _changes.Add(change);
}

/// <summary>Our tables as read back. A family that is missing has no table.</summary>
public sealed class FilterState
{
    public HashSet<FilterFamily> Tables { get; } = [];
    public Dictionary<FilterName, FilterChainImage> Chains { get; } = [];
    public Dictionary<FilterName, FilterSet> Sets { get; } = [];
    public Dictionary<FilterName, Dictionary<FilterElementKey, FilterElementData>> Elements { get; } = [];
}
