using System.Threading.Channels;
using Margay.Bgp.Rib;
using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Agent.Routing;

/// <summary>
/// Carries best paths from the speaker to the dataplane. The speaker's loop only notes them, the latest per prefix; a task hands over what has gathered,
/// and waits when the dataplane is busy.
/// </summary>
internal sealed class FibSink(DataplaneLoop dataplane) : IRouteSink
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
                if (change.Nlri.TryGetPrefix(out IpPrefix prefix)) _gathered[prefix] = ToUpdate(prefix, change);
            _converged |= batch.Converged;
        }
        _wake.Writer.TryWrite(true);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (bool _ in _wake.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
        {
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
        change.IsLocal || change.NextHops.IsDefaultOrEmpty ? [] : [.. change.NextHops.Select(h => new RouteNextHop(h.Address)).Distinct()]);
}
