using System.Globalization;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Drops;

/// <summary>A dropped packet with the names of what it met. Immutable.</summary>
internal sealed record DropRecord
{
    /// <summary>Grows by one with each; a reader asks for what comes after the last one it has.</summary>
    public long Sequence { get; init; }

    public required DateTimeOffset Time { get; init; }
    public required DroppedPacket Packet { get; init; }

    /// <summary>Id of the endpoint whose egress or ingress it was, NETWORK/NAMESPACE/NAME; empty when its interface is no endpoint's.</summary>
    public required string Endpoint { get; init; }

    /// <summary>With the full name of the policy.</summary>
    public required DropSite Site { get; init; }

    public string Direction => DropSite.WordOf(Site.Direction);

    /// <summary>tcp, udp, …, or the number.</summary>
    public string Protocol => Packet.Headers.Protocol switch
    {
        Api.Resources.Protocol.Icmp => "icmp",
        Api.Resources.Protocol.Tcp => "tcp",
        Api.Resources.Protocol.Udp => "udp",
        Api.Resources.Protocol.IcmpV6 => "icmpv6",
        Api.Resources.Protocol.Sctp => "sctp",
        Api.Resources.Protocol.UdpLite => "udplite",
        byte other => other.ToString(CultureInfo.InvariantCulture),
    };

    public string Source => End(Packet.Headers.Source.ToString(), Packet.Headers.SourcePort);
    public string Destination => Packet.Headers is { IcmpType: { } type, IcmpCode: { } code } h
        ? string.Create(CultureInfo.InvariantCulture, $"{h.Destination} type {type} code {code}")
        : End(Packet.Headers.Destination.ToString(), Packet.Headers.DestinationPort);

    private static string End(string address, ushort? port) =>
        port is not { } number ? address : string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{number}");
}
