using System.Buffers.Binary;
using Margay.Core.Net;

namespace Margay.Bgp.Wire;

/// <summary>Makes <see cref="PathAttributes"/>, from nothing or from those of a route. Each setter replaces what was there.</summary>
public sealed class PathAttributesBuilder
{
    private readonly SortedDictionary<AttributeType, (AttributeFlags Flags, byte[] Value)> _attributes = [];
    private byte[] _nextHop = [];
    private byte[] _payload = [];

    public PathAttributesBuilder()
    {
        SetOrigin(Origin.Igp);
        SetAsPath(AsPath.Empty);
    }

    public PathAttributesBuilder(PathAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        _nextHop = attributes.NextHopBytes.ToArray();
        _payload = attributes.Payload.ToArray();
        foreach (RawAttribute a in new AttributeList(attributes.Encoded)) Set(a.Type, a.Flags, a.Value);
    }

    /// <summary>Any attribute by its octets; the extended-length flag is set as needed.</summary>
    public PathAttributesBuilder Set(AttributeType type, AttributeFlags flags, ReadOnlySpan<byte> value)
    {
        _attributes[type] = (flags & ~AttributeFlags.ExtendedLength, value.ToArray());
        return this;
    }

    public PathAttributesBuilder Remove(AttributeType type)
    {
        _attributes.Remove(type);
        return this;
    }

    /// <summary>Null: the speaker fills in itself.</summary>
    public PathAttributesBuilder SetNextHop(InetAddress? nextHop)
    {
        _nextHop = nextHop?.ToBytes() ?? [];
        return this;
    }

    public PathAttributesBuilder SetOrigin(Origin origin) => Set(AttributeType.Origin, AttributeFlags.Transitive, [(byte)origin]);

    public PathAttributesBuilder SetAsPath(AsPath path) => Set(AttributeType.AsPath, AttributeFlags.Transitive, path.Bytes);

    /// <summary>Puts <paramref name="asns"/> in front, in the order given.</summary>
    public PathAttributesBuilder PrependAsPath(params ReadOnlySpan<uint> asns)
    {
        ReadOnlySpan<byte> old = _attributes.TryGetValue(AttributeType.AsPath, out (AttributeFlags, byte[] Value) a) ? a.Value : default;
        return Set(AttributeType.AsPath, AttributeFlags.Transitive, AsPathEdit.Prepend(old, asns));
    }

    public PathAttributesBuilder SetMed(uint? med) => SetNumber(AttributeType.MultiExitDisc, AttributeFlags.Optional, med);
    public PathAttributesBuilder SetLocalPref(uint? localPref) => SetNumber(AttributeType.LocalPref, AttributeFlags.Transitive, localPref);

    public PathAttributesBuilder SetAtomicAggregate(bool set) =>
        set ? Set(AttributeType.AtomicAggregate, AttributeFlags.Transitive, []) : Remove(AttributeType.AtomicAggregate);

    public PathAttributesBuilder SetCommunities(ReadOnlySpan<Community> communities)
    {
        byte[] value = new byte[4 * communities.Length];
        for (int i = 0; i < communities.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(4 * i), communities[i].Value);
        return SetOrRemove(AttributeType.Communities, value);
    }

    public PathAttributesBuilder AddCommunity(Community community)
    {
        Span<byte> one = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(one, community.Value);
        return AddItem(AttributeType.Communities, one);
    }

    public PathAttributesBuilder SetExtendedCommunities(ReadOnlySpan<ExtendedCommunity> communities)
    {
        byte[] value = new byte[8 * communities.Length];
        for (int i = 0; i < communities.Length; i++) BinaryPrimitives.WriteUInt64BigEndian(value.AsSpan(8 * i), communities[i].Value);
        return SetOrRemove(AttributeType.ExtendedCommunities, value);
    }

    public PathAttributesBuilder SetLargeCommunities(ReadOnlySpan<LargeCommunity> communities)
    {
        byte[] value = new byte[12 * communities.Length];
        for (int i = 0; i < communities.Length; i++) WriteLarge(value.AsSpan(12 * i), communities[i]);
        return SetOrRemove(AttributeType.LargeCommunities, value);
    }

    public PathAttributesBuilder AddLargeCommunity(LargeCommunity community)
    {
        Span<byte> one = stackalloc byte[12];
        WriteLarge(one, community);
        return AddItem(AttributeType.LargeCommunities, one);
    }

    /// <summary>NLRI fields outside the key (labels, ESI, gateway).</summary>
    public PathAttributesBuilder SetNlriPayload(ReadOnlySpan<byte> payload)
    {
        _payload = payload.ToArray();
        return this;
    }

    public PathAttributes Build()
    {
        int size = 1 + _nextHop.Length + 2 + _payload.Length;
        foreach ((_, byte[] value) in _attributes.Values) size += (value.Length > 255 ? 4 : 3) + value.Length;
        byte[] bytes = new byte[size];
        Core.Buffers.SpanWriter w = new(bytes);
        w.WriteByte((byte)_nextHop.Length);
        w.WriteBytes(_nextHop);
        w.WriteUInt16BigEndian((ushort)_payload.Length);
        w.WriteBytes(_payload);
        foreach ((AttributeType type, (AttributeFlags flags, byte[] value)) in _attributes) AttributeWriting.Write(ref w, type, flags, value);
        return new PathAttributes(bytes);
    }

    private static void WriteLarge(Span<byte> to, LargeCommunity c)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, c.GlobalAdministrator);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], c.LocalData1);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], c.LocalData2);
    }

    private PathAttributesBuilder SetNumber(AttributeType type, AttributeFlags flags, uint? value)
    {
        if (value is not uint v) return Remove(type);
        Span<byte> b = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(b, v);
        return Set(type, flags, b);
    }

    private PathAttributesBuilder SetOrRemove(AttributeType type, byte[] value) =>
        value.Length == 0 ? Remove(type) : Set(type, AttributeFlags.Optional | AttributeFlags.Transitive, value);

    private PathAttributesBuilder AddItem(AttributeType type, ReadOnlySpan<byte> item)
    {
        byte[] old = _attributes.TryGetValue(type, out (AttributeFlags, byte[] Value) a) ? a.Value : [];
        for (int i = 0; i < old.Length; i += item.Length)
        {
            if (old.AsSpan(i, item.Length).SequenceEqual(item)) return this;
        }
        return Set(type, AttributeFlags.Optional | AttributeFlags.Transitive, [.. old, .. item]);
    }
}
