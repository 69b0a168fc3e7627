using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxIf;
using static Margay.Netlink.Constants.LinuxIfLink;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;
using static Margay.Netlink.Constants.LinuxVeth;

namespace Margay.Netlink.Route;

/// <summary>RTM_*LINK: bytes of <see cref="LinkSpec"/>, <see cref="LinkChange"/> and <see cref="Link"/>.</summary>
internal static class LinkCodec
{
    /// <summary>Longest name, without the NUL (IFNAMSIZ − 1).</summary>
    internal const int MaxNameLength = 15;

    internal static void WriteCreate(ref MessageBuffer buffer, LinkSpec spec)
    {
        MessageWriter m = buffer.Begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        m.Header(new IfInfoMsg { Index = spec.Index ?? 0, Flags = spec.Up ? (uint)IFF_UP : 0, Change = spec.Up ? (uint)IFF_UP : 0 });
        WriteCommon(ref m, spec.Name, spec.Mac, spec.Mtu, spec.TxQueueLength, spec.Namespace);
        if (spec.MasterIndex is { } master) m.UInt32(IFLA_MASTER, (uint)master);
        if (spec.TxQueues is { } tx) m.UInt32(IFLA_NUM_TX_QUEUES, (uint)tx);
        if (spec.RxQueues is { } rx) m.UInt32(IFLA_NUM_RX_QUEUES, (uint)rx);
        if (spec is VethSpec { Queues: { } queues }) WriteQueues(ref m, queues);
        if (spec.Group is { } group) m.UInt32(IFLA_GROUP, group);
        if (spec is MacvlanSpec macvlan) m.UInt32(IFLA_LINK, (uint)macvlan.ParentIndex);
        int info = m.BeginNested(IFLA_LINKINFO);
        m.String(IFLA_INFO_KIND, spec.Kind);
        WriteKind(ref m, spec);
        m.EndNested(info);
        m.End();
    }

    private static void WriteKind(ref MessageWriter m, LinkSpec spec)
    {
        if (spec is OtherLinkSpec) return;
        int data = m.BeginNested(IFLA_INFO_DATA);
        switch (spec)
        {
            case VethSpec veth:
                WriteVeth(ref m, veth);
                break;
            case VxlanSpec vxlan:
                VxlanCodec.Write(ref m, vxlan);
                break;
            case BridgeSpec bridge:
                WriteBridge(ref m, bridge);
                break;
            case MacvlanSpec macvlan:
                m.UInt32(IFLA_MACVLAN_MODE, (uint)macvlan.Mode);
                break;
        }
        m.EndNested(data);
    }

    private static void WriteVeth(ref MessageWriter m, VethSpec spec)
    {
        int peer = m.BeginNested(VETH_INFO_PEER);
        MemoryMarshal.Write(m.ReserveRaw(Unsafe.SizeOf<IfInfoMsg>()), new IfInfoMsg { Index = spec.PeerIndex ?? 0 });
        WriteCommon(ref m, spec.PeerName, spec.PeerMac, spec.PeerMtu, spec.PeerTxQueueLength, spec.PeerNamespace);
        if (spec.Queues is { } queues) WriteQueues(ref m, queues);
        m.EndNested(peer);
    }

    private static void WriteQueues(ref MessageWriter m, int queues)
    {
        m.UInt32(IFLA_NUM_TX_QUEUES, (uint)queues);
        m.UInt32(IFLA_NUM_RX_QUEUES, (uint)queues);
    }

    private static void WriteBridge(ref MessageWriter m, BridgeSpec spec)
    {
        if (spec.ForwardDelay is { } delay) m.UInt32(IFLA_BR_FORWARD_DELAY, delay);
        if (spec.AgeingTime is { } ageing) m.UInt32(IFLA_BR_AGEING_TIME, ageing);
        if (spec.SpanningTree is { } stp) m.UInt32(IFLA_BR_STP_STATE, stp ? 1u : 0);
        if (spec.MulticastSnooping is { } snooping) m.Byte(IFLA_BR_MCAST_SNOOPING, snooping ? (byte)1 : (byte)0);
    }

