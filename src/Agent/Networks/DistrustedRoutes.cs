using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;

namespace Margay.Agent.Networks;

/// <summary>
/// What peers say of networks that they may not speak for. Import policy keeps it from everything that decides, so it is looked for where all is that ever came: in what the peers have sent.
/// </summary>
internal static class DistrustedRoutes
{
    /// <summary>By network of this host, with the reason.</summary>
    public static async Task<IReadOnlyList<VrfPathRow>> OfAsync(HeldView view, Speaker speaker)
    {
        List<VrfPathRow> rows = [];
        foreach (PeerView peer in view.Peers.Values.Where(p => p.ImportTargets is not null))
            rows.AddRange(Of([.. view.Networks.Values], peer, await speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.Evpn, peer.Name).ConfigureAwait(false)));
        return rows;
    }

    /// <param name="received">As it came, before import policy.</param>
    internal static IEnumerable<VrfPathRow> Of(IReadOnlyList<NetworkView> networks, PeerView peer, IEnumerable<RouteRow> received)
    {
        if (PeerPolicies.Trust(peer) is not { } trust) yield break;
        (string Name, HashSet<ExtendedCommunity> Import)[] imports = [.. networks.Select(n => (n.Name, NetworkAnnouncements.Targets(n.Import).ToHashSet()))];
        foreach (RouteRow row in received)
        {
            if (EvpnPath.TryRead(new RouteChange(row.Nlri, [new NextHop(row.Attributes.NextHop, null, row.Peer)], row.Attributes, null, IsLocal: false)) is not { } path) continue;
            foreach ((string name, HashSet<ExtendedCommunity> import) in imports)
                if (path.Targets.Any(import.Contains) && !path.Targets.Any(t => import.Contains(t) && trust.Targets.Contains(t)))
                    yield return new VrfPathRow(name, path.Prefix, row.Nlri, path, $"peer {peer.Name}: {trust.Foreign(path.Targets)}");
        }
    }
}
