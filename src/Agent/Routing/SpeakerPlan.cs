using System.Collections.Immutable;
using System.Text;
using Margay.Agent.Networks;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bgp;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Routing;

/// <summary>Turns the node's view into what the speaker shall be: pure, so that it can be tried on paper.</summary>
internal static class SpeakerPlan
{
    /// <summary>Equal paths to one destination that are used together.</summary>
    private const int MaxPaths = 16;

    /// <summary>Null while the node has no AS: nothing is known yet. What cannot be made into a peer is in <paramref name="faults"/>.</summary>
    /// <param name="more">Families offered to peers beyond what a host itself has routes of.</param>
    public static SpeakerConfig? Of(HeldView view, BgpListen listen, out IReadOnlyList<string> faults, FamilySet more = FamilySet.None)
    {
        List<string> problems = [];
        faults = problems;
        if (view.Settings is not { AsNumber: > 0 } settings) return null;
        PeerPolicies policies = new(view, settings);
        ImmutableArray<PeerSpec>.Builder peers = ImmutableArray.CreateBuilder<PeerSpec>();
        foreach (PeerView peer in view.Peers.Values)
            if (ToSpec(peer, settings, policies, problems) is { } spec) peers.Add(peer.AddressFamilies is null ? spec with { Families = spec.Families | more } : spec);
        InetAddress? cluster = null;
        if (settings.RouteReflectorClusterId is { Length: > 0 } text)
        {
            if (InetAddress.TryParse(text, out InetAddress id) && id.IsIPv4) cluster = id;
            else problems.Add($"routeReflectorClusterID '{text}' is not an IPv4 address; the router id is used");
        }
        return new SpeakerConfig
        {
            LocalAs = settings.AsNumber,
            RouterId = RouterId(settings),
            ClusterId = cluster,
            Listen = listen.Endpoints(settings),
            Peers = peers.ToImmutable(),
            MaxPaths = MaxPaths,
        };
    }

    private static PeerSpec? ToSpec(PeerView peer, NodeSettings settings, PeerPolicies policies, List<string> problems)
    {
        bool unnumbered = peer is { Address: "", Interface: not null };
        InetAddress address = InetAddress.AnyV6;
        if (!unnumbered && !InetAddress.TryParse(peer.Address, out address))
        {
            problems.Add($"peer {peer.Name} ({peer.Origin}): '{peer.Address}' is not an address");
            return null;
        }
        foreach (string missing in policies.MissingFor(peer))
            problems.Add($"peer {peer.Name} ({peer.Origin}): BGPFilter '{missing}' does not exist; nothing is accepted from the peer or sent to it by that filter, create it or take it out of filters");
        uint localAs = peer.LocalAsNumber ?? settings.AsNumber;
        bool external = peer.AsNumber == 0 ? !peer.IsInternal : peer.AsNumber != localAs;
        return new PeerSpec
        {
            Name = peer.Name,
            Description = peer.Origin,
            RemoteAddress = unnumbered ? null : address,
            Interface = peer.Interface,
            RemotePort = (ushort)peer.Port,
            RemoteAs = peer.AsNumber != 0 ? peer.AsNumber : peer.IsInternal ? RemoteAs.Internal : RemoteAs.External,
            LocalAs = localAs == settings.AsNumber ? null : localAs,
            LocalAddress = InetAddress.TryParse(peer.SourceAddress, out InetAddress source) ? source : null,
            Passive = peer.Passive,
            Password = peer.Password,
            Families = FamiliesOf(peer, address, settings),
            SelfIPv6 = InetAddress.TryParse(settings.Ipv6Address, out InetAddress own) ? own : null,
            Timers = peer.KeepaliveSeconds is { } keepalive
                ? PeerTimers.Default with { Hold = TimeSpan.FromSeconds(Math.Max(3, 3 * keepalive)) }
                : PeerTimers.Default,
            GracefulRestart = RestartOf(peer),
            RouteReflectorClient = peer.RouteReflectorClient,
            NextHop = peer.NextHopMode switch { "Self" => NextHopMode.Self, "Keep" => NextHopMode.Keep, _ => NextHopMode.Auto },
            AllowOwnAs = peer.AllowedLocalAsNumbers,
            TtlSecurityHops = (byte)Math.Clamp(peer.TtlSecurityHops ?? 0, 0, 254),
            Bfd = peer.Bfd is { } bfd
                ? new BfdSpec(TimeSpan.FromMilliseconds(bfd.MinTxMilliseconds), TimeSpan.FromMilliseconds(bfd.MinRxMilliseconds), bfd.Multiplier, bfd.Multihop)
                : null,
            RouteTargets = peer.RouteTargets is { } targets ? new RouteTargetSet(NetworkAnnouncements.Targets(targets)) : null,
            // As in Calico: a BGPPeer says nothing of distance, so the peer may be anywhere unless TTL security says otherwise.
            Multihop = external && peer.TtlSecurityHops is null && peer.Interface is null,
            Import = policies.Import(peer),
            Export = policies.Export(peer, external),
        };
    }

