using System.Threading.Channels;
using Margay.Agent.Networks;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Routing;

/// <summary>
/// Carries best paths from the speaker to the dataplane. The speaker's loop only notes them, the latest per prefix; a task hands over what has gathered,
/// and waits when the dataplane is busy. A peer that is lost does not wait: the dataplane hears of it at once, and of its routes when they have been looked at.
/// </summary>
/// <param name="networks">Where routes of virtual networks go first; null on a node that has no tunnel end.</param>
internal sealed class FibSink(DataplaneLoop dataplane, NetworkRoutes? networks = null) : IRouteSink
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _gate = new();
    private readonly LostPeers _lost = new();
    private Dictionary<IpPrefix, RouteUpdate> _gathered = [];
    private bool _converged;

    public void Apply(RouteChangeBatch batch)
    {
        bool isEvpn = false;
        lock (_gate)
        {
            foreach (RouteChange change in batch.Changes)
            {
                if (change.Nlri.TryGetPrefix(out IpPrefix prefix)) _gathered[prefix] = ToUpdate(prefix, change);
                else isEvpn |= change.Nlri.Family == Family.Evpn;
            }
            if (isEvpn) networks?.Note(batch.Changes);
            _lost.Follow(batch.Lost);
            _converged |= batch.Converged;
        }
        _wake.Writer.TryWrite(true);
    }

    /// <summary>When its queue is full the dataplane hears of it from the routes, as it does anyway.</summary>
    public void PeerLost(InetAddress peer)
    {
        if (networks is null) return;
        TunnelEndsLost lost;
        lock (_gate) lost = new TunnelEndsLost(_lost.Add(peer));
        dataplane.TryPost(lost);
    }

    /// <summary>The networks that import from now on.</summary>
    public void Configure(IReadOnlyList<ImportingVrf> vrfs)
    {
        networks?.Configure(vrfs);
        _wake.Writer.TryWrite(true);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (bool _ in _wake.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            // Taken before the networks' routes: all that followed from a loss until now is among those. And what has converged counts for the networks too, so their routes come before that is said.
            (RoutesChanged? changed, IReadOnlySet<InetAddress>? lost) = Take();
            for (bool isMore = networks is not null; isMore;)
            {
                NetworkChanges news = networks!.Take();
                foreach (TunnelPeersChanged behind in news.Peers) await dataplane.PostAsync(behind, cancel).ConfigureAwait(false);
                foreach (RoutesChanged routes in news.Routes) await dataplane.PostAsync(routes, cancel).ConfigureAwait(false);
                isMore = news.IsMore;
            }
            if (changed is not null) await dataplane.PostAsync(changed, cancel).ConfigureAwait(false);
            if (lost is not null) await dataplane.PostAsync(new TunnelEndsLost(lost), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What has gathered since the last call, or null; and the peers that are still to be taken for lost, or null when these are no others.</summary>
    internal (RoutesChanged? Changed, IReadOnlySet<InetAddress>? Lost) Take()
    {
        lock (_gate)
        {
            IReadOnlySet<InetAddress>? lost = _lost.TakeFollowed();
            if (_gathered.Count == 0 && !_converged) return (null, lost);
            RoutesChanged changed = new([.. _gathered.Values], _converged);
            _gathered = [];
            _converged = false;
            return (changed, lost);
        }
    }

    /// <summary>Our own routes are the dataplane's already: for the table of learnt ones such a prefix is gone.</summary>
    internal static RouteUpdate ToUpdate(IpPrefix prefix, RouteChange change) => new(
        new NetworkPrefix(NetworkName.Default, prefix),
        change.IsLocal || change.NextHops.IsDefaultOrEmpty ? [] : [.. change.NextHops.Select(h => new RouteNextHop(h.Address, Interface: h.Interface)).Distinct()]);
}
