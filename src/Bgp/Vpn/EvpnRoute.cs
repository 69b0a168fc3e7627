using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>
/// EVPN routes as we originate them: the key for <see cref="LocalRouteChange.Nlri"/> and the payload for <see cref="LocalRoute.NlriPayload"/>.
/// </summary>
/// <param name="Payload">ESI, gateway and labels.</param>
public readonly record struct EvpnRoute(Nlri Nlri, ReadOnlyMemory<byte> Payload)
{
    private const int EsiLength = 10;

    /// <summary>Type 5, interface-less (RFC 9136 §4.4.1): ESI, Ethernet tag and gateway are zero.</summary>
    /// <param name="label">With VXLAN the 24-bit VNI.</param>
    public static EvpnRoute IpPrefix(RouteDistinguisher rd, IpPrefix prefix, uint label)
    {
        int size = prefix.Address.ByteLength;
        byte[] key = new byte[2 + 13 + size];
        key[0] = 5;
        key[1] = (byte)(13 + size);
        rd.Write(key.AsSpan(2));
        key[14] = (byte)prefix.Length;
        prefix.Address.WriteBytes(key.AsSpan(15));
        byte[] payload = new byte[EsiLength + size + 3];
        WriteLabel(payload.AsSpan(EsiLength + size), label);
        return new EvpnRoute(new Nlri(Family.Evpn, key), payload);
    }

    /// <summary>Type 2 (RFC 7432 §7.2): a MAC and, if known, its address. Two labels for symmetric IRB: first the L2 VNI, then the L3 VNI.</summary>
    public static EvpnRoute MacIp(RouteDistinguisher rd, MacAddress mac, InetAddress? address, uint label1, uint? label2 = null)
    {
        int size = address?.ByteLength ?? 0;
        byte[] key = new byte[2 + 20 + size];
        SpanWriter w = new(key);
        w.WriteByte(2);
        w.WriteByte((byte)(20 + size));
        rd.Write(w.Reserve(8));
        w.WriteUInt32BigEndian(0);
        w.WriteByte(48);
        mac.WriteBytes(w.Reserve(6));
        w.WriteByte((byte)(8 * size));
        address?.WriteBytes(w.Reserve(size));
        byte[] payload = new byte[EsiLength + (label2 is null ? 3 : 6)];
        WriteLabel(payload.AsSpan(EsiLength), label1);
        if (label2 is { } second) WriteLabel(payload.AsSpan(EsiLength + 3), second);
        return new EvpnRoute(new Nlri(Family.Evpn, key), payload);
    }

    private static void WriteLabel(Span<byte> to, uint label)
    {
        to[0] = (byte)(label >> 16);
        to[1] = (byte)(label >> 8);
        to[2] = (byte)label;
    }
}
