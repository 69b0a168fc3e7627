using System.Runtime.InteropServices;
using Margay.Core.Net;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*ROUTE: bytes of <see cref="RouteEntry"/>. The hot path of a full table: no allocation, attributes only where they say something.</summary>
internal static class RouteCodec
{
    internal static void WriteAdd(ref MessageBuffer buffer, RouteEntry route, int flags)
    {
        MessageWriter m = buffer.Begin(RTM_NEWROUTE, flags);
        WriteHeader(ref m, route, route.Protocol, route.Scope, route.Type);
        WriteTarget(ref m, route);
        if (route.PreferredSource is { } source) m.Address(RTA_PREFSRC, source);
        if (route.Mtu != 0)
        {
            int metrics = m.BeginNested(RTA_METRICS);
            m.UInt32(RTAX_MTU, route.Mtu);
            m.EndNested(metrics);
        }
        m.End();
    }

    /// <summary>The kernel deletes the first route that agrees with everything given; scope nowhere agrees with any.</summary>
    internal static void WriteDelete(ref MessageBuffer buffer, RouteEntry route)
    {
        MessageWriter m = buffer.Begin(RTM_DELROUTE, 0);
        WriteHeader(ref m, route, route.Protocol, RouteScope.Nowhere, route.Type);
        WriteTarget(ref m, route);
        m.End();
    }

    private static void WriteHeader(ref MessageWriter m, RouteEntry route, RouteProtocol protocol, RouteScope scope, RouteType type)
    {
        IpPrefix destination = route.Destination;
        m.Header(new RtMsg
        {
            Family = Family.Of(destination),
            DestinationLength = (byte)destination.Length,
            SourceLength = (byte)(route.Source?.Length ?? 0),
            Table = route.Table < 256 ? (byte)route.Table : (byte)RT_TABLE_UNSPEC,
            Protocol = (byte)protocol,
            Scope = (byte)scope,
            Type = (byte)type,
            Flags = route.OnLink ? (uint)RTNH_F_ONLINK : 0,
        });
        if (destination.Length != 0) m.Address(RTA_DST, destination.Address);
        if (route.Source is { } source) m.Address(RTA_SRC, source.Address);
        if (route.Table >= 256) m.UInt32(RTA_TABLE, route.Table);
        if (route.Priority != 0) m.UInt32(RTA_PRIORITY, route.Priority);
    }

    private static void WriteTarget(ref MessageWriter m, RouteEntry route)
    {
        if (route.NexthopId != 0)
        {
            m.UInt32(RTA_NH_ID, route.NexthopId);
            return;
        }
        if (route.Gateway is { } gateway) WriteGateway(ref m, gateway, route.Destination.IsIPv6);
        if (route.LinkIndex != 0) m.UInt32(RTA_OIF, (uint)route.LinkIndex);
        if (route.Hops.Count == 0) return;
        int hops = m.BeginPlain(RTA_MULTIPATH);
        foreach (RouteHop hop in route.Hops)
        {
            // struct rtnexthop: length, flags, weight − 1, link; then attributes that count towards its length.
            int at = m.Position;
            Span<byte> header = m.ReserveRaw(8);
            header[2] = hop.OnLink ? (byte)RTNH_F_ONLINK : (byte)0;
            header[3] = (byte)(hop.Weight - 1);
            MemoryMarshal.Write(header[4..], hop.LinkIndex);
            if (hop.Gateway is { } via) WriteGateway(ref m, via, route.Destination.IsIPv6);
            m.PatchUInt16(at, (ushort)(m.Position - at));
        }
        m.EndNested(hops);
    }

    private static void WriteGateway(ref MessageWriter m, InetAddress gateway, bool ipv6)
    {
        if (gateway.IsIPv6 == ipv6)
        {
            m.Address(RTA_GATEWAY, gateway);
            return;
        }
        Span<byte> via = m.Reserve(RTA_VIA, 2 + gateway.ByteLength);
        MemoryMarshal.Write(via, (ushort)Family.Of(gateway));
        gateway.WriteBytes(via[2..]);
    }

    internal static void WriteDump(ref MessageBuffer buffer, RouteFilter filter, bool ipv6)
    {
        MessageWriter m = buffer.Begin(RTM_GETROUTE, NLM_F_DUMP);
        m.Header(new RtMsg
        {
            Family = ipv6 ? Family.Inet6 : Family.Inet,
            Protocol = (byte)(filter.Protocol ?? 0),
            Type = (byte)(filter.Type ?? 0),
            Table = filter.Table is { } t and < 256 ? (byte)t : (byte)0,
        });
        if (filter.Table is { } table) m.UInt32(RTA_TABLE, table);
        if (filter.LinkIndex is { } link) m.UInt32(RTA_OIF, (uint)link);
        m.End();
    }

