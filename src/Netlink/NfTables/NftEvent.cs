namespace Margay.Netlink.NfTables;

/// <summary>What a <see cref="NfTablesMonitor"/> reports.</summary>
public abstract record NftEvent
{
    /// <summary>The netlink port of the socket that committed: <see cref="NfTablesSocket.PortId"/> of one's own. 0: the kernel itself.</summary>
    public uint Sender { get; init; }
}

/// <summary>Something in a table was added, changed or removed.</summary>
public abstract record NftChangeEvent(NftFamily Family, string Table, bool Removed) : NftEvent;

public sealed record NftTableEvent(NftTable Value, bool Removed) : NftChangeEvent(Value.Family, Value.Name, Removed);

public sealed record NftChainEvent(NftChain Value, bool Removed) : NftChangeEvent(Value.Family, Value.Table, Removed);

public sealed record NftRuleEvent(NftRule Value, bool Removed) : NftChangeEvent(Value.Family, Value.Table, Removed);

public sealed record NftSetEvent(NftSet Value, bool Removed) : NftChangeEvent(Value.Family, Value.Table, Removed);

/// <summary>Elements of one set. In a set with intervals (without concatenation) ranges come in halves: an element with the first key, and one with
/// the first key after the range, in <see cref="IntervalEnds"/>.</summary>
public sealed record NftElementsEvent(
    NftFamily Family, string Table, string Set, IReadOnlyList<NftElement> Elements, IReadOnlyList<NftValue> IntervalEnds, bool Removed)
    : NftChangeEvent(Family, Table, Removed);

public sealed record NftCounterEvent(NftCounterObject Value, bool Removed) : NftChangeEvent(Value.Family, Value.Table, Removed);

/// <summary>The changes reported before this, since the last one, are in force: one transaction.</summary>
public sealed record NftCommitEvent(NftGeneration Generation) : NftEvent;

/// <summary>Changes were lost. List everything again.</summary>
public sealed record NftOverrun : NftEvent;
