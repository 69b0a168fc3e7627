using System.Runtime.InteropServices;
using Margay.Core.Net;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxFibRules;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>RTM_*RULE. Struct fib_rule_hdr has the shape of rtmsg; its type is the action.</summary>
internal static class RuleCodec
{
    internal static void Write(ref MessageBuffer buffer, ushort type, int flags, Rule rule)
    {
        MessageWriter m = buffer.Begin(type, flags);
        m.Header(new RtMsg
        {
            Family = rule.IPv6 ? Family.Inet6 : Family.Inet,
            DestinationLength = (byte)(rule.Destination?.Length ?? 0),
            SourceLength = (byte)(rule.Source?.Length ?? 0),
            Table = rule is { Action: RuleAction.ToTable, Table: < 256 } ? (byte)rule.Table : (byte)0,
            Type = (byte)rule.Action,
            Flags = rule.Invert ? (uint)FIB_RULE_INVERT : 0,
        });
        if (rule.Priority != 0) m.UInt32(FRA_PRIORITY, rule.Priority);
        if (rule.Source is { Length: > 0 } source) m.Address(FRA_SRC, source.Address);
        if (rule.Destination is { Length: > 0 } destination) m.Address(FRA_DST, destination.Address);
        if (rule.IncomingLink is { } incoming) m.String(FRA_IFNAME, incoming);
        if (rule.OutgoingLink is { } outgoing) m.String(FRA_OIFNAME, outgoing);
        if (rule.Mark != 0 || rule.MarkMask != 0) m.UInt32(FRA_FWMARK, rule.Mark);
        if (rule.MarkMask != 0) m.UInt32(FRA_FWMASK, rule.MarkMask);
        if (rule.TunnelId != 0) m.UInt64BigEndian(FRA_TUN_ID, rule.TunnelId);
        if (rule.IpProtocol != 0) m.Byte(FRA_IP_PROTO, rule.IpProtocol);
        if (rule.SourcePorts is { } sports) WritePorts(ref m, FRA_SPORT_RANGE, sports);
        if (rule.DestinationPorts is { } dports) WritePorts(ref m, FRA_DPORT_RANGE, dports);
        if (rule.Action == RuleAction.Goto) m.UInt32(FRA_GOTO, rule.Target);
        if (rule.Action == RuleAction.ToTable) m.UInt32(FRA_TABLE, rule.Table);
        if (rule.SuppressPrefixLength is { } suppress) m.UInt32(FRA_SUPPRESS_PREFIXLEN, (uint)suppress);
        if (rule.Protocol != RouteProtocol.Unspecified) m.Byte(FRA_PROTOCOL, (byte)rule.Protocol);
        m.End();
    }

    private static void WritePorts(ref MessageWriter m, int type, PortRange range)
    {
        Span<byte> bytes = m.Reserve(type, 4);
        MemoryMarshal.Write(bytes, range.First);
        MemoryMarshal.Write(bytes[2..], range.Last);
    }

    internal static void WriteDump(ref MessageBuffer buffer, bool ipv6)
    {
        MessageWriter m = buffer.Begin(RTM_GETRULE, NLM_F_DUMP);
        m.Header(new RtMsg { Family = ipv6 ? Family.Inet6 : Family.Inet });
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out Rule rule)
    {
        rule = null!;
        if (!message.TryRead(out RtMsg header, out AttributeReader attributes)) return false;
        if (header.Family is not (Family.Inet or Family.Inet6)) return false;
        Rule read = new()
        {
            IPv6 = header.Family == Family.Inet6,
            Action = (RuleAction)header.Type,
            Table = header.Table,
            Invert = (header.Flags & FIB_RULE_INVERT) != 0,
            Protocol = RouteProtocol.Unspecified,
        };
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            read = a.Type switch
            {
                FRA_PRIORITY => read with { Priority = a.UInt32 },
                FRA_SRC => read with { Source = ReadPrefix(a, header.SourceLength) },
                FRA_DST => read with { Destination = ReadPrefix(a, header.DestinationLength) },
                FRA_IFNAME => read with { IncomingLink = a.String },
                FRA_OIFNAME => read with { OutgoingLink = a.String },
                FRA_FWMARK => read with { Mark = a.UInt32 },
                FRA_FWMASK => read with { MarkMask = a.UInt32 },
                FRA_TUN_ID => read with { TunnelId = a.UInt64BigEndian },
                FRA_IP_PROTO => read with { IpProtocol = a.Byte },
                FRA_SPORT_RANGE => read with { SourcePorts = ReadPorts(a) },
                FRA_DPORT_RANGE => read with { DestinationPorts = ReadPorts(a) },
                FRA_GOTO => read with { Target = a.UInt32 },
                FRA_TABLE => read with { Table = a.UInt32 },
                FRA_SUPPRESS_PREFIXLEN => read with { SuppressPrefixLength = a.Int32 < 0 ? null : a.Int32 },
                FRA_PROTOCOL => read with { Protocol = (RouteProtocol)a.Byte },
                _ => read,
            };
        }
        // The kernel fills in the mask that was not given.
        rule = read with
        {
            MarkMask = read is { Mark: not 0, MarkMask: uint.MaxValue } ? 0 : read.MarkMask,
            Table = read.Action == RuleAction.ToTable ? read.Table : RouteTable.Main,
        };
        return !attributes.Failed;
    }

    private static IpPrefix? ReadPrefix(NetlinkAttribute a, byte length) =>
        a.Address is { } address && IpPrefix.TryCreate(address, length, out IpPrefix prefix) ? prefix : null;

    private static PortRange? ReadPorts(NetlinkAttribute a) =>
        a.Value.Length >= 4 ? new PortRange(MemoryMarshal.Read<ushort>(a.Value), MemoryMarshal.Read<ushort>(a.Value[2..])) : null;
}