    internal static GracefulRestartSpec RestartOf(PeerView peer) => peer.RestartSeconds is { } restart
        ? GracefulRestartSpec.Default with { Enabled = restart > 0, RestartTime = TimeSpan.FromSeconds(Math.Min(restart, 4095)) }
        : GracefulRestartSpec.Default;

    /// <summary>
    /// Those that are asked for; else the family of its addresses, over an IPv6-only underlay also IPv4 (RFC 8950), and those of virtual networks with a peer that has to do with them, whether there are networks or
    /// not: one that comes later ends no session.
    /// </summary>
    private static FamilySet FamiliesOf(PeerView peer, InetAddress address, NodeSettings settings)
    {
        const FamilySet networks = FamilySet.Evpn | FamilySet.RouteTarget;
        if (peer.AddressFamilies is { } asked)
            return asked.Aggregate(FamilySet.None, (set, name) => set | name switch
            {
                BgpAddressFamilies.IPv4Unicast => FamilySet.IPv4Unicast,
                BgpAddressFamilies.IPv6Unicast => FamilySet.IPv6Unicast,
                BgpAddressFamilies.Evpn => networks,
                _ => FamilySet.None,
            });
        // A link without numbers carries both families, over link-local next hops (RFC 8950).
        if (peer.Address.Length == 0 || address is { IsIPv6: true, IsLinkLocal: true }) return FamilySet.Unicast | (peer.ImportTargets is null ? FamilySet.None : networks);
        FamilySet own = address.IsIPv4 ? FamilySet.IPv4Unicast : settings.Ipv4Address is null ? FamilySet.Unicast : FamilySet.IPv6Unicast;
        return peer.WithoutNetworks ? own : own | networks;
    }

    /// <summary>The IPv4 address, or on a host without one a number made from its name.</summary>
    public static InetAddress RouterId(NodeSettings settings)
    {
        if (InetAddress.TryParse(settings.Ipv4Address, out InetAddress address)) return address;
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(settings.Node)) hash = (hash ^ b) * 16777619;
        return InetAddress.FromIPv4(hash == 0 ? 1 : hash);
    }
}

/// <summary>Where the speaker listens.</summary>
/// <param name="Enabled">False: it only connects.</param>
/// <param name="Addresses">Empty means every address of both families.</param>
/// <param name="Port">Null for the port of the view.</param>
internal sealed record BgpListen(bool Enabled, IReadOnlyList<InetAddress> Addresses, int? Port)
{
    public static BgpListen Default { get; } = new(true, [], null);

    public ImmutableArray<ListenEndpoint> Endpoints(NodeSettings settings)
    {
        if (!Enabled) return [];
        ushort port = (ushort)(Port ?? settings.BgpPort);
        IEnumerable<InetAddress> addresses = Addresses.Count > 0 ? Addresses
            : settings.BindToNodeAddresses ? [.. from text in new[] { settings.Ipv4Address, settings.Ipv6Address } where InetAddress.TryParse(text, out InetAddress _) select InetAddress.Parse(text!)]
            : [InetAddress.AnyV4, InetAddress.AnyV6];
        return [.. addresses.Select(a => new ListenEndpoint(a, port))];
    }
}
