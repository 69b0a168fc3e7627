using System.Collections.Immutable;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Kernel.Filter;

/// <summary>A step of a rule. A match that fails ends the rule; a verdict ends the chain, or the packet.</summary>
public abstract record FilterStatement
{
    /// <summary>The set or map that it looks up, if it does.</summary>
    public virtual string? LooksUp => null;
}

/// <summary>The field equals the value, after masking; a value shorter than the field compares its first bytes.</summary>
public sealed record FilterCompare(FilterField Field, NftValue Value, bool Negate = false, NftValue? Mask = null) : FilterStatement
{
    public override string ToString() => $"{Field.Text()}{(Mask is { } m ? $" & {m}" : "")} {(Negate ? "!= " : "")}{Value}";
}

/// <summary>Any of the bits is set (<c>ct state established,related</c>).</summary>
public sealed record FilterAnyBit(FilterField Field, uint Bits) : FilterStatement
{
    public override string ToString() => $"{Field.Text()} {Bits}";
}

/// <summary>The field is between the values, both included.</summary>
public sealed record FilterRange(FilterField Field, NftValue From, NftValue To, bool Negate = false) : FilterStatement
{
    public override string ToString() => $"{Field.Text()} {(Negate ? "!= " : "")}{From}-{To}";
}

/// <summary>The fields, joined, are in the set; a mask applies to a single field.</summary>
public sealed record FilterLookup(ImmutableArray<FilterField> Fields, string Set, bool Negate = false, NftValue? Mask = null) : FilterStatement
{
    public FilterLookup(FilterField field, string set, bool negate = false, NftValue? mask = null) : this([field], set, negate, mask)
    {
    }

    public override string LooksUp => Set;

    public override string ToString() =>
        $"{string.Join(" . ", Fields.Select(f => f.Text()))}{(Mask is { } m ? $" & {m}" : "")} {(Negate ? "!= " : "")}@{Set}";
}

/// <summary>
/// The packet's priority becomes what <paramref name="Map"/> gives for the fields, joined; without an entry the rule ends. The priority carries the id of a policy set
/// from here to <see cref="FilterVerdictMap"/>, and after that the bits of the port index. (The kernel could keep them in a register within a rule; nft 1.0 aborts when
/// it lists a lookup of what a lookup loaded.)
/// </summary>
public sealed record FilterMapToPriority(ImmutableArray<FilterField> Fields, string Map) : FilterStatement
{
    public override string LooksUp => Map;
    public override string ToString() => $"meta priority set {string.Join(" . ", Fields.Select(f => f.Text()))} map @{Map}";
}

public sealed record FilterSetPriority(uint Value) : FilterStatement
{
    public override string ToString() => $"meta priority set {Value}";
}

/// <summary>Clears and sets bits of the packet's mark; the others stay as they are.</summary>
public sealed record FilterSetMark(uint Clear, uint Set) : FilterStatement
{
    public override string ToString() => $"meta mark set meta mark & ~{Clear:x} | {Set:x}";
}

/// <summary>The packet is left out of connection tracking: before it only.</summary>
public sealed record FilterNotrack : FilterStatement
{
    public override string ToString() => "notrack";
}

/// <summary>The field's verdict in the map; without an entry the rule ends.</summary>
public sealed record FilterVerdictMap(FilterField Field, string Map) : FilterStatement
{
    public override string LooksUp => Map;
    public override string ToString() => $"{Field.Text()} vmap @{Map}";
}

public sealed record FilterCounter : FilterStatement
{
    public override string ToString() => "counter";
}

/// <summary>Ends the rule when more packets come than this: packets per second, and how many above that at once.</summary>
public sealed record FilterLimit(uint Rate, uint Burst) : FilterStatement
{
    public override string ToString() => $"limit rate {Rate}/second burst {Burst} packets";
}

/// <summary>Ends the rule unless more comes than this: packets or bytes per second, and how many above that at once. (The kernel's bucket for bytes holds a second's worth and the burst.)</summary>
public sealed record FilterOver(ulong Rate, uint Burst, bool Bytes) : FilterStatement
{
    public override string ToString() => $"limit rate over {Rate} {(Bytes ? "bytes" : "packets")}/second burst {Burst}";
}

/// <summary>Ends the rule unless more connections than this have come by it and are still tracked. A packet that begins none must not get here.</summary>
public sealed record FilterConnectionsOver(uint Count) : FilterStatement
{
    public override string ToString() => $"ct count over {Count}";
}

/// <summary>Ends the rule unless the packet's flow, with its answers, is of this one of so many shares of all.</summary>
public sealed record FilterShare(uint Number, uint Of) : FilterStatement
{
    public override string ToString() => $"symhash mod {Of} {Number}";
}

/// <summary>Writes the differentiated services code point (RFC 2474), 0–63; the packet is known to be of this version.</summary>
public sealed record FilterSetDscp(byte CodePoint, bool V6) : FilterStatement
{
    public override string ToString() => $"{(V6 ? "ip6" : "ip")} dscp set {CodePoint}";
}

/// <summary>Drops the packet, which is known to be TCP, and resets the connection for its sender.</summary>
public sealed record FilterReset : FilterStatement
{
    public override string ToString() => "reject with tcp reset";
}

/// <summary>A copy of the packet's head goes to the NFLOG group with this prefix.</summary>
public sealed record FilterLog(ushort Group, string Prefix) : FilterStatement
{
    public override string ToString() => $"log group {Group} prefix \"{Prefix}\"";
}

/// <summary>Source address translation to the outgoing link's address.</summary>
public sealed record FilterMasquerade : FilterStatement
{
    public override string ToString() => "masquerade";
}

/// <summary>Source or destination address translation to what the map gives for the field, an address of its family; without an entry the rule ends.</summary>
public sealed record FilterTranslate(bool Source, FilterField Field, string Map) : FilterStatement
{
    public override string LooksUp => Map;
    public override string ToString() => $"{(Source ? "snat" : "dnat")} to {Field.Text()} map @{Map}";
}

/// <summary>Destination address and port translation.</summary>
public sealed record FilterRedirect(NftValue Address, NftValue Port) : FilterStatement
{
    public override string ToString() => $"dnat to {Address} port {Port}";
}

public enum FilterVerdictKind
{
    Accept,
    Drop,
    Return,
    Jump,
    Goto,
}

public sealed record FilterVerdict(FilterVerdictKind Kind, string? Chain = null) : FilterStatement
{
    public static FilterVerdict Accept { get; } = new(FilterVerdictKind.Accept);
    public static FilterVerdict Drop { get; } = new(FilterVerdictKind.Drop);
    public static FilterVerdict Return { get; } = new(FilterVerdictKind.Return);
    public static FilterVerdict Jump(string chain) => new(FilterVerdictKind.Jump, chain);
    public static FilterVerdict Goto(string chain) => new(FilterVerdictKind.Goto, chain);

    public override string ToString() => Chain is null ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()} {Chain}";
}
