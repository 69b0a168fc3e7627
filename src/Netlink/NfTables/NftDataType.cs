using System.Globalization;

namespace Margay.Netlink.NfTables;

/// <summary>
/// The type of a set's key or data. The kernel knows only lengths; the number and byte order are for the <c>nft</c> tool, so that it prints
/// addresses as addresses. Several types are joined to a concatenation: <c>NftDataType.Concat(IfName, Ipv4Addr)</c>, in nft <c>ifname . ipv4_addr</c>.
/// </summary>
public sealed record NftDataType
{
    // nft joins up to five type numbers of six bits each.
    private const int TypeBits = 6;

    private NftDataType(string name, uint number, int length, bool bigEndian)
    {
        Name = name;
        Number = number;
        Length = length;
        BigEndian = bigEndian;
        Fields = [this];
    }

    private NftDataType(IReadOnlyList<NftDataType> fields)
    {
        Fields = fields;
        Name = string.Join(" . ", fields.Select(f => f.Name));
        foreach (NftDataType field in fields)
        {
            Number = Number << TypeBits | field.Number;
            Length += field.PaddedLength;
        }
    }

    public string Name { get; }

    /// <summary>The number the nft tool gives the type.</summary>
    public uint Number { get; }

    /// <summary>Bytes; in a concatenation every field is padded to four.</summary>
    public int Length { get; }

    /// <summary>The value is in network order. False: in the order of the host.</summary>
    public bool BigEndian { get; }

    /// <summary>The parts of a concatenation; of a simple type, itself.</summary>
    public IReadOnlyList<NftDataType> Fields { get; }

    public bool IsConcatenation => Fields.Count > 1;

    internal int PaddedLength => (Length + 3) & ~3;

    public static NftDataType Verdict { get; } = new("verdict", 1, 16, false);
    public static NftDataType NfProto { get; } = new("nf_proto", 2, 1, false);
    public static NftDataType Ipv4Addr { get; } = new("ipv4_addr", 7, 4, true);
    public static NftDataType Ipv6Addr { get; } = new("ipv6_addr", 8, 16, true);
    public static NftDataType EtherAddr { get; } = new("ether_addr", 9, 6, true);
    public static NftDataType EtherType { get; } = new("ether_type", 10, 2, true);
    public static NftDataType InetProto { get; } = new("inet_proto", 12, 1, true);
    public static NftDataType InetService { get; } = new("inet_service", 13, 2, true);
    public static NftDataType IcmpType { get; } = new("icmp_type", 14, 1, true);
    public static NftDataType Mark { get; } = new("mark", 19, 4, false);
    public static NftDataType IfIndex { get; } = new("iface_index", 20, 4, false);
    public static NftDataType CtState { get; } = new("ct_state", 26, 4, false);
    public static NftDataType CtStatus { get; } = new("ct_status", 28, 4, false);
    public static NftDataType Icmpv6Type { get; } = new("icmpv6_type", 29, 1, true);
    public static NftDataType IfName { get; } = new("ifname", 41, 16, false);

    private static readonly NftDataType[] Known =
        [Verdict, NfProto, Ipv4Addr, Ipv6Addr, EtherAddr, EtherType, InetProto, InetService, IcmpType, Mark, IfIndex, CtState, CtStatus, Icmpv6Type, IfName];

    /// <summary>Two to five simple types, one after the other.</summary>
    public static NftDataType Concat(params ReadOnlySpan<NftDataType> fields)
    {
        if (fields.Length is < 2 or > 5) throw new ArgumentException("a concatenation has 2 to 5 fields", nameof(fields));
        return new NftDataType(fields.ToArray());
    }

    /// <summary>A type this list does not name.</summary>
    public static NftDataType Other(string name, uint number, int length, bool bigEndian) => new(name, number, length, bigEndian);

    /// <summary>The type of a set that was read back: by number, and by length where the number says nothing.</summary>
    internal static NftDataType FromNumber(uint number, int length)
    {
        foreach (NftDataType type in Known)
            if (type.Number == number && (type.Length == length || type == Verdict)) return type;
        if (number >> TypeBits != 0 && TrySplit(number, length) is { } concatenation) return concatenation;
        return Other(string.Create(CultureInfo.InvariantCulture, $"type {number}"), number, length, false);
    }

    private static NftDataType? TrySplit(uint number, int length)
    {
        List<NftDataType> fields = [];
        for (uint rest = number; rest != 0; rest >>= TypeBits)
        {
            NftDataType? field = Array.Find(Known, t => t.Number == (rest & ((1 << TypeBits) - 1)));
            if (field is null) return null;
            fields.Insert(0, field);
        }
        NftDataType joined = new(fields);
        return fields.Count > 1 && joined.Length == length ? joined : null;
    }

    public bool Equals(NftDataType? other) => other is not null && Number == other.Number && Length == other.Length;
    public override int GetHashCode() => HashCode.Combine(Number, Length);
    public override string ToString() => Name;
}
