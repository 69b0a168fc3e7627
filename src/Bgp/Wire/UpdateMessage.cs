using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Margay.Core.Buffers;

namespace Margay.Bgp.Wire;

/// <summary>How an UPDATE is to be taken (RFC 7606 §2), from mild to severe.</summary>
internal enum UpdateOutcome
{
    Ok,

    /// <summary>Some attribute was left out.</summary>
    AttributeDiscard,

    /// <summary>The announced routes count as withdrawn.</summary>
    TreatAsWithdraw,

    /// <summary>The session ends with <see cref="UpdateMessage.Error"/>.</summary>
    SessionReset,
}

/// <summary>What the session contributes to reading an UPDATE.</summary>
/// <param name="FourOctetAs">Both sides have the capability (RFC 6793).</param>
/// <param name="Internal">iBGP.</param>
internal readonly record struct UpdateContext(bool FourOctetAs, bool Internal);

/// <summary>
/// An UPDATE taken apart (RFC 4271 §4.3, RFC 4760), with the faults graded by RFC 7606. NLRI fields are left as bytes for the
/// RIB to walk; the attributes come out in one canonical form: sorted by type, four-octet AS numbers, flags as the RFCs say, without
/// next hop and MP attributes, so that equal attributes are equal bytes whoever sent them.
/// </summary>
internal ref struct UpdateMessage
{
    /// <summary>Room for the canonical form of any message: AS numbers double, headers grow by one octet.</summary>
    internal const int ScratchSize = 3 * MessageHeader.MaxExtendedMessage;

    public UpdateOutcome Outcome;

    /// <summary>What was wrong, in words; null if nothing.</summary>
    public string? Fault;

    public NotificationMessage? Error;

    /// <summary>IPv4 unicast, of the fields outside the attributes.</summary>
    public ReadOnlySpan<byte> Withdrawn;
    public ReadOnlySpan<byte> Announced;

    /// <summary>Family indexes; -1 none or unknown.</summary>
    public int ReachFamily;
    public int UnreachFamily;
    public bool HasReach;
    public bool HasUnreach;
    public ReadOnlySpan<byte> Reach;
    public ReadOnlySpan<byte> Unreach;

    /// <summary>Of MP_REACH_NLRI without route distinguishers: 4, 16 or 32 octets.</summary>
    public ReadOnlySpan<byte> ReachNextHop;

    /// <summary>Of the NEXT_HOP attribute: 4 octets or none.</summary>
    public ReadOnlySpan<byte> NextHop;

    /// <summary>Canonical attributes, in the caller's scratch buffer.</summary>
    public ReadOnlySpan<byte> Attributes;

    /// <summary>RFC 4724 §2: no routes and no attributes, or an empty MP_UNREACH_NLRI alone.</summary>
    public readonly bool IsEndOfRib =>
        Outcome == UpdateOutcome.Ok && !HasReach && Withdrawn.IsEmpty && Announced.IsEmpty && Unreach.IsEmpty && Attributes.IsEmpty && NextHop.IsEmpty;

    /// <summary>Takes the body of an UPDATE apart; <paramref name="scratch"/> must have <see cref="ScratchSize"/>.</summary>
    internal static UpdateMessage Read(ReadOnlySpan<byte> body, in UpdateContext context, Span<byte> scratch)
    {
        UpdateMessage u = new() { ReachFamily = -1, UnreachFamily = -1 };
        SpanReader r = new(body);
        u.Withdrawn = r.ReadBytes(r.ReadUInt16BigEndian());
        ReadOnlySpan<byte> attributes = r.ReadBytes(r.ReadUInt16BigEndian());
        if (r.Failed)
        {
            u.Reset(NotificationMessage.Update(UpdateSubcode.MalformedAttributeList), "lengths exceed the message");
            return u;
        }
        u.Announced = r.Rest;
        AttributeParser parser = new(context, attributes);
        parser.Collect(ref u);
        if (u.Outcome != UpdateOutcome.SessionReset) parser.Write(ref u, scratch);
        return u;
    }

    internal void Raise(UpdateOutcome outcome, string fault)
    {
        if (outcome < Outcome) return;
        if (outcome > Outcome || Fault is null) Fault = fault;
        Outcome = outcome;
    }

    internal void Reset(NotificationMessage error, string fault)
    {
        Outcome = UpdateOutcome.SessionReset;
        Error = error;
        Fault = fault;
    }
}

