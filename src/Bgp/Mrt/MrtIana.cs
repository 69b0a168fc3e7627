namespace Margay.Bgp.Mrt;

// Numbers of RFC 6396 and RFC 8050, with the RFCs' names.

/// <summary>MRT type (RFC 6396 §4).</summary>
internal enum MrtType : ushort
{
    TableDumpV2 = 13,
}

/// <summary>Subtypes of <see cref="MrtType.TableDumpV2"/> (RFC 6396 §4.3, RFC 8050 §3).</summary>
internal enum TableDumpV2Subtype : ushort
{
    PeerIndexTable = 1,
    RibIpv4Unicast = 2,
    RibIpv6Unicast = 4,
    RibGeneric = 6,
    RibIpv4UnicastAddPath = 8,
    RibIpv6UnicastAddPath = 10,
    RibGenericAddPath = 12,
}
