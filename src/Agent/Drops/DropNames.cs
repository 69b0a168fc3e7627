using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Drops;

/// <summary>From what the kernel says of a drop to the names that people know, by the view of that moment. Remembers what it made of the last view. Safe to use from several threads.</summary>
internal sealed class DropNames(Connection connection)
{
    private sealed record Index(HeldView View, Dictionary<(string Network, string Interface), EndpointView> Endpoints, HostEndpointView[] Hosts);

    private volatile Index? _index;

    /// <summary>
    /// The endpoint whose policy dropped the packet: a workload's by its id, a host endpoint as <c>HostEndpoint/NAME</c>; empty when it is neither's. A policy's rules are the same ones
    /// wherever the policy stands, so of a packet between a workload and a host endpoint the policy says whose they were.
    /// </summary>
    public string EndpointOf(DroppedPacket packet)
    {
        Index index = Current();
        bool egress = packet.Site.Direction == PolicyType.Egress;
        (string? own, string? other) = egress ? (packet.InputInterface, packet.OutputInterface) : (packet.OutputInterface, packet.InputInterface);
        EndpointView? workload = own is null ? null : index.Endpoints.GetValueOrDefault((packet.Network.Value, own));
        bool isForwarded = workload is not null || (own is not null && other is not null);
        HostEndpointView? host = packet.Network == NetworkName.Default && other is not null ? HostOf(index.Hosts, other, egress ? packet.Headers.Source : packet.Headers.Destination) : null;
        // A packet that a workload sends is asked for by its own policy first, one that it is sent by the host endpoint's.
        if (host is not null && MayDrop(host, packet.Site, isForwarded) && !(egress && workload is not null && Names(workload.Tiers, packet.Site))) return $"HostEndpoint/{host.Name}";
        return workload?.Id ?? "";
    }

    /// <summary>The one for an interface: named, or with the address that the packet has on this host, or for all; of several the first by name.</summary>
    private static HostEndpointView? HostOf(HostEndpointView[] hosts, string name, InetAddress address) =>
        Array.Find(hosts, h => h.Interface == name) ??
        Array.Find(hosts, h => h.Interface is null && h.Addresses.Any(a => InetAddress.TryParse(a, out InetAddress expected) && expected == address)) ??
        Array.Find(hosts, h => h.Interface == HostEndpoint.AllInterfaces);

    private static bool MayDrop(HostEndpointView host, DropSite site, bool isForwarded) => site.Kind switch
    {
        DropKind.Tier or DropKind.End => site.IsHosts,
        DropKind.Rule or DropKind.Missing => Names(host.UntrackedTiers, site) || Names(host.PreDnatTiers, site) || Names(isForwarded ? host.ForwardTiers : host.Tiers, site),
        _ => !isForwarded,
    };

    /// <summary>Whether one of these tiers has the policy that the site names.</summary>
    private static bool Names(IReadOnlyList<EndpointTier> tiers, DropSite site) =>
        tiers.Any(t => (site.Direction == PolicyType.Ingress ? t.IngressPolicies : t.EgressPolicies).Any(site.NameIs));

    /// <summary>The site with the whole name in the place of its digest.</summary>
    public DropSite SiteOf(DroppedPacket packet)
    {
        DropSite site = packet.Site;
        if (!site.IsDigest) return site;
        HeldView view = connection.View;
        IEnumerable<EndpointTier> tiers = view.Endpoints.Values.SelectMany(e => e.Tiers).Concat(view.HostEndpoints.Values.SelectMany(h => (IEnumerable<EndpointTier>)[.. h.Tiers, .. h.ForwardTiers]));
        IEnumerable<string> names = view.Policies.Values.Select(p => p.Id).Concat(view.Profiles.Values.Select(p => p.Name)).Concat(tiers.Select(t => t.Name));
        return names.FirstOrDefault(site.NameIs) is { } name ? site with { Name = name } : site;
    }

    private Index Current()
    {
        HeldView view = connection.View;
        if (_index is { } known && ReferenceEquals(known.View, view)) return known;
        Dictionary<(string, string), EndpointView> endpoints = [];
        foreach (EndpointView endpoint in view.Endpoints.Values) endpoints[(endpoint.Network, endpoint.Interface)] = endpoint;
        return _index = new Index(view, endpoints, [.. view.HostEndpoints.Values.OrderBy(h => h.Name, StringComparer.Ordinal)]);
    }
}
