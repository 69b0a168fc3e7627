using Margay.Core.Net;

namespace Margay.Policy;

/// <summary>What the rules can see of a packet. Both addresses are of one family.</summary>
public sealed record Packet
{
    public NetworkName Network { get; init; }
    public required InetAddress Source { get; init; }
    public required InetAddress Destination { get; init; }

    /// <summary>IP protocol number; for IPv6 that of the upper layer.</summary>
    public required byte Protocol { get; init; }

    /// <summary>Absent for protocols without ports.</summary>
    public ushort? SourcePort { get; init; }

    public ushort? DestinationPort { get; init; }
    public byte? IcmpType { get; init; }
    public byte? IcmpCode { get; init; }

    public IpFamily Family => Source.IsIPv6 ? IpFamily.V6 : IpFamily.V4;
    public InetAddress Address(PacketSide side) => side == PacketSide.Source ? Source : Destination;

    /// <summary>The port of one side, for the protocols whose ports rules can name.</summary>
    public ushort? Port(PacketSide side) =>
        Protocol is not (Api.Resources.Protocol.Tcp or Api.Resources.Protocol.Udp or Api.Resources.Protocol.Sctp) ? null
        : side == PacketSide.Source ? SourcePort : DestinationPort;

    /// <summary>Whether it is ICMP of its own family.</summary>
    public bool IsIcmp => Protocol == (Family == IpFamily.V4 ? Api.Resources.Protocol.Icmp : Api.Resources.Protocol.IcmpV6);
}
