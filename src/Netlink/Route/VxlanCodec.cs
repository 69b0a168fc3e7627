using System.Buffers.Binary;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxIfLink;

namespace Margay.Netlink.Route;

/// <summary>The IFLA_INFO_DATA of a vxlan link.</summary>
internal static class VxlanCodec
{
    internal static void Write(ref MessageWriter m, VxlanSpec spec)
    {
        if (!spec.External || spec.Vni != 0) m.UInt32(IFLA_VXLAN_ID, spec.Vni);
        if (spec.Local is { } local) m.Address(local.IsIPv6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, local);
        if (spec.Remote is { } remote) m.Address(remote.IsIPv6 ? IFLA_VXLAN_GROUP6 : IFLA_VXLAN_GROUP, remote);
        if (spec.UnderlayIndex is { } underlay) m.UInt32(IFLA_VXLAN_LINK, (uint)underlay);
        m.UInt16BigEndian(IFLA_VXLAN_PORT, spec.Port);
        m.Byte(IFLA_VXLAN_LEARNING, Bit(spec.Learning));
        if (spec.External) m.Byte(IFLA_VXLAN_COLLECT_METADATA, 1);
        if (spec.VniFilter) m.Byte(IFLA_VXLAN_VNIFILTER, 1);
        if (spec.Proxy) m.Byte(IFLA_VXLAN_PROXY, 1);
        if (spec.Ttl is { } ttl) m.Byte(IFLA_VXLAN_TTL, ttl);
        if (spec.UdpChecksum is { } checksum) m.Byte(IFLA_VXLAN_UDP_CSUM, Bit(checksum));
        if (spec.UdpZeroChecksum6Transmit is { } tx) m.Byte(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, Bit(tx));
        if (spec.UdpZeroChecksum6Receive is { } rx) m.Byte(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, Bit(rx));
        if (spec.SourcePorts is { } ports)
        {
            Span<byte> range = m.Reserve(IFLA_VXLAN_PORT_RANGE, 4);
            BinaryPrimitives.WriteUInt16BigEndian(range, ports.First);
            BinaryPrimitives.WriteUInt16BigEndian(range[2..], ports.Last);
        }
    }

    internal static VxlanState Read(AttributeReader attributes)
    {
        VxlanState state = new();
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            state = a.Type switch
            {
                IFLA_VXLAN_ID => state with { Vni = a.UInt32 },
                IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6 => state with { Local = a.Address },
                IFLA_VXLAN_GROUP or IFLA_VXLAN_GROUP6 => state with { Remote = a.Address },
                IFLA_VXLAN_LINK => state with { UnderlayIndex = a.Int32 },
                IFLA_VXLAN_PORT => state with { Port = a.UInt16BigEndian },
                IFLA_VXLAN_LEARNING => state with { Learning = a.Byte != 0 },
                IFLA_VXLAN_COLLECT_METADATA => state with { External = a.Byte != 0 },
                IFLA_VXLAN_TTL => state with { Ttl = a.Byte },
                _ => state,
            };
        }
        return state;
    }

    private static byte Bit(bool value) => value ? (byte)1 : (byte)0;
}
