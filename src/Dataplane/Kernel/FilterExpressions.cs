using System.Collections.Immutable;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Dataplane.Kernel;

/// <summary>Our statements as the kernel's expressions: load a field into registers, then compare, look up or decide.</summary>
internal static class FilterExpressions
{
    /// <summary>What nft calls classid: the type of a priority.</summary>
    public static NftDataType Priority { get; } = NftDataType.Other("classid", 23, sizeof(uint), bigEndian: false);

    /// <summary>nft has no type of three bytes, and prints those of any length as numbers.</summary>
    private static readonly NftDataType s_vni = NftDataType.Other("integer", 4, 3, bigEndian: true);

    public static List<NftExpression> Of(FilterRule rule)
    {
        List<NftExpression> result = [];
        foreach (FilterStatement statement in rule.Statements) Add(statement, result);
        return result;
    }

    private static void Add(FilterStatement statement, List<NftExpression> to)
    {
        switch (statement)
        {
            case FilterCompare s:
                Load(s.Field, s.Mask, to);
                to.Add(new NftCmp(s.Negate ? NftCmpOperator.NotEqual : NftCmpOperator.Equal, s.Value));
                break;
            case FilterAnyBit s:
                Load(s.Field, NftValue.Native(s.Bits), to);
                to.Add(new NftCmp(NftCmpOperator.NotEqual, NftValue.Native(0u)));
                break;
            case FilterRange s:
                Load(s.Field, null, to);
                to.Add(new NftRange(s.From, s.To, s.Negate ? NftRangeOperator.Outside : NftRangeOperator.Inside));
                break;
            case FilterLookup s:
                Load(s.Fields, s.Mask, to);
                to.Add(new NftLookup(s.Set) { Invert = s.Negate });
                break;
            case FilterMapToPriority s:
                Load(s.Fields, null, to);
                to.Add(new NftLookup(s.Map) { Destination = NftRegister.R1 });
                to.Add(NftMeta.Set(NftMetaKey.Priority));
                break;
            case FilterSetPriority s:
                to.Add(NftImmediate.Load(NftValue.Native(s.Value)));
                to.Add(NftMeta.Set(NftMetaKey.Priority));
                break;
            case FilterSetMark s:
                to.Add(new NftMeta(NftMetaKey.Mark));
                to.Add(NftBitwise.Mark(s.Clear, s.Set));
                to.Add(NftMeta.Set(NftMetaKey.Mark));
                break;
            case FilterNotrack:
                to.Add(new NftNotrack());
                break;
            case FilterVerdictMap s:
                Load(s.Field, null, to);
                to.Add(NftLookup.VerdictMap(s.Map));
                break;
            case FilterCounter:
                to.Add(new NftCounter());
                break;
            case FilterLimit s:
                to.Add(new NftLimit(s.Rate, Burst: s.Burst));
                break;
            case FilterOver s:
                to.Add(new NftLimit(s.Rate, Burst: s.Burst, Limit: s.Bytes ? NftLimitKind.Bytes : NftLimitKind.Packets, Flags: NftLimit.Over));
                break;
            case FilterConnectionsOver s:
                to.Add(new NftConnlimit(s.Count, NftConnlimit.Over));
                break;
            case FilterShare s:
                to.Add(new NftHash(NftHashKind.Symmetric, s.Of));
                to.Add(new NftCmp(NftCmpOperator.Equal, NftValue.Native(s.Number)));
                break;
            case FilterSetDscp s:
                SetDscp(s.CodePoint, s.V6, to);
                break;
            case FilterReset:
                to.Add(NftReject.TcpReset);
                break;
            case FilterLog s:
                to.Add(new NftLog(s.Prefix, s.Group));
                break;
            case FilterMasquerade:
                to.Add(new NftMasquerade());
                break;
            case FilterRedirect s:
                to.Add(NftImmediate.Load(s.Address));
                to.Add(NftImmediate.Load(s.Port, NftRegister.R2));
                to.Add(new NftNat(NftNatKind.Destination, s.Address.Length == 16 ? NftFamily.Ip6 : NftFamily.Ip, AddressMin: NftRegister.R1, PortMin: NftRegister.R2));
                break;
            case FilterTranslate s:
                Load(s.Field, null, to);
                to.Add(new NftLookup(s.Map) { Destination = NftRegister.R1 });
                to.Add(new NftNat(s.Source ? NftNatKind.Source : NftNatKind.Destination, s.Field.Width() == 16 ? NftFamily.Ip6 : NftFamily.Ip, AddressMin: NftRegister.R1));
                break;
            case FilterVerdict s:
                to.Add(NftImmediate.Decide(Verdict(s)));
                break;
            default:
                throw new InvalidOperationException($"unknown statement {statement.GetType().Name}");
        }
    }

