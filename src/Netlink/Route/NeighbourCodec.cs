using Margay.Core.Net;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNeighbour;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*NEIGH: <see cref="Neighbour"/> (families inet and inet6) and <see cref="FdbEntry"/> (family bridge).</summary>
internal static class NeighbourCodec
{
    internal static void Write(ref MessageBuffer buffer, ushort type, int flags, Neighbour entry)
    {
        MessageWriter m = buffer.Begin(type, flags);
        m.Header(new NdMsg { Family = Family.Of(entry.Address), Index = entry.LinkIndex, State = (ushort)entry.State, Flags = (byte)entry.Flags });
        m.Address(NDA_DST, entry.Address);
        if (entry.Mac is { } mac) m.Mac(NDA_LLADDR, mac);
        if (entry.Protocol != RouteProtocol.Unspecified) m.Byte(NDA_PROTOCOL, (byte)entry.Protocol);
        m.End();
    }

    internal static void Write(ref MessageBuffer buffer, ushort type, int flags, FdbEntry entry)
    {
        MessageWriter m = buffer.Begin(type, flags);
        m.Header(new NdMsg { Family = Family.Bridge, Index = entry.LinkIndex, State = (ushort)entry.State, Flags = (byte)entry.Flags });
        m.Mac(NDA_LLADDR, entry.Mac);
        if (entry.Destination is { } destination) m.Address(NDA_DST, destination);
        if (entry.Port != 0) m.UInt16BigEndian(NDA_PORT, entry.Port);
        if (entry.Vni is { } vni) m.UInt32(NDA_VNI, vni);
        if (entry.SourceVni is { } source) m.UInt32(NDA_SRC_VNI, source);
        if (entry.NexthopId != 0) m.UInt32(NDA_NH_ID, entry.NexthopId);
        m.End();
    }

    /// <summary>RTM_SETNEIGHTBL: how long a link waits before it answers ARP for another (net/ipv4/neigh/LINK/proxy_delay).</summary>
    internal static void WriteProxyDelay(ref MessageBuffer buffer, int linkIndex, TimeSpan delay)
    {
        MessageWriter m = buffer.Begin(RTM_SETNEIGHTBL, 0);
        m.Header(new NdtMsg { Family = Family.Inet });
        m.String(NDTA_NAME, "arp_cache");
        int parameters = m.BeginNested(NDTA_PARMS);
        m.UInt32(NDTPA_IFINDEX, (uint)linkIndex);
        m.UInt64(NDTPA_PROXY_DELAY, (ulong)delay.TotalMilliseconds);
        m.EndNested(parameters);
        m.End();
    }

    internal static void WriteDump(ref MessageBuffer buffer, byte family, int linkIndex, bool proxies)
    {
        MessageWriter m = buffer.Begin(RTM_GETNEIGH, NLM_F_DUMP);
        // For forwarding databases the link goes into the header, for neighbours into an attribute.
        bool fdb = family == Family.Bridge;
        m.Header(new NdMsg { Family = family, Index = fdb ? linkIndex : 0, Flags = proxies ? (byte)NTF_PROXY : (byte)0 });
        if (!fdb && linkIndex != 0) m.UInt32(NDA_IFINDEX, (uint)linkIndex);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out Neighbour neighbour)
    {
        neighbour = null!;
        if (!message.TryRead(out NdMsg header, out AttributeReader attributes)) return false;
        if (header.Family is not (Family.Inet or Family.Inet6)) return false;
        InetAddress? address = null;
        MacAddress? mac = null;
        byte protocol = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NDA_DST) address = a.Address;
            else if (a.Type == NDA_LLADDR) mac = a.Mac;
            else if (a.Type == NDA_PROTOCOL) protocol = a.Byte;
        }
        if (attributes.Failed || address is null) return false;
        neighbour = new Neighbour
        {
            LinkIndex = header.Index,
            Address = address.Value,
            Mac = mac,
            State = (NeighbourState)header.State,
            Flags = (NeighbourFlags)header.Flags,
            Protocol = (RouteProtocol)protocol,
        };
        return true;
    }

    internal static bool TryRead(NetlinkMessage message, out FdbEntry entry)
    {
        entry = null!;
        if (!message.TryRead(out NdMsg header, out AttributeReader attributes) || header.Family != Family.Bridge) return false;
        FdbEntry read = new() { LinkIndex = header.Index, Mac = default, State = (NeighbourState)header.State, Flags = (NeighbourFlags)header.Flags };
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            read = a.Type switch
            {
                NDA_LLADDR => read with { Mac = a.Mac ?? default },
                NDA_DST => read with { Destination = a.Address },
                NDA_PORT => read with { Port = a.UInt16BigEndian },
                NDA_VNI => read with { Vni = a.UInt32 },
                NDA_SRC_VNI => read with { SourceVni = a.UInt32 },
                NDA_NH_ID => read with { NexthopId = a.UInt32 },
                _ => read,
            };
        }
        entry = read;
        return !attributes.Failed;
    }
}
