using System.Buffers.Binary;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Rib;

/// <summary>
/// All that decides what a peer is sent in one family, and nothing else: peers with equal policies form an update group and get the same
/// bytes. Pure: which routes go out (<see cref="Decide"/>) and how their attributes are written (<see cref="WriteAttributes"/>).
/// </summary>
internal sealed record ExportPolicy
{
    internal required int Family { get; init; }
    internal required bool External { get; init; }

    /// <summary>The members are our route reflector clients.</summary>
    internal bool Client { get; init; }
    internal required uint LocalAs { get; init; }

    /// <summary>External: what stands behind <see cref="LocalAs"/> in AS_PATH; 0 is nothing.</summary>
    internal uint SecondAs { get; init; }
    internal uint ClusterId { get; init; }
    internal NextHopMode NextHop { get; init; }

    /// <summary>Our own address as a next hop of the family; null if there is none.</summary>
    internal InetAddress? Self { get; init; }

    /// <summary>Our link-local address beside <see cref="Self"/>, if the members are on one link with us (RFC 2545 §3).</summary>
    internal InetAddress? SelfLinkLocal { get; init; }

    /// <summary>A subnet that we share with the members: what is in it they reach without us (RFC 4271 §5.1.3, RFC 2545 §3).</summary>
    internal IpPrefix? Shared { get; init; }
    internal bool FourOctetAs { get; init; } = true;

    /// <summary>The members understand IPv6 next hops of IPv4 routes.</summary>
    internal bool ExtendedNextHop { get; init; }
    /// <summary>The members take messages of more than 4096 octets (RFC 8654).</summary>
    internal bool ExtendedMessage { get; init; }
    internal bool AddPath { get; init; }
    internal IRouteFilter? Filter { get; init; }

    /// <summary>The members know long-lived stale routes (RFC 9494).</summary>
    internal bool LongLived { get; init; }

    /// <summary>VPN and EVPN: what the members subscribed to (RFC 4684); null: everything.</summary>
    internal RouteTargetSet? Targets { get; init; }

    /// <summary>RFC 8212: an external peer without export policy.</summary>
    internal bool DenyAll { get; init; }

    /// <summary>Null if the path goes out, else why not. A filter's changed attributes come back in <paramref name="modified"/>.</summary>
    internal string? Decide(in Nlri nlri, PathAttributes attributes, RibPeer source, out PathAttributes? modified)
    {
        modified = null;
        if (Refuse(attributes, source) is { } reason) return reason;
        if (Filter is null) return null;
        FilterResult result = Filter.Apply(new FilterContext(nlri, attributes, source.Source, External));
        if (!result.Accepted) return result.Reason is { } why ? $"rejected by the export filter: {why}" : "rejected by the export filter";
        modified = result.Attributes;
        return null;
    }

    /// <summary>The part of the decision that needs no filter.</summary>
    internal string? Refuse(PathAttributes attributes, RibPeer source)
    {
        if (DenyAll) return "the external peer has no export policy (RFC 8212)";
        if ((attributes.WellKnown & WellKnownCommunities.NoAdvertise) != 0) return "community no-advertise";
        if (External && (attributes.WellKnown & (WellKnownCommunities.NoExport | WellKnownCommunities.NoExportSubconfed)) != 0) return "community no-export";
        // RFC 9494 §4.3.
        if ((attributes.WellKnown & WellKnownCommunities.LlgrStale) != 0 && !LongLived) return "long-lived stale, which the peer does not know (RFC 9494)";
        // RFC 4456 §6: from a client to all, from a non-client to clients.
        if (!External && !source.IsLocal && !source.IsExternal && !Client && !source.Source.IsClient) return "learned from an internal peer, and neither side is a client";
        if (Targets is not null && !Targets.Matches(attributes.Value(AttributeType.ExtendedCommunities))) return "no route target that the peer subscribed to (RFC 4684)";
        return NextHopReason(attributes, source);
    }

