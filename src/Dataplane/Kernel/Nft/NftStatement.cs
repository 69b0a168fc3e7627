using System.Collections.Immutable;

namespace Margay.Dataplane.Kernel.Nft;

/// <summary>A step of a rule. A match that fails ends the rule; a verdict ends the chain, or the packet.</summary>
public abstract record NftStatement;

/// <summary>The field equals the value, after masking; a value shorter than the field compares its first bytes.</summary>
public sealed record NftCompare(NftField Field, NftKey Value, bool Negate = false, NftKey? Mask = null) : NftStatement
{
    public override string ToString() => $"{Field.Text()}{(Mask is { } m ? $" & {m}" : "")} {(Negate ? "!= " : "")}{Value}";
}

/// <summary>Any of the bits is set (<c>ct state established,related</c>).</summary>
public sealed record NftAnyBit(NftField Field, uint Bits) : NftStatement
{
    public override string ToString() => $"{Field.Text()} {Bits}";
}

/// <summary>The field is between the values, both included.</summary>
public sealed record NftRange(NftField Field, NftKey From, NftKey To, bool Negate = false) : NftStatement
{
    public override string ToString() => $"{Field.Text()} {(Negate ? "!= " : "")}{From}-{To}";
}

/// <summary>The fields, joined, are in the set; a mask applies to a single field.</summary>
public sealed record NftLookup(ImmutableArray<NftField> Fields, string Set, bool Negate = false, NftKey? Mask = null) : NftStatement
{
    public NftLookup(NftField field, string set, bool negate = false, NftKey? mask = null) : this([field], set, negate, mask)
    {
    }

    public override string ToString() =>
        $"{string.Join(" . ", Fields.Select(f => f.Text()))}{(Mask is { } m ? $" & {m}" : "")} {(Negate ? "!= " : "")}@{Set}";
}

/// <summary>
/// The field's value in <paramref name="Map"/>, looked up in <paramref name="Verdicts"/>, gives the verdict; without either entry the rule ends.
/// The value goes from one lookup to the other in a register: no packet mark is touched.
/// </summary>
public sealed record NftDispatch(NftField Field, string Map, string Verdicts) : NftStatement
{
    public override string ToString() => $"{Field.Text()} map @{Map} vmap @{Verdicts}";
}

public sealed record NftCounter : NftStatement
{
    public override string ToString() => "counter";
}

/// <summary>A copy of the packet's head goes to the NFLOG group with this prefix.</summary>
public sealed record NftLog(ushort Group, string Prefix) : NftStatement
{
    public override string ToString() => $"log group {Group} prefix \"{Prefix}\"";
}

/// <summary>Source address translation to the outgoing link's address.</summary>
public sealed record NftMasquerade : NftStatement
{
    public override string ToString() => "masquerade";
}

public enum NftVerdictKind
{
    Accept,
    Drop,
    Return,
    Jump,
    Goto,
}

public sealed record NftVerdict(NftVerdictKind Kind, string? Chain = null) : NftStatement
{
    public static NftVerdict Accept { get; } = new(NftVerdictKind.Accept);
    public static NftVerdict Drop { get; } = new(NftVerdictKind.Drop);
    public static NftVerdict Return { get; } = new(NftVerdictKind.Return);
    public static NftVerdict Jump(string chain) => new(NftVerdictKind.Jump, chain);
    public static NftVerdict Goto(string chain) => new(NftVerdictKind.Goto, chain);

    public override string ToString() => Chain is null ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()} {Chain}";
}
