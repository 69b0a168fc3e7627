using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Drops;

/// <summary>From what the kernel says of a drop to the names that people know, by the view of that moment. Remembers what it made of the last view. Safe to use from several threads.</summary>
internal sealed class DropNames(Connection connection)
{
    private sealed record Index(HeldView View, Dictionary<(string Network, string Interface), string> EndpointOf);

    private volatile Index? _index;

    /// <summary>The endpoint that the interface belongs to: for egress the one that it came in by.</summary>
    public string EndpointOf(DroppedPacket packet)
    {
        string? name = packet.Site.Direction == PolicyType.Egress ? packet.InputInterface : packet.OutputInterface;
        return name is null ? "" : Current().EndpointOf.GetValueOrDefault((packet.Network.Value, name), "");
    }

    /// <summary>The site with the whole name in the place of its digest.</summary>
    public DropSite SiteOf(DroppedPacket packet)
    {
        DropSite site = packet.Site;
        if (!site.IsDigest) return site;
        HeldView view = connection.View;
        IEnumerable<string> names = view.Policies.Values.Select(p => p.Id).Concat(view.Profiles.Values.Select(p => p.Name)).Concat(view.Endpoints.Values.SelectMany(e => e.Tiers).Select(t => t.Name));
        return names.FirstOrDefault(site.NameIs) is { } name ? site with { Name = name } : site;
    }

    private Index Current()
    {
        HeldView view = connection.View;
        if (_index is { } known && ReferenceEquals(known.View, view)) return known;
        Dictionary<(string, string), string> endpoints = [];
        foreach (EndpointView endpoint in view.Endpoints.Values) endpoints[(endpoint.Network, endpoint.Interface)] = endpoint.Id;
        return _index = new Index(view, endpoints);
    }
}