    private string? NextHopReason(PathAttributes attributes, RibPeer source)
    {
        bool self = UsesSelf(attributes, source);
        if (self && Self is null) return "we have no address of that family to name as next hop";
        InetAddress hop = self ? Self!.Value : attributes.NextHop;
        return Family == 0 && hop.IsIPv6 && !ExtendedNextHop ? "IPv6 next hop, which the peer does not understand (RFC 8950)" : null;
    }

    private bool UsesSelf(PathAttributes attributes, RibPeer source)
    {
        if (attributes.NextHopBytes.IsEmpty) return true;
        if (NextHop == NextHopMode.Keep) return false;
        if (External) return !IsShared(attributes);
        // A reflected route keeps its next hop (RFC 4456 §10).
        return NextHop == NextHopMode.Self && (source.IsExternal || source.IsLocal);
    }

    private bool IsShared(PathAttributes attributes) => Shared is { } subnet && subnet.Contains(attributes.NextHop);

    /// <summary>Writes the next hop's octets as the family has them; returns how many.</summary>
    internal int WriteNextHop(PathAttributes attributes, RibPeer source, Span<byte> destination)
    {
        Span<byte> hop = destination;
        int rd = KnownFamilies.Of(Family).Safi == Safi.MplsVpn ? 8 : 0;
        hop[..rd].Clear();
        if (UsesSelf(attributes, source))
        {
            int length = rd + Self!.Value.WriteBytes(hop[rd..]);
            return SelfLinkLocal is { } linkLocal && Self is { IsIPv6: true, IsLinkLocal: false } ? length + linkLocal.WriteBytes(hop[length..]) : length;
        }
        ReadOnlySpan<byte> bytes = attributes.NextHopBytes;
        // A link-local address means nothing beyond its link (RFC 2545 §3).
        if (bytes.Length == 32 && !IsShared(attributes)) bytes = bytes[..16];
        bytes.CopyTo(hop[rd..]);
        return rd + bytes.Length;
    }

    /// <summary>
    /// Writes the attributes as the members get them, sorted by type. NEXT_HOP is written if <paramref name="nextHop"/> is not empty; MP_REACH_NLRI
    /// is the caller's.
    /// </summary>
    internal void WriteAttributes(ref SpanWriter w, PathAttributes attributes, RibPeer source, bool modified, scoped ReadOnlySpan<byte> nextHop)
    {
        bool reflect = !External && !source.IsExternal && !source.IsLocal;
        int done = 0;
        foreach (RawAttribute a in new AttributeList(attributes.Encoded))
        {
            Insert(ref w, ref done, (int)a.Type, attributes, source, reflect, nextHop);
            switch (a.Type)
            {
                case AttributeType.AsPath:
                    WriteAsPath(ref w, a.Value);
                    break;
                case AttributeType.LocalPref or AttributeType.OriginatorId when External:
                    break;
                // RFC 4271 §5.1.4: a MED is for the AS that it was sent to, no further.
                case AttributeType.MultiExitDisc when External && !source.IsLocal && !modified:
                    break;
                case AttributeType.ClusterList:
                    if (!External) WriteClusterList(ref w, a.Value, reflect);
                    break;
                case AttributeType.Aggregator when !FourOctetAs:
                    WriteNarrowAggregator(ref w, a);
                    break;
                default:
                    w.WriteBytes(a.Whole);
                    break;
            }
        }
        Insert(ref w, ref done, 256, attributes, source, reflect, nextHop);
    }

