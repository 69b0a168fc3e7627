using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>A received EVPN route that leads to a prefix or an address, decoded: what an IP-VRF needs of it (RFC 9136 §4.4.1, RFC 9135 §5).</summary>
/// <param name="Vtep">Next hop: the tunnel end that it is sent to.</param>
/// <param name="RouterMac">Inner destination; null when the route does not say.</param>
/// <param name="Vni">Of the IP-VRF: the only label of type 5, the last of type 2.</param>
/// <param name="Sequence">MAC mobility (RFC 7432 §7.7): the higher is where it is now.</param>
/// <param name="Refusal">Why it can lead nowhere, in words; null when it can.</param>
public sealed record EvpnPath(
    IpPrefix Prefix, InetAddress Vtep, MacAddress? RouterMac, uint Vni, uint LocalPref, uint Sequence, ImmutableArray<ExtendedCommunity> Targets, string? Refusal)
{
    private const int EsiLength = 10, VniLength = 3;
    private const ushort VxlanEncapsulation = 8;

    /// <summary>Null when the route is of a type that leads to no address (1, 3, 4, type 2 without one), or is no EVPN route.</summary>
    public static EvpnPath? TryRead(in RouteChange change)
    {
        if (change.Nlri.Family != Family.Evpn || change.Attributes is not { } attributes || change.NextHops.IsDefaultOrEmpty) return null;
        if (!TryPrefix(change.Nlri.Key, out IpPrefix prefix)) return null;
        ReadOnlySpan<byte> payload = attributes.Payload;
        bool isType5 = change.Nlri.Key[0] == 5;
        int addressLength = isType5 ? prefix.Address.ByteLength : 0;
        if (payload.Length < EsiLength + addressLength + VniLength) return null;

        MacAddress? routerMac = null;
        uint sequence = 0;
        ushort? encapsulation = null;
        bool vxlan = false;
        ImmutableArray<ExtendedCommunity>.Builder targets = ImmutableArray.CreateBuilder<ExtendedCommunity>();
        foreach (ExtendedCommunity c in attributes.ExtendedCommunities)
        {
            if (c.IsRouteTarget) targets.Add(c);
            else if ((c.Type, c.Subtype) == (6, 3)) routerMac = new MacAddress(c.Value & 0xffff_ffff_ffff);
            else if ((c.Type, c.Subtype) == (6, 0)) sequence = (uint)c.Value;
            else if ((c.Type, c.Subtype) == (3, 0x0c)) vxlan |= (encapsulation = (ushort)c.Value) == VxlanEncapsulation;
        }
        ReadOnlySpan<byte> label = payload[^VniLength..];
        uint vni = (uint)(label[0] << 16 | label[1] << 8 | label[2]);
        InetAddress vtep = change.NextHops[0].Address;
        string? refusal = encapsulation is { } other && !vxlan ? $"its encapsulation is {other}, not VXLAN (8)"
            : payload[..EsiLength].ContainsAnyExcept((byte)0) ? "it is reached through an Ethernet segment, which is not resolved"
            : payload.Slice(EsiLength, addressLength).ContainsAnyExcept((byte)0) ? "it names a gateway address (RFC 9136 §4.1), which is not resolved"
            : routerMac is not { } mac || mac.Value == 0 ? "it has no Router's MAC (RFC 9135 §8.1); its sender must add one"
            : (mac.Value >> 40 & 1) != 0 ? $"its Router's MAC {mac} is no unicast address"
            : null;
        return new EvpnPath(prefix, vtep, routerMac, vni, attributes.LocalPref ?? 100, sequence, targets.DrainToImmutable(), refusal);
    }

    private static bool TryPrefix(ReadOnlySpan<byte> key, out IpPrefix prefix)
    {
        prefix = default;
        // Type and length, route distinguisher, Ethernet tag; then 5: length, address; 2: MAC and its length, address and its length.
        if (key.Length < 15) return false;
        ReadOnlySpan<byte> rest = key[14..];
        if (key[0] == 5 && rest.Length is 5 or 17)
        {
            prefix = new IpPrefix(InetAddress.FromBytes(rest[1..]), rest[0]);
            return true;
        }
        if (key[0] != 2 || rest.Length is not (12 or 24)) return false;
        prefix = IpPrefix.Host(InetAddress.FromBytes(rest[8..]));
        return true;
    }
}
