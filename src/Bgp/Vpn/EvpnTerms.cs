using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>What a received EVPN route says apart from its prefix. Thousands of routes of one host and network have the same.</summary>
/// <param name="Vtep">Next hop: the tunnel end that packets are sent to.</param>
/// <param name="RouterMac">Inner destination; null when the route does not say.</param>
/// <param name="Vni">Of the IP-VRF: the only label of type 5, the last of type 2.</param>
/// <param name="Sequence">MAC mobility (RFC 7432 §7.7): the higher is where it is now.</param>
/// <param name="Refusal">Why it can lead nowhere, in words; null when it can.</param>
public sealed record EvpnTerms(
    InetAddress Vtep, MacAddress? RouterMac, uint Vni, uint LocalPref, uint Sequence, ImmutableArray<ExtendedCommunity> Targets, string? Refusal)
{
    private const int EsiLength = 10, VniLength = 3;
    private const ushort VxlanEncapsulation = 8;

    /// <summary>Among paths to one prefix the highest are used.</summary>
    internal (uint Sequence, uint LocalPref) Rank => (Sequence, LocalPref);

    /// <summary>How many octets of the payload are a gateway's address: only type 5 has one.</summary>
    internal static int GatewayLength(Nlri nlri) => nlri.Key is [5, _, ..] key ? key.Length - 15 : 0;

    /// <summary>Null when the payload is too short.</summary>
    internal static EvpnTerms? TryRead(PathAttributes attributes, InetAddress nextHop, int gatewayLength)
    {
        ReadOnlySpan<byte> payload = attributes.Payload;
        if (payload.Length < EsiLength + gatewayLength + VniLength) return null;

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
        string? refusal = encapsulation is { } other && !vxlan ? $"its encapsulation is {other}, not VXLAN (8)"
            : payload[..EsiLength].ContainsAnyExcept((byte)0) ? "it is reached through an Ethernet segment, which is not resolved"
            : payload.Slice(EsiLength, gatewayLength).ContainsAnyExcept((byte)0) ? "it names a gateway address (RFC 9136 §4.1), which is not resolved"
            : routerMac is not { } mac || mac.Value == 0 ? "it has no Router's MAC (RFC 9135 §8.1); its sender must add one"
            : (mac.Value >> 40 & 1) != 0 ? $"its Router's MAC {mac} is no unicast address"
            : null;
        return new EvpnTerms(nextHop, routerMac, vni, attributes.LocalPref ?? 100, sequence, targets.DrainToImmutable(), refusal);
    }
}
