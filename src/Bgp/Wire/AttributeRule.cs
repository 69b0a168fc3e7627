namespace Margay.Bgp.Wire;

/// <summary>What the RFCs say about one attribute: its flags, its form, and how a fault is taken (RFC 7606 §7).</summary>
internal sealed class AttributeRule
{
    private enum Form
    {
        Any,
        Origin,
        AsPath2Or4,
        AsPath4,
        NextHop,
        Number,
        Empty,
        Aggregator,
        As4Aggregator,
        Fours,
        Eights,
        Twelves,
        Twenties,
        Pmsi,
    }

    private readonly Form _form;

    private AttributeRule(AttributeFlags flags, Form form, UpdateOutcome onError, bool internalOnly = false)
    {
        Flags = flags;
        _form = form;
        OnError = onError;
        InternalOnly = internalOnly;
    }

    /// <summary>Optional and transitive as they must be.</summary>
    internal AttributeFlags Flags { get; }

    internal UpdateOutcome OnError { get; }

    /// <summary>For flags other than <see cref="Flags"/> (RFC 7606 §3 c and f).</summary>
    internal UpdateOutcome OnWrongFlags { get; private init; } = UpdateOutcome.TreatAsWithdraw;

    /// <summary>Discarded if it comes from an external peer.</summary>
    internal bool InternalOnly { get; }

    private const AttributeFlags WellKnown = AttributeFlags.Transitive;
    private const AttributeFlags Transitive = AttributeFlags.Optional | AttributeFlags.Transitive;
    private const AttributeFlags NonTransitive = AttributeFlags.Optional;

    private static readonly AttributeRule?[] s_rules = Rules();

    /// <summary>Null for an attribute that we do not know.</summary>
    internal static AttributeRule? Of(AttributeType type) => (byte)type < s_rules.Length ? s_rules[(byte)type] : null;

    private static AttributeRule?[] Rules()
    {
        AttributeRule?[] rules = new AttributeRule?[33];
        void Add(AttributeType type, AttributeRule rule) => rules[(byte)type] = rule;
        Add(AttributeType.Origin, new(WellKnown, Form.Origin, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.AsPath, new(WellKnown, Form.AsPath2Or4, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.NextHop, new(WellKnown, Form.NextHop, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.MultiExitDisc, new(NonTransitive, Form.Number, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.LocalPref, new(WellKnown, Form.Number, UpdateOutcome.TreatAsWithdraw, internalOnly: true));
        Add(AttributeType.AtomicAggregate, new(WellKnown, Form.Empty, UpdateOutcome.AttributeDiscard) { OnWrongFlags = UpdateOutcome.AttributeDiscard });
        Add(AttributeType.Aggregator, new(Transitive, Form.Aggregator, UpdateOutcome.AttributeDiscard) { OnWrongFlags = UpdateOutcome.AttributeDiscard });
        Add(AttributeType.Communities, new(Transitive, Form.Fours, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.OriginatorId, new(NonTransitive, Form.Number, UpdateOutcome.TreatAsWithdraw, internalOnly: true));
        Add(AttributeType.ClusterList, new(NonTransitive, Form.Fours, UpdateOutcome.TreatAsWithdraw, internalOnly: true));
        Add(AttributeType.MpReachNlri, new(NonTransitive, Form.Any, UpdateOutcome.SessionReset));
        Add(AttributeType.MpUnreachNlri, new(NonTransitive, Form.Any, UpdateOutcome.SessionReset));
        Add(AttributeType.ExtendedCommunities, new(Transitive, Form.Eights, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.As4Path, new(Transitive, Form.AsPath4, UpdateOutcome.AttributeDiscard));
        Add(AttributeType.As4Aggregator, new(Transitive, Form.As4Aggregator, UpdateOutcome.AttributeDiscard));
        Add(AttributeType.PmsiTunnel, new(Transitive, Form.Pmsi, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.IPv6ExtendedCommunities, new(Transitive, Form.Twenties, UpdateOutcome.TreatAsWithdraw));
        Add(AttributeType.LargeCommunities, new(Transitive, Form.Twelves, UpdateOutcome.TreatAsWithdraw));
        return rules;
    }

    internal bool IsValid(ReadOnlySpan<byte> value, bool fourOctetAs) => _form switch
    {
        Form.Origin => value is [<= 2],
        Form.AsPath2Or4 => AsPathWidening.IsValid(value, fourOctetAs ? 4 : 2),
        // RFC 6793 §6: room for one AS number at least.
        Form.AsPath4 => value.Length >= 6 && AsPathWidening.IsValid(value, 4),
        // RFC 4271 §6.3: a usable host address.
        Form.NextHop => value.Length == 4 && value[0] is not (0 or 127) && value[0] < 224,
        Form.Number => value.Length == 4,
        Form.Empty => value.IsEmpty,
        // RFC 7607: AS 0 is nobody's.
        Form.Aggregator => value.Length == (fourOctetAs ? 8 : 6) && value[..^4].ContainsAnyExcept((byte)0),
        Form.As4Aggregator => value.Length == 8 && value[..4].ContainsAnyExcept((byte)0),
        Form.Fours => value.Length > 0 && value.Length % 4 == 0,
        Form.Eights => value.Length > 0 && value.Length % 8 == 0,
        Form.Twelves => value.Length > 0 && value.Length % 12 == 0,
        Form.Twenties => value.Length > 0 && value.Length % 20 == 0,
        Form.Pmsi => value.Length >= 5,
        _ => true,
    };
}