    internal static void WriteChange(ref MessageBuffer buffer, int index, LinkChange change)
    {
        MessageWriter m = buffer.Begin(RTM_NEWLINK, 0);
        (LinkFlags Bit, bool? Wanted)[] flags = [(LinkFlags.Up, change.Up), (LinkFlags.NoArp, change.NoArp)];
        m.Header(new IfInfoMsg
        {
            Index = index,
            Flags = flags.Aggregate(0u, (bits, f) => f.Wanted == true ? bits | (uint)f.Bit : bits),
            Change = flags.Aggregate(0u, (bits, f) => f.Wanted is null ? bits : bits | (uint)f.Bit),
        });
        WriteCommon(ref m, change.Name, change.Mac, change.Mtu, change.TxQueueLength, change.Namespace);
        if (change.MasterIndex is { } master) m.UInt32(IFLA_MASTER, (uint)master);
        if (change.Alias is { } alias) m.String(IFLA_IFALIAS, alias);
        if (change.Group is { } group) m.UInt32(IFLA_GROUP, group);
        WriteFamilies(ref m, change);
        m.End();
    }

    private static void WriteCommon(ref MessageWriter m, string? name, MacAddress? mac, int? mtu, int? txQueueLength, NetworkNamespace? space)
    {
        if (name is not null) m.String(IFLA_IFNAME, name);
        if (mac is { } address) m.Mac(IFLA_ADDRESS, address);
        if (mtu is { } bytes) m.UInt32(IFLA_MTU, (uint)bytes);
        if (txQueueLength is { } packets) m.UInt32(IFLA_TXQLEN, (uint)packets);
        if (space is not null) m.UInt32(IFLA_NET_NS_FD, (uint)space.Handle.DangerousGetHandle());
    }

    private static void WriteFamilies(ref MessageWriter m, LinkChange change)
    {
        if (change.AddressGeneration is null && change.Ipv4Settings.Count == 0) return;
        int spec = m.BeginNested(IFLA_AF_SPEC);
        if (change.Ipv4Settings.Count > 0)
        {
            int inet = m.BeginNested(Family.Inet);
            int settings = m.BeginNested(IFLA_INET_CONF);
            foreach ((Ipv4Setting setting, int value) in change.Ipv4Settings) m.UInt32((ushort)setting, (uint)value);
            m.EndNested(settings);
            m.EndNested(inet);
        }
        if (change.AddressGeneration is { } mode)
        {
            int inet6 = m.BeginNested(Family.Inet6);
            m.Byte(IFLA_INET6_ADDR_GEN_MODE, (byte)mode);
            m.EndNested(inet6);
        }
        m.EndNested(spec);
    }

    /// <param name="space">The id of another namespace, where the link is; null for the socket's own.</param>
    internal static void WriteDelete(ref MessageBuffer buffer, int index, int? space = null)
    {
        MessageWriter m = buffer.Begin(RTM_DELLINK, 0);
        m.Header(new IfInfoMsg { Index = index });
        if (space is { } id) m.UInt32(IFLA_TARGET_NETNSID, (uint)id);
        m.End();
    }

    internal static void WriteDelete(ref MessageBuffer buffer, string name)
    {
        MessageWriter m = buffer.Begin(RTM_DELLINK, 0);
        m.Header(default(IfInfoMsg));
        m.String(IFLA_IFNAME, name);
        m.End();
    }

    internal static void WriteDeleteGroup(ref MessageBuffer buffer, uint group)
    {
        MessageWriter m = buffer.Begin(RTM_DELLINK, 0);
        m.Header(default(IfInfoMsg));
        m.UInt32(IFLA_GROUP, group);
        m.End();
    }

