using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Margay.Lab.Topologies;

/// <summary>How a probe is sent: an ICMP echo, or to a port. Of SCTP (RFC 9260) it is the first half of the handshake.</summary>
public enum Transport
{
    Icmp,
    Tcp,
    Udp,
    Sctp,
}

/// <summary>80/tcp, 53/udp, 7000/sctp, or icmp without a number.</summary>
public readonly record struct TransportPort(Transport Transport, int Number) : IComparable<TransportPort>
{
    public static TransportPort Icmp => new(Transport.Icmp, 0);

    public static bool TryParse([NotNullWhen(true)] string? text, out TransportPort port)
    {
        port = Icmp;
        if (text == "icmp") return true;
        string[] parts = text?.Split('/') ?? [];
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > 65535)
            return false;
        switch (parts[1])
        {
            case "tcp":
                port = new TransportPort(Transport.Tcp, number);
                return true;
            case "udp":
                port = new TransportPort(Transport.Udp, number);
                return true;
            case "sctp":
                port = new TransportPort(Transport.Sctp, number);
                return true;
            default:
                return false;
        }
    }

    public int CompareTo(TransportPort other) => (Transport, Number).CompareTo((other.Transport, other.Number));

    public override string ToString() => Transport switch
    {
        Transport.Icmp => "icmp",
        Transport.Tcp => string.Create(CultureInfo.InvariantCulture, $"{Number}/tcp"),
        Transport.Sctp => string.Create(CultureInfo.InvariantCulture, $"{Number}/sctp"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Number}/udp"),
    };

    public static bool operator <(TransportPort a, TransportPort b) => a.CompareTo(b) < 0;
    public static bool operator >(TransportPort a, TransportPort b) => a.CompareTo(b) > 0;
    public static bool operator <=(TransportPort a, TransportPort b) => a.CompareTo(b) <= 0;
    public static bool operator >=(TransportPort a, TransportPort b) => a.CompareTo(b) >= 0;
}
