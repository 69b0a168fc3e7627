using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Networks.Bench;

/// <summary>What the other hosts of the fabric announce: 100 networks of 1,000 host routes each, behind ten tunnel ends; what is behind the first is behind the second too.</summary>
internal static class FabricRoutes
{
    internal const int Networks = 100, PerNetwork = 1000, Hosts = 10, PerHost = Networks * PerNetwork / Hosts;
    internal const uint As = 64512;
    internal static readonly InetAddress Reflector = InetAddress.Parse("192.0.2.250");

    internal static TunnelEnd Host(int i) => TunnelEnd.Of(InetAddress.FromIPv4(0xc000_0202u + (uint)i), 1500);

    /// <summary>The same addresses in every network.</summary>
    internal static IpPrefix Prefix(int i) => IpPrefix.Host(InetAddress.FromIPv4(0x0a00_1000u + (uint)i));

    internal static int HostOf(int i) => i / (PerNetwork / Hosts);

    internal static uint Vni(int network) => 10_000u + (uint)network;

    internal static ExtendedCommunity Target(int network) => RouteTarget.TryParse($"{As}:{Vni(network)}", out ExtendedCommunity target) ? target : throw new InvalidOperationException();

    internal static IEnumerable<LocalRouteChange> All()
    {
        for (int n = 0; n < Networks; n++)
        {
            for (int i = 0; i < PerNetwork; i++)
            {
                yield return Route(n, i, HostOf(i));
                if (HostOf(i) == 0) yield return Route(n, i, 1);
            }
        }
    }

    /// <summary>The first host is dead.</summary>
    internal static IEnumerable<LocalRouteChange> Death() => All().Where(r => r.Route!.NextHop == Host(0).Address).Select(r => r with { Route = null });

    private static LocalRouteChange Route(int network, int i, int host)
    {
        TunnelEnd end = Host(host);
        EvpnRoute evpn = EvpnRoute.IpPrefix(RouteDistinguisher.Of(end.Address, (ushort)network), Prefix(i), Vni(network));
        return new LocalRouteChange(evpn.Nlri, new LocalRoute
        {
            NextHop = end.Address, NlriPayload = evpn.Payload, ExtendedCommunities = [Target(network), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(end.RouterMac)],
        });
    }
}
