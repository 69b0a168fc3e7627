using Margay.Netlink.Constants;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>Translates source or destination. Addresses and ports stand in registers; the packet goes through conntrack.</summary>
/// <param name="Family">Ip or Ip6: of the addresses.</param>
/// <param name="AddressMax">The end of a range.</param>
/// <param name="Flags">The kernel adds those that the registers imply.</param>
public sealed record NftNat(NftNatKind Nat, NftFamily Family, NftRegister? AddressMin = null, NftRegister? AddressMax = null, NftRegister? PortMin = null, NftRegister? PortMax = null, NftNatFlags Flags = NftNatFlags.None) : NftExpression
{
    public override string Kind => "nat";

    protected internal override void WriteData(ref MessageWriter m)
    {
        m.UInt32BigEndian(NFTA_NAT_TYPE, (uint)Nat);
        m.UInt32BigEndian(NFTA_NAT_FAMILY, (uint)Family);
        if (AddressMin is not null) m.UInt32BigEndian(NFTA_NAT_REG_ADDR_MIN, (uint)AddressMin.Value);
        if (AddressMax is not null) m.UInt32BigEndian(NFTA_NAT_REG_ADDR_MAX, (uint)AddressMax.Value);
        if (PortMin is not null) m.UInt32BigEndian(NFTA_NAT_REG_PROTO_MIN, (uint)PortMin.Value);
        if (PortMax is not null) m.UInt32BigEndian(NFTA_NAT_REG_PROTO_MAX, (uint)PortMax.Value);
        if (Flags != 0) m.UInt32BigEndian(NFTA_NAT_FLAGS, (uint)Flags);
    }

    internal static NftNat Read(AttributeReader attributes)
    {
        NftNatKind nat = default;
        NftFamily family = default;
        NftRegister? addressMin = null;
        NftRegister? addressMax = null;
        NftRegister? portMin = null;
        NftRegister? portMax = null;
        NftNatFlags flags = NftNatFlags.None;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_NAT_TYPE: nat = (NftNatKind)a.UInt32BigEndian; break;
                case NFTA_NAT_FAMILY: family = (NftFamily)a.UInt32BigEndian; break;
                case NFTA_NAT_REG_ADDR_MIN: addressMin = a.ToRegister(); break;
                case NFTA_NAT_REG_ADDR_MAX: addressMax = a.ToRegister(); break;
                case NFTA_NAT_REG_PROTO_MIN: portMin = a.ToRegister(); break;
                case NFTA_NAT_REG_PROTO_MAX: portMax = a.ToRegister(); break;
                case NFTA_NAT_FLAGS: flags = (NftNatFlags)a.UInt32BigEndian; break;
            }
        }
        return new NftNat(nat, family, addressMin, addressMax, portMin, portMax, flags);
    }
}

/// <summary>NFT_NAT_*.</summary>
public enum NftNatKind : uint
{
    Source = NFT_NAT_SNAT,
    Destination = NFT_NAT_DNAT,
}

/// <summary>NF_NAT_RANGE_*.</summary>
[Flags]
public enum NftNatFlags : uint
{
    None = 0,
    MapAddresses = LinuxNfNat.NF_NAT_RANGE_MAP_IPS,
    PortsSpecified = LinuxNfNat.NF_NAT_RANGE_PROTO_SPECIFIED,
    Random = LinuxNfNat.NF_NAT_RANGE_PROTO_RANDOM,
    Persistent = LinuxNfNat.NF_NAT_RANGE_PERSISTENT,
    FullyRandom = LinuxNfNat.NF_NAT_RANGE_PROTO_RANDOM_FULLY,
}
