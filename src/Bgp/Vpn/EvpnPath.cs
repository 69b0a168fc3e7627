using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>A received EVPN route that leads to a prefix or an address, decoded: what an IP-VRF needs of it (RFC 9136 §4.4.1, RFC 9135 §5).</summary>
/// <param name="Terms">What it has in common with other routes that have the same attributes.</param>
public sealed record EvpnPath(IpPrefix Prefix, EvpnTerms Terms)
{
    /// <inheritdoc cref="EvpnTerms.Vtep"/>
    public InetAddress Vtep => Terms.Vtep;

    /// <inheritdoc cref="EvpnTerms.RouterMac"/>
    public MacAddress? RouterMac => Terms.RouterMac;

    /// <inheritdoc cref="EvpnTerms.Vni"/>
    public uint Vni => Terms.Vni;
    public uint LocalPref => Terms.LocalPref;

    /// <inheritdoc cref="EvpnTerms.Sequence"/>
    public uint Sequence => Terms.Sequence;
    public ImmutableArray<ExtendedCommunity> Targets => Terms.Targets;

    /// <inheritdoc cref="EvpnTerms.Refusal"/>
    public string? Refusal => Terms.Refusal;

    /// <summary>Null when the route is of a type that leads to no address (1, 3, 4, type 2 without one), or is no EVPN route.</summary>
    public static EvpnPath? TryRead(in RouteChange change) =>
        TryPrefix(change.Nlri, out IpPrefix prefix) && change.Attributes is { } attributes && !change.NextHops.IsDefaultOrEmpty
            && EvpnTerms.TryRead(attributes, change.NextHops[0].Address, EvpnTerms.GatewayLength(change.Nlri)) is { } terms ? new EvpnPath(prefix, terms) : null;

    /// <summary>The prefix or address that a route leads to; false as for <see cref="TryRead"/>.</summary>
    internal static bool TryPrefix(Nlri nlri, out IpPrefix prefix)
    {
        prefix = default;
        ReadOnlySpan<byte> key = nlri.Key;
        // Type and length, route distinguisher, Ethernet tag; then 5: length, address; 2: MAC and its length, address and its length.
        if (nlri.Family != Family.Evpn || key.Length < 15) return false;
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
