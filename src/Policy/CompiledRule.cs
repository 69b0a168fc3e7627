using Margay.Api.Resources;

namespace Margay.Policy;

/// <summary>
/// One rule for one address family: it matches when one of its clauses does. Each clause is a conjunction of <see cref="RuleMatch"/>, each of which
/// nftables can express with one lookup or comparison, so a clause is one kernel rule and shares the rule's action.
/// At most one clause of a Log rule matches a packet; for other actions clauses may overlap.
/// </summary>
public sealed record CompiledRule
{
    public required RuleAction Action { get; init; }

    /// <summary>Position in the resource's list, which several rules share where the resource says in one what takes several here; -1 for the stand-in of something missing.</summary>
    public required int Index { get; init; }

    /// <summary>Alternatives. None: the rule never matches in this family. A clause without matches holds for every packet.</summary>
    public required EquatableArray<RuleClause> Clauses { get; init; }

    /// <summary>Why there is no clause, in words.</summary>
    public string? NeverBecause { get; init; }

    /// <summary>The rule's annotations, by key: for comments in the kernel and for logs.</summary>
    public EquatableArray<RuleAnnotation> Annotations { get; init; }
}

public sealed record RuleAnnotation(string Key, string Value);

/// <summary>All of it must hold, cheapest first. A port match always comes after a positive match on protocols that have ports.</summary>
public sealed record RuleClause(EquatableArray<RuleMatch> Matches);

public enum PacketSide
{
    Source,
    Destination,
}

/// <summary>One criterion. What <see cref="Negated"/> inverts is the whole criterion.</summary>
public abstract record RuleMatch(bool Negated);

/// <summary>The IP protocol number (IPv6: of the upper layer, nftables <c>meta l4proto</c>) is one of these.</summary>
public sealed record ProtocolMatch(EquatableArray<byte> Protocols, bool Negated = false) : RuleMatch(Negated);

/// <summary>
/// The packet is ICMP (IPv4) or ICMPv6 with this type and, if given, code: the first one or two bytes of the transport header. Comes after a match on the protocol.
/// </summary>
public sealed record IcmpMatch(byte Type, byte? Code, bool Negated = false) : RuleMatch(Negated);

/// <summary>The port is in one of these ranges, which are sorted and neither overlap nor touch.</summary>
public sealed record PortMatch(PacketSide Side, EquatableArray<PortRange> Ranges, bool Negated = false) : RuleMatch(Negated);

/// <summary>The address is in one of these prefixes, all of the rule's family, sorted, none within another.</summary>
public sealed record NetMatch(PacketSide Side, EquatableArray<Core.Net.IpPrefix> Nets, bool Negated = false) : RuleMatch(Negated);

/// <summary>The address is in this set (of type Nets).</summary>
public sealed record SetMatch(PacketSide Side, string SetId, bool Negated = false) : RuleMatch(Negated);

/// <summary>(address, protocol, port) of this side is in this set (of type IpPorts). Only packets with ports can be; the set's protocols imply that.</summary>
public sealed record PortSetMatch(PacketSide Side, string SetId, bool Negated = false) : RuleMatch(Negated);
