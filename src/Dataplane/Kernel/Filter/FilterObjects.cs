using System.Collections.Immutable;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Kernel.Filter;

/// <summary>Tables of ours, one name in each of these families.</summary>
public enum FilterFamily
{
    Inet,
    Arp,
}

/// <summary>Hooks that base chains attach to (NF_INET_*, NF_ARP_IN).</summary>
public enum FilterHook
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// <summary>What makes a chain a base chain. Its policy is always accept: what is dropped is dropped by a rule that says why.</summary>
public sealed record FilterBase(FilterHook Hook, int Priority, bool Nat = false);

/// <summary>What stands in for a chain that the kernel refuses, so that the others need not wait for it.</summary>
public enum FilterStandIn
{
    /// <summary>Nothing can: all waits.</summary>
    None,

    /// <summary>A rule that drops.</summary>
    Drop,

    /// <summary>The same chain without a rule, or of a base chain nothing: for what is no matter of policy.</summary>
    Nothing,
}

/// <summary>A chain with all its rules. Chains are changed as a whole.</summary>
public sealed class FilterChain(FilterFamily family, string name, FilterBase? @base, ImmutableArray<FilterRule> rules, FilterStandIn? standIn = null)
{
    /// <summary>If it is not said: a base chain sees the host's own packets too, and cannot drop them all; any other chain is closed.</summary>
    public FilterStandIn StandIn => standIn ?? (@base is null ? FilterStandIn.Drop : FilterStandIn.None);

    public FilterFamily Family => family;
    /// <summary>The same chain, with this in its place when it is refused.</summary>
    public FilterChain OrElse(FilterStandIn instead) => new(family, name, @base, rules, instead);

    public string Name => name;
    public FilterBase? Base => @base;
    public ImmutableArray<FilterRule> Rules => rules;

    /// <summary>The sets and maps that its rules look up.</summary>
    public IEnumerable<string> Sets => rules.SelectMany(r => r.Statements).Select(s => s.LooksUp).OfType<string>();

    /// <summary>What is compared with the kernel's.</summary>
    public FilterChainImage Image { get; } = new(@base, string.Join('\n', rules.Select(r => r.Comment)));
}

/// <summary>A chain as far as it identifies its content: the comments of its rules, which hold their digests.</summary>
public sealed record FilterChainImage(FilterBase? Base, string Comments);

/// <summary>What a map gives for a key; a plain set gives nothing.</summary>
public enum FilterSetData
{
    None,

    /// <summary>A 32-bit number in host order.</summary>
    Id,
    Verdict,
    AddressV4,
    AddressV6,
}

/// <summary>
/// A set or map without its elements. <paramref name="Interval"/> sets hold ranges that do not overlap. In a <paramref name="Late"/> set an element, or a bit of its number,
/// that is too much for a moment does no harm, but one that rules still ask for does when it is gone: removals wait until the rules have changed. What is not in a
/// <paramref name="Partial"/> set is dropped, so that an element that the kernel refuses can be left out.
/// </summary>
public sealed record FilterSet(
    FilterFamily Family, string Name, ImmutableArray<FilterField> Key, FilterSetData Data = FilterSetData.None, bool Interval = false, bool Late = false, bool Partial = false)
{
    public bool Equals(FilterSet? other) => other is not null && Family == other.Family && Name == other.Name && Data == other.Data && Interval == other.Interval
        && KeyWidths.SequenceEqual(other.KeyWidths);

    public override int GetHashCode() => HashCode.Combine(Family, Name, Data, Interval);

    // The kernel knows the widths of the parts, not their meaning: source and destination address are one type.
    private IEnumerable<int> KeyWidths => Key.Select(k => k.Width());

    /// <summary>Bytes of a key.</summary>
    public int KeyLength => Key.Length == 1 ? Key[0].Width() : Key.Sum(k => k.PaddedWidth());
}

/// <summary>Key of an element: a value, or a range whose both ends belong to it. The default stands for every key that is not in the set.</summary>
public readonly record struct FilterElementKey(NftValue From, NftValue To)
{
    public bool IsCatchAll => From.IsEmpty;
    public static implicit operator FilterElementKey(NftValue key) => new(key, default);
    public static FilterElementKey FromNftValue(NftValue key) => key;
    public bool IsRange => To.Length > 0;
    public override string ToString() => IsRange ? $"{From}-{To}" : From.ToString();
}

/// <summary>What an element maps to: nothing, a number, a verdict (always a goto), or an address.</summary>
public readonly record struct FilterElementData(uint Id, string? Goto = null, NftValue Address = default)
{
    public override string ToString() => Goto is not null ? $"goto {Goto}" : Address.IsEmpty ? $"{Id:x}" : Address.ToString();
}

/// <summary>Identifies a set or chain: names are unique in a family's table only.</summary>
public readonly record struct FilterName(FilterFamily Family, string Name)
{
    public override string ToString() => $"{Family.ToString().ToLowerInvariant()} {Name}";
}
