namespace Margay.Api.NodeSync;

/// <summary>Traffic of the host itself that no policy of a host endpoint can stop, so that nobody locks himself out.</summary>
/// <param name="Protocol">IP protocol number: TCP, UDP or SCTP.</param>
/// <param name="Port">Destination port: of the host (inbound) or of the other side (outbound).</param>
/// <param name="Net">Prefix of the other side; null for everyone, IPv4 and IPv6.</param>
public sealed record FailsafePort(byte Protocol, ushort Port, string? Net = null)
{
    /// <summary>SSH, BGP, etcd, Kubernetes and DHCP clients (Calico's defaults); and BFD (RFC 5881, RFC 5883) and margay-server.</summary>
    public static IReadOnlyList<FailsafePort> DefaultInbound { get; } = [.. Tcp(22, 179, 2379, 2380, 5473, 6443, 6666, 6667, 7443), .. Udp(68, 3784, 4784)];

    /// <summary>BGP, etcd, Kubernetes, DNS and DHCP servers (Calico's defaults); and BFD and margay-server.</summary>
    public static IReadOnlyList<FailsafePort> DefaultOutbound { get; } =
        [.. Tcp(179, 2379, 2380, 5473, 6443, 6666, 6667, 7443), .. Udp(53, 67, 3784, 4784)];

    private static IEnumerable<FailsafePort> Tcp(params ushort[] ports) => ports.Select(p => new FailsafePort(Resources.Protocol.Tcp, p));

    private static IEnumerable<FailsafePort> Udp(params ushort[] ports) => ports.Select(p => new FailsafePort(Resources.Protocol.Udp, p));
}
