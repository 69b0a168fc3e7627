using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>
/// A VPN-IPv4 or VPN-IPv6 route (RFC 4364 §4.3, RFC 4659) with one MPLS label as we originate it: the key for <see cref="LocalRouteChange.Nlri"/> and the payload for
/// <see cref="LocalRoute.NlriPayload"/>.
/// </summary>
/// <param name="Payload">The label with the bottom-of-stack bit (RFC 8277 §2.2).</param>
public readonly record struct VpnRoute(Nlri Nlri, ReadOnlyMemory<byte> Payload)
{
    private const int RdBits = 64;
    private const uint LargestLabel = (1 << 20) - 1;

    /// <param name="label">0 to 1048575.</param>
    /// <exception cref="ArgumentOutOfRangeException">The label has more than 20 bits.</exception>
    public static VpnRoute Of(RouteDistinguisher rd, IpPrefix prefix, uint label)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label, LargestLabel);
        Span<byte> address = stackalloc byte[16];
        prefix.Address.WriteBytes(address);
        int octets = (prefix.Length + 7) / 8;
        byte[] key = new byte[1 + 8 + octets];
        key[0] = (byte)(RdBits + prefix.Length);
        rd.Write(key.AsSpan(1));
        address[..octets].CopyTo(key.AsSpan(9));
        return new VpnRoute(new Nlri(prefix.IsIPv6 ? Family.VpnIPv6 : Family.VpnIPv4, key), new[] { (byte)(label >> 12), (byte)(label >> 4), (byte)(label << 4 | 1) });
    }

    /// <summary>The outermost label of a VPN route that was received; null if it has none.</summary>
    public static uint? LabelOf(PathAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        return attributes.Payload is [var a, var b, var c, ..] ? (uint)(a << 12 | b << 4 | c >> 4) : null;
    }
}
