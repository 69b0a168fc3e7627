using System.Globalization;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>What is sent, but for the addresses: the first packet of a connection.</summary>
/// <param name="Protocol">Number; ICMP (1) means that of the packet's family, unless a type says which.</param>
public sealed record Flow(byte Protocol, ushort? DestinationPort = null)
{
    /// <summary>Of a port that clients take; rules seldom look at it.</summary>
    public const ushort UsualSourcePort = 40000;

    private const byte EchoRequest = 8, EchoRequestV6 = 128;

    public ushort SourcePort { get; init; } = UsualSourcePort;
    public byte? IcmpType { get; init; }
    public byte? IcmpCode { get; init; }

    private bool IsIcmp => Protocol is Api.Resources.Protocol.Icmp or Api.Resources.Protocol.IcmpV6;
    private bool HasPorts => Protocol is Api.Resources.Protocol.Tcp or Api.Resources.Protocol.Udp or Api.Resources.Protocol.Sctp or Api.Resources.Protocol.UdpLite;

    /// <summary>Whether there is such a packet in the family: ICMPv6, and a type of ICMP, mean one of them.</summary>
    public bool ExistsIn(bool isIPv6) => !IsIcmp || (Protocol == Api.Resources.Protocol.IcmpV6 ? isIPv6 : IcmpType is null || !isIPv6);

    public Packet PacketOf(NetworkName network, InetAddress source, InetAddress destination) => new()
    {
        Network = network,
        Source = source,
        Destination = destination,
        Protocol = !IsIcmp ? Protocol : source.IsIPv6 ? Api.Resources.Protocol.IcmpV6 : Api.Resources.Protocol.Icmp,
        SourcePort = HasPorts ? SourcePort : null,
        DestinationPort = HasPorts ? DestinationPort : null,
        IcmpType = IsIcmp ? IcmpType ?? (source.IsIPv6 ? EchoRequestV6 : EchoRequest) : null,
        IcmpCode = IsIcmp ? IcmpCode ?? 0 : null,
    };

    /// <summary>
    /// Reads <c>443/tcp</c>, <c>443</c> (TCP), <c>53/udp</c>, <c>icmp</c> (an echo request), <c>icmp:TYPE[/CODE]</c>, <c>icmpv6:TYPE[/CODE]</c>, or an IP protocol without ports as
    /// <c>proto:NUMBER</c>.
    /// </summary>
    public static bool TryParse(string text, out Flow flow)
    {
        flow = null!;
        string[] typed = text.ToLowerInvariant().Split(':', 2);
        if (typed is ["proto", string other]) return byte.TryParse(other, NumberStyles.None, CultureInfo.InvariantCulture, out byte number) && Give(new Flow(number), out flow);
        if (typed[0] is "icmp" or "icmpv6")
        {
            Flow icmp = new(typed[0] == "icmp" ? Api.Resources.Protocol.Icmp : Api.Resources.Protocol.IcmpV6);
            if (typed.Length == 1) return Give(icmp, out flow);
            string[] parts = typed[1].Split('/', 2);
            if (!byte.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out byte type)) return false;
            if (parts.Length == 1) return Give(icmp with { IcmpType = type }, out flow);
            return byte.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out byte code) && Give(icmp with { IcmpType = type, IcmpCode = code }, out flow);
        }
        string[] words = text.ToLowerInvariant().Split('/', 2);
        if (!ushort.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)) return false;
        byte? protocol = words.Length == 1 ? Api.Resources.Protocol.Tcp : words[1] switch
        {
            "tcp" => Api.Resources.Protocol.Tcp,
            "udp" => Api.Resources.Protocol.Udp,
            "sctp" => Api.Resources.Protocol.Sctp,
            "udplite" => Api.Resources.Protocol.UdpLite,
            _ => null,
        };
        return protocol is { } known && Give(new Flow(known, port), out flow);
    }

    private static bool Give(Flow read, out Flow flow)
    {
        flow = read;
        return true;
    }

    public override string ToString() => Protocol switch
    {
        Api.Resources.Protocol.Tcp => Port("tcp"),
        Api.Resources.Protocol.Udp => Port("udp"),
        Api.Resources.Protocol.Sctp => Port("sctp"),
        Api.Resources.Protocol.UdpLite => Port("udplite"),
        Api.Resources.Protocol.Icmp => Icmp("icmp"),
        Api.Resources.Protocol.IcmpV6 => Icmp("icmpv6"),
        _ => string.Create(CultureInfo.InvariantCulture, $"proto:{Protocol}"),
    };

    private string Port(string name) => string.Create(CultureInfo.InvariantCulture, $"{DestinationPort}/{name}");
    private string Icmp(string name) => IcmpType is null ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{IcmpType}{(IcmpCode is { } code ? $"/{code}" : "")}");
}
