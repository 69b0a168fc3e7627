using System.Buffers.Binary;
using System.Collections.Immutable;
using Margay.Core.Net;

namespace Margay.Bgp.Wire;

/// <summary>
/// The attributes of a path: immutable, shared by all routes that have them, compared by their encoded form. Kept as bytes (sorted by type,
/// four-octet AS numbers, without MP_REACH_NLRI); only what the decision process compares is decoded once.
/// <para>Layout of <see cref="Bytes"/>: next-hop length, next hop, payload length (2 octets), payload (the NLRI fields outside its key:
/// labels, ESI, gateway), attributes.</para>
/// </summary>
public sealed class PathAttributes : IEquatable<PathAttributes>
{
    private readonly byte[] _bytes;
    private readonly ushort _attributesAt;

    /// <summary>Bytes in the layout above, validated by the caller; not copied.</summary>
    internal PathAttributes(byte[] bytes)
    {
        _bytes = bytes;
        int payloadAt = 1 + bytes[0];
        int payload = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(payloadAt));
        _attributesAt = (ushort)(payloadAt + 2 + payload);
        LocalPrefOrDefault = 100;
        foreach (RawAttribute a in new AttributeList(Encoded))
        {
            switch (a.Type)
            {
                case AttributeType.Origin: OriginValue = (Origin)a.Value[0]; break;
                case AttributeType.AsPath:
                    AsPathLength = (ushort)Wire.AsPath.CountHops(a.Value);
                    NeighborAs = Wire.AsPath.FirstOf(a.Value);
                    break;
                case AttributeType.MultiExitDisc: MedOrZero = BinaryPrimitives.ReadUInt32BigEndian(a.Value); break;
                case AttributeType.LocalPref: LocalPrefOrDefault = BinaryPrimitives.ReadUInt32BigEndian(a.Value); break;
                case AttributeType.OriginatorId: OriginatorId = BinaryPrimitives.ReadUInt32BigEndian(a.Value); break;
                case AttributeType.ClusterList: ClusterListLength = (byte)Math.Min(255, a.Value.Length / 4); break;
                case AttributeType.Communities: WellKnown = AttributeReading.WellKnownCommunities(a.Value); break;
                // Only EVPN routes have an ESI.
                case AttributeType.ExtendedCommunities when payload >= 13: Mobility = AttributeReading.Mobility(a.Value); break;
            }
        }
    }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The attributes in wire format, without next hop and MP attributes.</summary>
    internal ReadOnlySpan<byte> Encoded => _bytes.AsSpan(_attributesAt);

    /// <summary>0, 4, 16 or 32 octets.</summary>
    internal ReadOnlySpan<byte> NextHopBytes => _bytes.AsSpan(1, _bytes[0]);

    internal ReadOnlySpan<byte> Payload => _bytes.AsSpan(3 + _bytes[0], _attributesAt - 3 - _bytes[0]);

    internal uint LocalPrefOrDefault { get; }
    internal uint MedOrZero { get; }
    internal uint NeighborAs { get; }
    internal ushort AsPathLength { get; }
    internal byte ClusterListLength { get; }
    internal WellKnownCommunities WellKnown { get; }
    internal Origin OriginValue { get; }

    /// <summary>EVPN: sequence number of MAC mobility (RFC 7432 §7.7), above all numbers for a sticky address; 0 without the community.</summary>
    internal ulong Mobility { get; }

    /// <summary>0 if the attribute is absent.</summary>
    internal uint OriginatorId { get; }

    /// <summary>Unspecified for a local route whose next hop is ourselves.</summary>
    public InetAddress NextHop => _bytes[0] switch
    {
        0 => InetAddress.AnyV4,
        4 => InetAddress.FromBytes(NextHopBytes),
        _ => InetAddress.FromBytes(NextHopBytes[..16]),
    };

    /// <summary>The link-local address beside a global IPv6 next hop (RFC 2545), if any.</summary>
    public InetAddress? LinkLocalNextHop => _bytes[0] == 32 ? InetAddress.FromBytes(NextHopBytes[16..]) : null;

    public Origin Origin => OriginValue;
    public AsPath AsPath => TryFind(AttributeType.AsPath, out int at, out int length) ? new AsPath(_bytes.AsMemory(at, length)) : default;
    public uint? Med => Has(AttributeType.MultiExitDisc) ? MedOrZero : null;
    public uint? LocalPref => Has(AttributeType.LocalPref) ? LocalPrefOrDefault : null;
    public bool AtomicAggregate => Has(AttributeType.AtomicAggregate);
    public ImmutableArray<Community> Communities => AttributeReading.Communities(Value(AttributeType.Communities));
    public ImmutableArray<ExtendedCommunity> ExtendedCommunities => AttributeReading.ExtendedCommunities(Value(AttributeType.ExtendedCommunities));
    public ImmutableArray<LargeCommunity> LargeCommunities => AttributeReading.LargeCommunities(Value(AttributeType.LargeCommunities));

    /// <summary>Cluster ids, the last reflector first (RFC 4456).</summary>
    public ImmutableArray<InetAddress> ClusterList => AttributeReading.Addresses(Value(AttributeType.ClusterList));

    /// <summary>The value octets of an attribute; empty if absent (use <see cref="Has"/>).</summary>
    public ReadOnlySpan<byte> Value(AttributeType type) => TryFind(type, out int at, out int length) ? _bytes.AsSpan(at, length) : default;

    public bool Has(AttributeType type) => TryFind(type, out _, out _);

    public bool HasCommunity(Community community) => AttributeReading.HasCommunity(Value(AttributeType.Communities), community.Value);

    private bool TryFind(AttributeType type, out int at, out int length)
    {
        foreach (RawAttribute a in new AttributeList(Encoded))
        {
            if (a.Type != type) continue;
            at = _attributesAt + a.ValueAt;
            length = a.Value.Length;
            return true;
        }
        at = length = 0;
        return false;
    }

    /// <summary>A builder that starts from these attributes.</summary>
    public PathAttributesBuilder ToBuilder() => new(this);

    public bool Equals(PathAttributes? other) => other is not null && Bytes.SequenceEqual(other.Bytes);
    public override bool Equals(object? obj) => Equals(obj as PathAttributes);
    public override int GetHashCode() => ByteHash.Of(_bytes);
}
