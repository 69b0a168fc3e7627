using System.Globalization;
using Margay.Core.Net;

namespace Margay.Dataplane.Networks;

/// <summary>A service of the host that every virtual network reaches under an address of its own: instance metadata, name servers.</summary>
/// <param name="Address">Inside networks: of 169.254.0.0/16 or fc00::/7.</param>
/// <param name="Protocol">6 (TCP) or 17 (UDP).</param>
/// <param name="Target">Where the host sends it, of the same family; a loopback address of IPv4 among others.</param>
public sealed record HostService(InetAddress Address, ushort Port, byte Protocol, InetAddress Target, ushort TargetPort)
{
    private const byte Tcp = 6, Udp = 17;
    private static readonly IpPrefix s_linkLocal = IpPrefix.Parse("169.254.0.0/16"), s_uniqueLocal = IpPrefix.Parse("fc00::/7"), s_gateway = IpPrefix.Parse("169.254.1.1/32");

    /// <summary>ADDRESS:PORT[/udp]=TARGET:PORT, addresses of IPv6 in brackets.</summary>
    /// <param name="fault">Why not.</param>
    public static HostService? Parse(string text, out string fault)
    {
        fault = "is not ADDRESS:PORT[/udp]=TARGET:PORT";
        if (text.Split('=') is not [{ } service, { } target]) return null;
        bool udp = service.EndsWith("/udp", StringComparison.Ordinal);
        if (udp) service = service[..^"/udp".Length];
        if (End(service) is not { } at || End(target) is not { } to) return null;
        DataplaneOptions defaults = new();
        fault = at.Address.IsIPv6 != to.Address.IsIPv6 ? "has addresses of two families"
            : !(at.Address.IsIPv6 ? s_uniqueLocal : s_linkLocal).Contains(at.Address) ? $"has an address outside of {(at.Address.IsIPv6 ? s_uniqueLocal : s_linkLocal)}, which networks may have of their own"
            : s_gateway.Contains(at.Address) || defaults.TransitV4.Contains(at.Address) || defaults.TransitV6.Contains(at.Address) ? $"has an address that is in use inside networks ({s_gateway.Address}, {defaults.TransitV4}, {defaults.TransitV6})"
            : to.Address is { IsIPv6: true, IsLoopback: true } ? "leads to ::1, which the kernel takes from nobody else; let the service listen on another address of the host"
            : "";
        return fault.Length == 0 ? new HostService(at.Address, at.Port, udp ? Udp : Tcp, to.Address, to.Port) : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text(Address, Port)}{(Protocol == Udp ? "/udp" : "")}={Text(Target, TargetPort)}");

    private static (InetAddress Address, ushort Port)? End(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0) return null;
        string address = text[..colon];
        bool brackets = address is ['[', .., ']'];
        return InetAddress.TryParse(brackets ? address[1..^1] : address, null, out InetAddress parsed) && parsed.IsIPv6 == brackets ? (parsed, port) : null;
    }

    private static string Text(InetAddress address, ushort port) => string.Create(CultureInfo.InvariantCulture, $"{(address.IsIPv6 ? $"[{address}]" : $"{address}")}:{port}");
}
