using Margay.Core.Net;

namespace Margay.Netlink.Conntrack;

/// <summary>Which connections: those that agree with everything given. An empty filter is every connection of the namespace.</summary>
public sealed record ConntrackFilter
{
    public static ConntrackFilter All { get; } = new();

    /// <summary>Null for both families.</summary>
    public bool? IPv6 { get; init; }

    /// <summary>Source of the original direction.</summary>
    public IpPrefix? Source { get; init; }

    /// <summary>Destination of the original direction, before translation.</summary>
    public IpPrefix? Destination { get; init; }

    /// <summary>Source of the reply direction: whom the packets reach after translation.</summary>
    public IpPrefix? ReplySource { get; init; }

    /// <summary>An end of either direction: all connections that an endpoint has, translated or not.</summary>
    public IpPrefix? AnyEnd { get; init; }

    public byte? Protocol { get; init; }
    public ushort? SourcePort { get; init; }
    public ushort? DestinationPort { get; init; }
    public ushort? Zone { get; init; }
    public uint? Mark { get; init; }

    /// <summary>Bits of the mark that count.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>Whether an answer was seen (IPS_SEEN_REPLY). Linux 6.0 filters by it; an older kernel sends all, and they are passed over here.</summary>
    public bool? Answered { get; init; }

    public bool Matches(ConntrackFlow flow)
    {
        ConntrackTuple o = flow.Original;
        ConntrackTuple r = flow.Reply;
        return (IPv6 is null || IPv6 == o.Source.IsIPv6)
            && Contains(Source, o.Source) && Contains(Destination, o.Destination) && Contains(ReplySource, r.Source)
            && (AnyEnd is not { } end || end.Contains(o.Source) || end.Contains(o.Destination) || end.Contains(r.Source) || end.Contains(r.Destination))
            && (Protocol is null || Protocol == o.Protocol)
            && (SourcePort is null || SourcePort == o.SourcePort)
            && (DestinationPort is null || DestinationPort == o.DestinationPort)
            && (Answered is null || Answered == flow.Status.HasFlag(ConntrackStatus.SeenReply))
            && (Zone is null || Zone == flow.Zone)
            && (Mark is null || (flow.Mark & MarkMask) == (Mark & MarkMask));
    }

    private static bool Contains(IpPrefix? prefix, InetAddress address) => prefix is not { } p || p.Contains(address);
}