    // Attributes that we add, each at its place in the order.
    private void Insert(ref SpanWriter w, ref int done, int upTo, PathAttributes attributes, RibPeer source, bool reflect, scoped ReadOnlySpan<byte> nextHop)
    {
        Span<byte> number = stackalloc byte[4];
        if (done < 3 && upTo > 3)
        {
            if (!nextHop.IsEmpty) AttributeWriting.Write(ref w, AttributeType.NextHop, AttributeFlags.Transitive, nextHop);
            done = 3;
        }
        if (done < 5 && upTo > 5 && !External && !attributes.Has(AttributeType.LocalPref))
        {
            BinaryPrimitives.WriteUInt32BigEndian(number, attributes.LocalPrefOrDefault);
            AttributeWriting.Write(ref w, AttributeType.LocalPref, AttributeFlags.Transitive, number);
            done = 5;
        }
        if (done < 9 && upTo > 9 && reflect && attributes.OriginatorId == 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(number, source.RouterId);
            AttributeWriting.Write(ref w, AttributeType.OriginatorId, AttributeFlags.Optional, number);
            done = 9;
        }
        if (done < 10 && upTo > 10 && reflect && attributes.ClusterListLength == 0)
        {
            WriteClusterList(ref w, default, reflect);
            done = 10;
        }
        if (done < 17 && upTo > 17 && !FourOctetAs)
        {
            WriteAs4Path(ref w, attributes.AsPath.Bytes);
            done = 17;
        }
        // RFC 6793 §4.2.2: the number that AS_TRANS stands for.
        if (done < 18 && upTo > 18 && !FourOctetAs && attributes.Value(AttributeType.Aggregator) is { Length: 8 } aggregator && BinaryPrimitives.ReadUInt32BigEndian(aggregator) > ushort.MaxValue)
        {
            AttributeWriting.Write(ref w, AttributeType.As4Aggregator, AttributeFlags.Optional | AttributeFlags.Transitive, aggregator);
            done = 18;
        }
    }

    private void WriteClusterList(ref SpanWriter w, scoped ReadOnlySpan<byte> list, bool prepend)
    {
        int length = list.Length + (prepend ? 4 : 0);
        w.WriteByte((byte)(length > 255 ? AttributeFlags.Optional | AttributeFlags.ExtendedLength : AttributeFlags.Optional));
        w.WriteByte((byte)AttributeType.ClusterList);
        if (length > 255) w.WriteUInt16BigEndian((ushort)length);
        else w.WriteByte((byte)length);
        if (prepend) w.WriteUInt32BigEndian(ClusterId);
        w.WriteBytes(list);
    }

    private void WriteAsPath(ref SpanWriter w, scoped ReadOnlySpan<byte> path)
    {
        if (!External && FourOctetAs)
        {
            AttributeWriting.Write(ref w, AttributeType.AsPath, AttributeFlags.Transitive, path);
            return;
        }
        byte[] out4 = External ? WithOurAs(path) : path.ToArray();
        if (!FourOctetAs) AsPathWidening.Narrow(out4, out out4);
        AttributeWriting.Write(ref w, AttributeType.AsPath, AttributeFlags.Transitive, out4);
    }

    private byte[] WithOurAs(ReadOnlySpan<byte> path) =>
        AsPathEdit.Prepend(AsPathEdit.WithoutConfederation(path), SecondAs == 0 ? [LocalAs] : [LocalAs, SecondAs]);

    // RFC 6793 §4.2.2: only if some number did not fit.
    private void WriteAs4Path(ref SpanWriter w, scoped ReadOnlySpan<byte> path)
    {
        byte[] out4 = External ? WithOurAs(path) : path.ToArray();
        if (AsPathWidening.Narrow(out4, out _))
            AttributeWriting.Write(ref w, AttributeType.As4Path, AttributeFlags.Optional | AttributeFlags.Transitive, AsPathEdit.WithoutConfederation(out4));
    }

    private static void WriteNarrowAggregator(ref SpanWriter w, in RawAttribute a)
    {
        Span<byte> narrow = stackalloc byte[6];
        uint asn = BinaryPrimitives.ReadUInt32BigEndian(a.Value);
        BinaryPrimitives.WriteUInt16BigEndian(narrow, asn > ushort.MaxValue ? AsPathWidening.AsTrans : (ushort)asn);
        a.Value[4..].CopyTo(narrow[2..]);
        AttributeWriting.Write(ref w, AttributeType.Aggregator, a.Flags, narrow);
    }
}