    /// <summary>Asks which route the kernel would use, as an entry of its table (RTM_F_FIB_MATCH) where it can tell.</summary>
    internal static void WriteLookup(ref MessageBuffer buffer, InetAddress destination, RouteLookup lookup)
    {
        MessageWriter m = buffer.Begin(RTM_GETROUTE, 0);
        m.Header(new RtMsg
        {
            Family = Family.Of(destination),
            DestinationLength = (byte)destination.BitLength,
            SourceLength = (byte)(lookup.Source?.BitLength ?? 0),
            // IPv6 knows only the first flag, refuses the other (EINVAL), and tells the table without being asked.
            Flags = RTM_F_FIB_MATCH | (destination.IsIPv6 ? 0u : RTM_F_LOOKUP_TABLE),
        });
        m.Address(RTA_DST, destination);
        if (lookup.Source is { } source) m.Address(RTA_SRC, source);
        if (lookup.IncomingLinkIndex != 0) m.UInt32(RTA_IIF, (uint)lookup.IncomingLinkIndex);
        if (lookup.OutgoingLinkIndex != 0) m.UInt32(RTA_OIF, (uint)lookup.OutgoingLinkIndex);
        if (lookup.Mark != 0) m.UInt32(RTA_MARK, lookup.Mark);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out RouteEntry route)
    {
        route = null!;
        if (!message.TryRead(out RtMsg header, out AttributeReader attributes)) return false;
        if (header.Family is not (Family.Inet or Family.Inet6)) return false;
        bool v6 = header.Family == Family.Inet6;
        InetAddress destination = v6 ? InetAddress.AnyV6 : InetAddress.AnyV4;
        InetAddress? gateway = null, preferred = null, source = null;
        uint table = header.Table, priority = 0, nexthop = 0, mtu = 0;
        int link = 0;
        RouteHop[]? hops = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case RTA_DST: destination = a.Address ?? destination; break;
                case RTA_SRC: source = a.Address; break;
                case RTA_TABLE: table = a.UInt32; break;
                case RTA_PRIORITY: priority = a.UInt32; break;
                case RTA_OIF: link = a.Int32; break;
                case RTA_GATEWAY or RTA_VIA: gateway = ReadGateway(a); break;
                case RTA_PREFSRC: preferred = a.Address; break;
                case RTA_NH_ID: nexthop = a.UInt32; break;
                case RTA_METRICS: mtu = ReadMtu(a.Nested); break;
                case RTA_MULTIPATH: hops = ReadHops(a.Value); break;
            }
        }
        if (attributes.Failed || !IpPrefix.TryCreate(destination, header.DestinationLength, out IpPrefix to)) return false;
        IpPrefix from = default;
        if (source is { } address && !IpPrefix.TryCreate(address, header.SourceLength, out from)) return false;
        // A route over an object also lists what the object stands for; a v6 route that drops names the loopback link.
        bool plain = nexthop == 0;
        bool drops = (RouteType)header.Type is RouteType.Blackhole or RouteType.Unreachable or RouteType.Prohibit or RouteType.Throw;
        route = new RouteEntry
        {
            Destination = to,
            Source = source is null ? null : from,
            Table = table,
            Protocol = (RouteProtocol)header.Protocol,
            Type = (RouteType)header.Type,
            Scope = (RouteScope)header.Scope,
            Priority = priority,
            LinkIndex = plain && !drops ? link : 0,
            Gateway = plain ? gateway : null,
            OnLink = plain && (header.Flags & RTNH_F_ONLINK) != 0,
            NexthopId = nexthop,
            Hops = plain && hops is not null ? hops : [],
            PreferredSource = preferred,
            Mtu = mtu,
            HopFlags = (RouteHopFlags)header.Flags,
        };
        return !attributes.Failed;
    }

    private static uint ReadMtu(AttributeReader metrics)
    {
        uint mtu = 0;
        while (metrics.TryRead(out NetlinkAttribute a))
            if (a.Type == RTAX_MTU) mtu = a.UInt32;
        return mtu;
    }

    private static InetAddress? ReadGateway(NetlinkAttribute a) =>
        a.Type != RTA_VIA ? a.Address : a.Value.Length is 6 or 18 ? InetAddress.FromBytes(a.Value[2..]) : null;

    private static RouteHop[] ReadHops(ReadOnlySpan<byte> bytes)
    {
        List<RouteHop> hops = [];
        while (bytes.Length >= 8)
        {
            int length = MemoryMarshal.Read<ushort>(bytes);
            if (length < 8 || length > bytes.Length) break;
            InetAddress? gateway = null;
            AttributeReader attributes = new(bytes[8..length]);
            while (attributes.TryRead(out NetlinkAttribute a))
                if (a.Type is RTA_GATEWAY or RTA_VIA) gateway = ReadGateway(a);
            hops.Add(new RouteHop(gateway, MemoryMarshal.Read<int>(bytes[4..]), bytes[3] + 1, (bytes[2] & RTNH_F_ONLINK) != 0));
            bytes = bytes[Math.Min(NetlinkHeader.Align(length), bytes.Length)..];
        }
        return [.. hops];
    }
}