/// <summary>The path attributes of one UPDATE: first found and checked, then written in canonical order.</summary>
internal ref struct AttributeParser
{
    [InlineArray(256)]
    private struct Positions
    {
        private int _first;
    }

    private readonly UpdateContext _context;
    private readonly ReadOnlySpan<byte> _bytes;

    // Where each type's header begins; valid for the types that are kept.
    private Positions _at;
    private TypeSet _met;
    private TypeSet _kept;

    [SkipLocalsInit]
    internal AttributeParser(UpdateContext context, ReadOnlySpan<byte> bytes)
    {
        Unsafe.SkipInit(out this);
        _context = context;
        _bytes = bytes;
        _met = default;
        _kept = default;
    }

    internal void Collect(ref UpdateMessage u)
    {
        SpanReader r = new(_bytes);
        while (!r.AtEnd)
        {
            int at = r.Position;
            AttributeFlags flags = (AttributeFlags)r.ReadByte();
            AttributeType type = (AttributeType)r.ReadByte();
            int length = (flags & AttributeFlags.ExtendedLength) != 0 ? r.ReadUInt16BigEndian() : r.ReadByte();
            ReadOnlySpan<byte> value = r.ReadBytes(length);
            if (r.Failed)
            {
                // RFC 7606 §4: what was read so far stands, the routes go.
                u.Raise(UpdateOutcome.TreatAsWithdraw, "an attribute exceeds the attribute list");
                break;
            }
            // RFC 7606 §3 g: the first counts, also if it is the one that is wrong.
            if (!_met.Add(type))
            {
                if (type is AttributeType.MpReachNlri or AttributeType.MpUnreachNlri)
                {
                    u.Reset(NotificationMessage.Update(UpdateSubcode.MalformedAttributeList), $"{type} occurs twice");
                    return;
                }
                u.Raise(UpdateOutcome.AttributeDiscard, $"{type} occurs twice");
                continue;
            }
            if (!Check(ref u, flags, type, value, r.Position - at))
            {
                if (u.Outcome == UpdateOutcome.SessionReset) return;
                continue;
            }
            _kept.Add(type);
            _at[(byte)type] = at;
        }
        CheckRoutes(ref u);
    }

    /// <summary>True: keep the attribute.</summary>
    private readonly bool Check(ref UpdateMessage u, AttributeFlags flags, AttributeType type, ReadOnlySpan<byte> value, int whole)
    {
        AttributeRule? rule = AttributeRule.Of(type);
        if (rule is null) return CheckUnknown(ref u, flags, type, whole);
        if ((flags & (AttributeFlags.Optional | AttributeFlags.Transitive)) != rule.Flags)
        {
            if (type is AttributeType.MpReachNlri or AttributeType.MpUnreachNlri)
            {
                u.Reset(NotificationMessage.Update(UpdateSubcode.AttributeFlagsError), $"{type}: wrong flags");
                return false;
            }
            // RFC 7606 §3 c, whatever else a fault of the attribute costs; §3 f excepts two.
            u.Raise(rule.OnWrongFlags, $"{type}: wrong flags");
            return false;
        }
        if (rule.InternalOnly && !_context.Internal)
        {
            // RFC 7606 §7.5, 7.9, 7.10: not an error worth more.
            u.Raise(UpdateOutcome.AttributeDiscard, $"{type} from an external peer");
            return false;
        }
        switch (type)
        {
            case AttributeType.MpReachNlri:
                return ReadReach(ref u, value);
            case AttributeType.MpUnreachNlri:
                return ReadUnreach(ref u, value);
            case AttributeType.As4Path or AttributeType.As4Aggregator when _context.FourOctetAs:
                // RFC 6793 §4.1: not between four-octet speakers.
                u.Raise(UpdateOutcome.AttributeDiscard, $"{type} from a four-octet speaker");
                return false;
        }
        if (!rule.IsValid(value, _context.FourOctetAs))
        {
            u.Raise(rule.OnError, $"{type}: malformed");
            return false;
        }
        if (type == AttributeType.AsPath && !_context.Internal && AsPathWidening.HasConfederation(value, _context.FourOctetAs ? 4 : 2))
        {
            // RFC 5065 §5: nobody outside may show us the inside of a confederation.
            u.Raise(rule.OnError, "AS_PATH: confederation segments from an external peer");
            return false;
        }
        if (type == AttributeType.NextHop) u.NextHop = value;
        return true;
    }

    private static bool CheckUnknown(ref UpdateMessage u, AttributeFlags flags, AttributeType type, int whole)
    {
        if ((flags & AttributeFlags.Optional) == 0)
        {
            u.Reset(NotificationMessage.Update(UpdateSubcode.UnrecognizedWellKnownAttribute), $"well-known attribute {(byte)type} is not known");
            return false;
        }
        // RFC 4271 §9: unknown transitive attributes travel on, others end here.
        return (flags & AttributeFlags.Transitive) != 0 && whole > 0;
    }

    private static bool ReadReach(ref UpdateMessage u, ReadOnlySpan<byte> value)
    {
        SpanReader r = new(value);
        ushort afi = r.ReadUInt16BigEndian();
        byte safi = r.ReadByte();
        ReadOnlySpan<byte> hop = r.ReadBytes(r.ReadByte());
        r.Skip(1);
        int family = KnownFamilies.IndexOf(afi, safi);
        if (r.Failed || (family >= 0 && !TryNextHop(family, ref hop)))
        {
            // RFC 7606 §7.11: the NLRI behind a wrong next-hop length cannot be trusted.
            u.Reset(NotificationMessage.Update(UpdateSubcode.OptionalAttributeError, value), "MP_REACH_NLRI: next hop length");
            return false;
        }
        u.HasReach = true;
        u.ReachFamily = family;
        u.ReachNextHop = hop;
        u.Reach = r.Rest;
        return true;
    }

    /// <summary>Takes the route distinguishers off VPN next hops; false for a length that the family does not have.</summary>
    private static bool TryNextHop(int family, ref ReadOnlySpan<byte> hop)
    {
        switch (KnownFamilies.Of(family).Safi, hop.Length)
        {
            case (Safi.MplsVpn, 12 or 24):
                hop = hop[8..];
                return true;
            case (Safi.MplsVpn, 48):
                // RD:0, global, RD:0, link-local; the global address is what routes are resolved by.
                hop = hop.Slice(8, 16);
                return true;
            case (Safi.Unicast, 4):
                return family == 0;
            case (Safi.Unicast, 16 or 32):
                return true;
            case (Safi.Evpn or Safi.RouteTarget, 4 or 16):
                return true;
            default:
                return false;
        }
    }

    private static bool ReadUnreach(ref UpdateMessage u, ReadOnlySpan<byte> value)
    {
        SpanReader r = new(value);
        ushort afi = r.ReadUInt16BigEndian();
        byte safi = r.ReadByte();
        if (r.Failed)
        {
            u.Reset(NotificationMessage.Update(UpdateSubcode.OptionalAttributeError, value), "MP_UNREACH_NLRI: too short");
            return false;
        }
        u.HasUnreach = true;
        u.UnreachFamily = KnownFamilies.IndexOf(afi, safi);
        u.Unreach = r.Rest;
        return true;
    }

    private readonly void CheckRoutes(ref UpdateMessage u)
    {
        if (u.Announced.IsEmpty && u.Reach.IsEmpty)
        {
            // RFC 7606 §5.2: nothing is there to be withdrawn, perhaps because it could not be found.
            if (u.Outcome == UpdateOutcome.TreatAsWithdraw) u.Reset(NotificationMessage.Update(UpdateSubcode.MalformedAttributeList), $"{u.Fault}, and no routes");
            return;
        }
        if (!_kept.Has(AttributeType.Origin)) u.Raise(UpdateOutcome.TreatAsWithdraw, "ORIGIN is missing");
        if (!_kept.Has(AttributeType.AsPath)) u.Raise(UpdateOutcome.TreatAsWithdraw, "AS_PATH is missing");
        if (!u.Announced.IsEmpty && !_kept.Has(AttributeType.NextHop)) u.Raise(UpdateOutcome.TreatAsWithdraw, "NEXT_HOP is missing");
    }

    /// <summary>Writes what was kept in canonical form.</summary>
    internal void Write(ref UpdateMessage u, Span<byte> scratch)
    {
        SpanWriter w = new(scratch);
        Write(ref w, _kept.Low, 0);
        Write(ref w, _kept.High, 128);
        u.Attributes = w.Written;
    }

    private readonly void Write(ref SpanWriter w, UInt128 types, int from)
    {
        while (types != 0)
        {
            int bit = (int)UInt128.TrailingZeroCount(types);
            types &= types - 1;
            AttributeType type = (AttributeType)(from + bit);
            if (type is AttributeType.NextHop or AttributeType.MpReachNlri or AttributeType.MpUnreachNlri or AttributeType.As4Path or AttributeType.As4Aggregator) continue;
            AttributeFlags flags = Find(type, out ReadOnlySpan<byte> value);
            if (AttributeRule.Of(type) is { } rule)
            {
                flags = rule.Flags | (flags & AttributeFlags.Partial);
            }
            else
            {
                // RFC 4271 §5: passed on without being understood.
                flags |= AttributeFlags.Partial;
            }
            if (!_context.FourOctetAs && type == AttributeType.AsPath) WriteWidened(ref w, value);
            else if (!_context.FourOctetAs && type == AttributeType.Aggregator) WriteWidenedAggregator(ref w, flags, value);
            else AttributeWriting.Write(ref w, type, flags, value);
        }
    }

    private readonly AttributeFlags Find(AttributeType type, out ReadOnlySpan<byte> value)
    {
        int at = _at[(byte)type];
        AttributeFlags flags = (AttributeFlags)_bytes[at];
        bool extended = (flags & AttributeFlags.ExtendedLength) != 0;
        int length = extended ? BinaryPrimitives.ReadUInt16BigEndian(_bytes[(at + 2)..]) : _bytes[at + 2];
        value = _bytes.Slice(at + (extended ? 4 : 3), length);
        return flags;
    }

    private readonly void WriteWidened(ref SpanWriter w, ReadOnlySpan<byte> path2)
    {
        byte[] path = AsPathWidening.Widen(path2);
        // RFC 6793 §4.2.3: a non-zero two-octet AGGREGATOR says that AS4_PATH is to be ignored.
        bool ignore = _kept.Has(AttributeType.Aggregator) && _kept.Has(AttributeType.As4Aggregator)
            && Find(AttributeType.Aggregator, out ReadOnlySpan<byte> aggregator) != 0 && BinaryPrimitives.ReadUInt16BigEndian(aggregator) != AsPathWidening.AsTrans;
        if (!ignore && _kept.Has(AttributeType.As4Path))
        {
            Find(AttributeType.As4Path, out ReadOnlySpan<byte> path4);
            // RFC 6793 §6: confederation segments do not belong there, and are taken out.
            path = AsPathWidening.Merge(path, AsPathEdit.WithoutConfederation(path4));
        }
        AttributeWriting.Write(ref w, AttributeType.AsPath, AttributeFlags.Transitive, path);
    }

    private readonly void WriteWidenedAggregator(ref SpanWriter w, AttributeFlags flags, ReadOnlySpan<byte> value)
    {
        Span<byte> wide = stackalloc byte[8];
        wide.Clear();
        value.CopyTo(wide[2..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(value) == AsPathWidening.AsTrans && _kept.Has(AttributeType.As4Aggregator))
        {
            Find(AttributeType.As4Aggregator, out ReadOnlySpan<byte> four);
            four.CopyTo(wide);
        }
        AttributeWriting.Write(ref w, AttributeType.Aggregator, flags, wide);
    }
}

/// <summary>A set of attribute types.</summary>
internal struct TypeSet
{
    internal UInt128 Low { readonly get; private set; }
    internal UInt128 High { readonly get; private set; }

    internal readonly bool Has(AttributeType type) => ((byte)type < 128 ? Low >> (byte)type & 1 : High >> ((byte)type - 128) & 1) != 0;

    /// <summary>False: it was in it already.</summary>
    internal bool Add(AttributeType type)
    {
        if (Has(type)) return false;
        if ((byte)type < 128) Low |= UInt128.One << (byte)type;
        else High |= UInt128.One << ((byte)type - 128);
        return true;
    }
}
