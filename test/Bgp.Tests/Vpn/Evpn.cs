using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Vpn;

/// <summary>EVPN best paths as the speaker gives them: each method changes one thing of a good one.</summary>
internal sealed record Evpn
{
    internal const ushort Vxlan = 8;

    public int Host { get; init; } = 1;
    public string Prefix { get; init; } = "10.0.0.1/32";
    public uint Vni { get; init; } = 100;

    /// <summary>Numbers of route targets of AS 65000.</summary>
    public uint[] Targets { get; init; } = [100];

    /// <summary>Null is that of <see cref="Host"/>; empty is none.</summary>
    public string? RouterMac { get; init; }

    public ushort? Encapsulation { get; init; } = Vxlan;
    public uint? Sequence { get; init; }
    public uint? LocalPref { get; init; }

    /// <summary>The route's fields that are not in its key, when they are not to be made.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Of type 2 instead of 5: its MAC, and the address of <see cref="Prefix"/>.</summary>
    public bool IsType2 { get; init; }

    internal static InetAddress Vtep(int host) => InetAddress.Parse($"192.0.2.{host}");
    internal static MacAddress Mac(int host) => new(0x02_6d_00_00_00_00UL | (uint)host);
    internal static TunnelHop Hop(int host) => new(Vtep(host), Mac(host));
    internal static ExtendedCommunity Target(uint number) => ExtendedCommunity.RouteTarget(65000, number);
    internal static ImportingVrf Vrf(string name, uint vni, params uint[] import) => new(name, [.. import.Select(Target)], vni);

    internal RouteDistinguisher Rd => RouteDistinguisher.Of(Vtep(Host), (ushort)Vni);

    private EvpnRoute Route => IsType2
        ? EvpnRoute.MacIp(Rd, Mac(99), IpPrefix.Parse(Prefix).Address, 7, Vni)
        : EvpnRoute.IpPrefix(Rd, IpPrefix.Parse(Prefix), Vni);

    internal Nlri Nlri => Route.Nlri;

    internal RouteChange Announced()
    {
        List<ExtendedCommunity> communities = [.. Targets.Select(Target)];
        if (Encapsulation is { } type) communities.Add(ExtendedCommunity.Encapsulation(type));
        if (RouterMac is not "") communities.Add(ExtendedCommunity.RouterMac(RouterMac is { } mac ? MacAddress.Parse(mac) : Mac(Host)));
        if (Sequence is { } sequence) communities.Add(ExtendedCommunity.MacMobility(sequence, sticky: false));
        PathAttributes attributes = new PathAttributesBuilder().SetNextHop(Vtep(Host)).SetLocalPref(LocalPref)
            .SetExtendedCommunities([.. communities]).SetNlriPayload(Payload ?? Route.Payload.Span).Build();
        return new RouteChange(Nlri, [new NextHop(Vtep(Host), null, "rr")], attributes, null, false);
    }

    internal RouteChange Withdrawn() => new(Nlri, ImmutableArray<NextHop>.Empty, null, null, false);
}