    /// <summary>By name, by index, or all.</summary>
    /// <param name="space">As for <see cref="WriteDelete(ref MessageBuffer, int, int?)"/>.</param>
    internal static void WriteGet(ref MessageBuffer buffer, string? name, int index, int? space = null)
    {
        bool dump = name is null && index == 0;
        MessageWriter m = buffer.Begin(RTM_GETLINK, dump ? NLM_F_DUMP : 0);
        m.Header(new IfInfoMsg { Index = index });
        if (name is not null) m.String(IFLA_IFNAME, name);
        if (space is { } id) m.UInt32(IFLA_TARGET_NETNSID, (uint)id);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out Link link)
    {
        link = null!;
        if (!message.TryRead(out IfInfoMsg header, out AttributeReader attributes)) return false;
        string name = "";
        string? kind = null, alias = null;
        MacAddress? mac = null;
        int mtu = 0, master = 0, parent = 0, queue = 0;
        int? parentSpace = null;
        uint group = 0;
        bool carrier = false;
        OperationalState state = OperationalState.Unknown;
        LinkStatistics statistics = default;
        VxlanState? vxlan = null;
        LinkSettings? settings = null;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case IFLA_IFNAME: name = a.String; break;
                case IFLA_ADDRESS: mac = a.Mac; break;
                case IFLA_MTU: mtu = a.Int32; break;
                case IFLA_MASTER: master = a.Int32; break;
                case IFLA_LINK: parent = a.Int32; break;
                case IFLA_LINK_NETNSID: parentSpace = a.Int32; break;
                case IFLA_IFALIAS: alias = a.String; break;
                case IFLA_TXQLEN: queue = a.Int32; break;
                case IFLA_GROUP: group = a.UInt32; break;
                case IFLA_CARRIER: carrier = a.Byte != 0; break;
                case IFLA_OPERSTATE: state = (OperationalState)a.Byte; break;
                case IFLA_STATS64: statistics = ReadStatistics(a.Value); break;
                case IFLA_LINKINFO: ReadInfo(a.Nested, out kind, out vxlan); break;
                case IFLA_AF_SPEC: settings = ReadSettings(a.Nested); break;
            }
        }
        link = new Link
        {
            Index = header.Index,
            Name = name,
            Kind = kind,
            Flags = (LinkFlags)header.Flags,
            OperationalState = state,
            HasCarrier = carrier,
            Mac = mac,
            Mtu = mtu,
            MasterIndex = master,
            ParentIndex = parent,
            ParentNamespaceId = parentSpace,
            Alias = alias,
            TxQueueLength = queue,
            Group = group,
            Vxlan = vxlan,
            Settings = settings,
            Statistics = statistics,
        };
        return !attributes.Failed;
    }

    private static void ReadInfo(AttributeReader info, out string? kind, out VxlanState? vxlan)
    {
        kind = null;
        vxlan = null;
        while (info.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == IFLA_INFO_KIND) kind = a.String;
            else if (a.Type == IFLA_INFO_DATA && kind == "vxlan") vxlan = VxlanCodec.Read(a.Nested);
        }
    }

    // Both families have an array of 32-bit numbers, in which IPv4's constants count from 1 and IPv6's from 0.
    private static LinkSettings? ReadSettings(AttributeReader families)
    {
        ReadOnlySpan<int> v4 = default, v6 = default;
        while (families.TryRead(out NetlinkAttribute family))
        {
            AttributeReader of = family.Nested;
            while (of.TryRead(out NetlinkAttribute a))
            {
                if (family.Type == Family.Inet && a.Type == IFLA_INET_CONF) v4 = MemoryMarshal.Cast<byte, int>(a.Value);
                else if (family.Type == Family.Inet6 && a.Type == IFLA_INET6_CONF) v6 = MemoryMarshal.Cast<byte, int>(a.Value);
            }
        }
        if (v4.Length < (int)Ipv4Setting.ReversePathFilter) return null;
        return new LinkSettings(
            v4[(int)Ipv4Setting.Forwarding - 1] != 0, v4[(int)Ipv4Setting.ProxyArp - 1] != 0, v4[(int)Ipv4Setting.ReversePathFilter - 1], v6.Length > DEVCONF_ACCEPT_RA ? v6[DEVCONF_ACCEPT_RA] : null);
    }

    // struct rtnl_link_stats64 begins with these eight counters.
    private static LinkStatistics ReadStatistics(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<ulong> c = MemoryMarshal.Cast<byte, ulong>(value);
        return c.Length < 8 ? default : new LinkStatistics(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
    }
}
