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
/// and waits when the dataplane is busy.
/// </summary>
/// <param name="networks">Where routes of virtual networks go first; null on a node that has no tunnel end.</param>
internal sealed class FibSink(DataplaneLoop dataplane, NetworkRoutes? networks = null) : IRouteSink
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _gate = new();
    private Dictionary<IpPrefix, RouteUpdate> _gathered = [];
    private bool _converged;

    public void Apply(RouteChangeBatch batch)
    {
        lock (_gate)
        {
            foreach (RouteChange change in batch.Changes)
            {
                if (change.Nlri.TryGetPrefix(out IpPrefix prefix)) _gathered[prefix] = ToUpdate(prefix, change);
                else if (change.Nlri.Family == Family.Evpn) networks?.Note(change);
            }
            _converged |= batch.Converged;
        }
        _wake.Writer.TryWrite(true);
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
            // What has converged counts for the networks too, so their routes come before that is said.
            if (networks?.Take() is ({ } peers, { } routes))
            {
                foreach (TunnelPeersChanged behind in peers) await dataplane.PostAsync(behind, cancel).ConfigureAwait(false);
                if (routes.Count > 0) await dataplane.PostAsync(new RoutesChanged(routes), cancel).ConfigureAwait(false);
            }
            if (Take() is { } changed) await dataplane.PostAsync(changed, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What has gathered since the last call, or null.</summary>
    internal RoutesChanged? Take()
    {
        lock (_gate)
        {
            if (_gathered.Count == 0 && !_converged) return null;
            RoutesChanged changed = new([.. _gathered.Values], _converged);
            _gathered = [];
            _converged = false;
            return changed;
        }
    }

    /// <summary>Our own routes are the dataplane's already: for the table of learnt ones such a prefix is gone.</summary>
    internal static RouteUpdate ToUpdate(IpPrefix prefix, RouteChange change) => new(
        new NetworkPrefix(NetworkName.Default, prefix),
        change.IsLocal || change.NextHops.IsDefaultOrEmpty ? [] : [.. change.NextHops.Select(h => new RouteNextHop(h.Address, Interface: h.Interface)).Distinct()]);
}