    /// <summary>In the first two bytes of either header (RFC 791 §3.1, RFC 8200 §3); IPv4 has a checksum over them, at 10.</summary>
    private static void SetDscp(byte codePoint, bool v6, List<NftExpression> to)
    {
        const int ipv4Shift = 2, ipv6Shift = 6, all = 63;
        int shift = v6 ? ipv6Shift : ipv4Shift;
        to.Add(new NftPayload(NftPayloadBase.Network, 0, 2));
        to.Add(new NftBitwise(NftValue.BigEndian((ushort)~(all << shift)), NftValue.BigEndian((ushort)(codePoint << shift))));
        to.Add(new NftPayload(NftPayloadBase.Network, 0, 2) { Source = NftRegister.R1, ChecksumKind = v6 ? NftPayload.NoChecksum : NftPayload.InternetChecksum, ChecksumOffset = v6 ? 0u : 10 });
    }

    private static NftVerdict Verdict(FilterVerdict verdict) => verdict.Kind switch
    {
        FilterVerdictKind.Accept => NftVerdict.Accept,
        FilterVerdictKind.Drop => NftVerdict.Drop,
        FilterVerdictKind.Return => NftVerdict.Return,
        FilterVerdictKind.Jump => NftVerdict.Jump(verdict.Chain!),
        _ => NftVerdict.Goto(verdict.Chain!),
    };

    private static void Load(FilterField field, NftValue? mask, List<NftExpression> to) => Load([field], mask, to);

    private static void Load(ImmutableArray<FilterField> fields, NftValue? mask, List<NftExpression> to)
    {
        int word = 0;
        foreach (FilterField field in fields)
        {
            to.Add(LoadInto(field, NftRegisters.Word(word)));
            word += field.PaddedWidth() / 4;
        }
        if (mask is { } bits) to.Add(NftBitwise.And(bits));
    }

    private static NftExpression LoadInto(FilterField field, NftRegister register)
    {
        return field switch
        {
            FilterField.InputInterface => new NftMeta(NftMetaKey.IncomingLinkName) { Destination = register },
            FilterField.OutputInterface => new NftMeta(NftMetaKey.OutgoingLinkName) { Destination = register },
            FilterField.NetworkProtocol => new NftMeta(NftMetaKey.NfProto) { Destination = register },
            FilterField.TransportProtocol => new NftMeta(NftMetaKey.L4Proto) { Destination = register },
            FilterField.Priority => new NftMeta(NftMetaKey.Priority) { Destination = register },
            FilterField.Mark => new NftMeta(NftMetaKey.Mark) { Destination = register },
            FilterField.SocketUser => new NftMeta(NftMetaKey.SocketUser) { Destination = register },
            FilterField.ConntrackState => new NftCt(NftCtKey.State) { Destination = register },
            FilterField.ConntrackStatus => new NftCt(NftCtKey.Status) { Destination = register },
            FilterField.SourceAddressType => new NftFib(NftFibResult.AddressType, NftFibFlags.SourceAddress, register),
            FilterField.SourceV4 => Payload(NftPayloadBase.Network, 12),
            FilterField.DestinationV4 => Payload(NftPayloadBase.Network, 16),
            FilterField.SourceV6 => Payload(NftPayloadBase.Network, 8),
            FilterField.DestinationV6 => Payload(NftPayloadBase.Network, 24),
            FilterField.HopLimit => Payload(NftPayloadBase.Network, 7),
            FilterField.SourcePort or FilterField.IcmpType or FilterField.IcmpTypeAndCode => Payload(NftPayloadBase.Transport, 0),
            FilterField.DestinationPort => Payload(NftPayloadBase.Transport, 2),
            FilterField.IcmpCode => Payload(NftPayloadBase.Transport, 1),
            FilterField.NdTarget => Payload(NftPayloadBase.Transport, 8),
            FilterField.VxlanVni or FilterField.VxlanVniWord => Payload(NftPayloadBase.Transport, 12),
            FilterField.ArpOperation => Payload(NftPayloadBase.Network, 6),
            FilterField.ArpSenderMac => Payload(NftPayloadBase.Network, 8),
            FilterField.ArpSenderAddress => Payload(NftPayloadBase.Network, 14),
            _ => throw new InvalidOperationException($"{field} is no part of a packet"),
        };

        NftPayload Payload(NftPayloadBase header, uint offset) => new(header, offset, (uint)field.Width()) { Destination = register };
    }

    public static NftDataType Type(FilterField field) => field switch
    {
        FilterField.InputInterface or FilterField.OutputInterface => NftDataType.IfName,
        FilterField.NetworkProtocol => NftDataType.NfProto,
        FilterField.TransportProtocol => NftDataType.InetProto,
        FilterField.ConntrackState => NftDataType.CtState,
        FilterField.ConntrackStatus => NftDataType.CtStatus,
        FilterField.SourceV4 or FilterField.DestinationV4 or FilterField.ArpSenderAddress or FilterField.VxlanVniWord => NftDataType.Ipv4Addr,
        FilterField.SourceV6 or FilterField.DestinationV6 or FilterField.NdTarget => NftDataType.Ipv6Addr,
        FilterField.SourcePort or FilterField.DestinationPort => NftDataType.InetService,
        FilterField.IcmpType => NftDataType.IcmpType,
        FilterField.ArpSenderMac => NftDataType.EtherAddr,
        FilterField.Priority => Priority,
        FilterField.VxlanVni => s_vni,
        _ => throw new InvalidOperationException($"no set is keyed by {field}"),
    };
}
