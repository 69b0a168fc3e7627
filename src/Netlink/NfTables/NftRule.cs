using Margay.Netlink.NfTables.Expressions;

namespace Margay.Netlink.NfTables;

/// <summary>
/// A rule: expressions worked through from left to right, of which the first that does not hold ends the rule. Rules have no names; the kernel
/// gives each a <see cref="Handle"/> (<see cref="NfTablesBatch.Add(NftRule)"/> with echo reports it), by which it is replaced and deleted.
/// </summary>
public sealed record NftRule(NftFamily Family, string Table, string Chain, params IReadOnlyList<NftExpression> Expressions)
{
    public NftRule(NftChain chain, params IReadOnlyList<NftExpression> expressions)
        : this(chain.Family, chain.Table, chain.Name, expressions)
    {
    }

    public string? Comment { get; init; }

    /// <summary>Which rule to replace or delete; given by the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>Add after, or insert before, the rule with this handle. 0: at the end, or the beginning.</summary>
    public ulong Position { get; init; }

    public bool Equals(NftRule? other) => other is not null
        && Family == other.Family && Table == other.Table && Chain == other.Chain && Comment == other.Comment && Handle == other.Handle
        && Expressions.SequenceEqual(other.Expressions);

    public override int GetHashCode() => HashCode.Combine(Family, Table, Chain, Handle, Expressions.Count);
}
