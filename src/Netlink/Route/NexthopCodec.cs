using System.Runtime.InteropServices;
using Margay.Core.Net;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNexthop;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*NEXTHOP.</summary>
internal static class NexthopCodec
{
    // struct nexthop_grp: id, weight − 1, weight_high, reserved
    private const int MemberSize = 8;

    internal static void WriteAdd(ref MessageBuffer buffer, Nexthop nexthop, bool replace)
    {
        MessageWriter m = buffer.Begin(RTM_NEWNEXTHOP, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL));
        bool group = nexthop.Group.Count != 0;
        bool v6 = nexthop.Gateway?.IsIPv6 ?? nexthop.IPv6;
        m.Header(new NhMsg
        {
            Family = group ? Family.Unspec : v6 ? Family.Inet6 : Family.Inet,
            Protocol = (byte)nexthop.Protocol,
            Flags = nexthop.OnLink ? (uint)RTNH_F_ONLINK : 0,
        });
        m.UInt32(NHA_ID, nexthop.Id);
        if (group)
        {
            Span<byte> members = m.Reserve(NHA_GROUP, MemberSize * nexthop.Group.Count);
            members.Clear();
            for (int i = 0; i < nexthop.Group.Count; i++)
            {
                MemoryMarshal.Write(members[(MemberSize * i)..], nexthop.Group[i].Id);
                members[MemberSize * i + 4] = (byte)(nexthop.Group[i].Weight - 1);
            }
        }
        if (nexthop.Blackhole) m.Flag(NHA_BLACKHOLE);
        if (nexthop.LinkIndex != 0) m.UInt32(NHA_OIF, (uint)nexthop.LinkIndex);
        if (nexthop.Gateway is { } gateway) m.Address(NHA_GATEWAY, gateway);
        if (nexthop.Fdb) m.Flag(NHA_FDB);
        m.End();
    }

    internal static void WriteDelete(ref MessageBuffer buffer, uint id)
    {
        MessageWriter m = buffer.Begin(RTM_DELNEXTHOP, 0);
        m.Header(default(NhMsg));
        m.UInt32(NHA_ID, id);
        m.End();
    }

    internal static void WriteGet(ref MessageBuffer buffer, uint id)
    {
        MessageWriter m = buffer.Begin(RTM_GETNEXTHOP, id == 0 ? NLM_F_DUMP : 0);
        m.Header(default(NhMsg));
        if (id != 0) m.UInt32(NHA_ID, id);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out Nexthop nexthop)
    {
        nexthop = null!;
        if (!message.TryRead(out NhMsg header, out AttributeReader attributes)) return false;
        uint id = 0;
        int link = 0;
        InetAddress? gateway = null;
        bool blackhole = false, fdb = false;
        NexthopMember[] group = [];
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NHA_ID: id = a.UInt32; break;
                case NHA_OIF: link = a.Int32; break;
                case NHA_GATEWAY: gateway = a.Address; break;
                case NHA_BLACKHOLE: blackhole = true; break;
                case NHA_FDB: fdb = true; break;
                case NHA_GROUP: group = ReadGroup(a.Value); break;
            }
        }
        nexthop = new Nexthop
        {
            Id = id,
            Protocol = (RouteProtocol)header.Protocol,
            LinkIndex = blackhole ? 0 : link,
            Gateway = gateway,
            IPv6 = header.Family == Family.Inet6,
            OnLink = (header.Flags & RTNH_F_ONLINK) != 0,
            Blackhole = blackhole,
            Fdb = fdb,
            Group = group,
            HopFlags = (RouteHopFlags)header.Flags,
        };
        return !attributes.Failed && id != 0;
    }

    private static NexthopMember[] ReadGroup(ReadOnlySpan<byte> bytes)
    {
        NexthopMember[] group = new NexthopMember[bytes.Length / MemberSize];
        for (int i = 0; i < group.Length; i++)
            group[i] = new NexthopMember(MemoryMarshal.Read<uint>(bytes[(MemberSize * i)..]), bytes[MemberSize * i + 4] + 1);
        return group;
    }
}
