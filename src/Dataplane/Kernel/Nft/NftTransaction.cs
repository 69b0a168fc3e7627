namespace Margay.Dataplane.Kernel.Nft;

/// <summary>One step of a transaction. Order matters: what is referred to exists by then.</summary>
public abstract record NftChange(NftFamily Family);

public sealed record AddTable(NftFamily Family) : NftChange(Family);

/// <summary>Deletes a table with all that is in it; no error when there is none.</summary>
public sealed record DestroyTable(NftFamily Family) : NftChange(Family);

/// <summary>A chain without rules.</summary>
public sealed record AddChain(NftFamily Family, string Name, NftBase? Base) : NftChange(Family);

public sealed record DeleteChain(NftFamily Family, string Name) : NftChange(Family);

/// <summary>Removes all rules of a chain.</summary>
public sealed record FlushChain(NftFamily Family, string Name) : NftChange(Family);

/// <summary>Appends a rule.</summary>
public sealed record AddRule(NftFamily Family, string Chain, NftRule Rule) : NftChange(Family);

public sealed record AddSet(NftSet Set) : NftChange(Set.Family);
public sealed record DeleteSet(NftFamily Family, string Name) : NftChange(Family);

/// <summary>Fails when one is there already with other data.</summary>
public sealed record AddElements(NftSet Set, IReadOnlyList<KeyValuePair<NftElementKey, NftElementData>> Elements) : NftChange(Set.Family);

/// <summary>Fails when one is not there.</summary>
public sealed record DeleteElements(NftSet Set, IReadOnlyList<NftElementKey> Keys) : NftChange(Set.Family);

/// <summary>Changes that the kernel makes at once, for every packet, or not at all.</summary>
public sealed class NftTransaction(string table)
{
    private readonly List<NftChange> _changes = [];

    public string Table => table;
    public IReadOnlyList<NftChange> Changes => _changes;
    public bool IsEmpty => _changes.Count == 0;
    public void Add(NftChange change) => _changes.Add(change);
}

/// <summary>Our tables as read back. A family that is missing has no table.</summary>
public sealed class NftState
{
    public HashSet<NftFamily> Tables { get; } = [];
    public Dictionary<NftName, NftChainImage> Chains { get; } = [];
    public Dictionary<NftName, NftSet> Sets { get; } = [];
    public Dictionary<NftName, Dictionary<NftElementKey, NftElementData>> Elements { get; } = [];
}
