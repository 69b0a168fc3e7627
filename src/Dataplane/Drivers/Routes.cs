using Margay.Core.Net;
using Margay.Core.State;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Reconciles our routes in the main table. Ours is what bears our protocol number; a route of anyone else's for the same prefix and metric is left alone, and ours
/// then waits. One route per prefix: which of several origins it comes from is decided before. Owned by the dataplane's loop.
/// </summary>
public sealed class Routes(IKernel kernel, byte protocol)
{
    private readonly DeltaTracker<IpPrefix, RouteEntry> _routes = new();
    private readonly Dictionary<IpPrefix, string> _refused = [];
    private HashSet<IpPrefix>? _found;

    public bool NeedsResync { get; set; } = true;

    /// <summary>What the kernel said about routes that are wanted and not there.</summary>
    public IReadOnlyDictionary<IpPrefix, string> Refused => _refused;

    public IReadOnlyDictionary<IpPrefix, RouteEntry> Desired => _routes.Desired;

    /// <summary>Messages sent since start.</summary>
    public long Messages { get; private set; }

    public void Set(RouteEntry route)
    {
        _routes.SetDesired(route.Destination, route);
        _found?.Remove(route.Destination);
        _refused.Remove(route.Destination);
    }

    public void Remove(IpPrefix prefix)
    {
        _routes.RemoveDesired(prefix);
        _refused.Remove(prefix);
    }

    public bool IsApplied(IpPrefix prefix) => !NeedsResync && _routes.Desired.ContainsKey(prefix) && !_routes.ToUpdate.Contains(prefix);

    /// <summary>Nothing is to be added or changed. Removals may be held back.</summary>
    public bool IsPending => NeedsResync || _routes.ToUpdate.Count > 0;

    public NetlinkResult Resync()
    {
        NetlinkResult<IReadOnlyList<RouteEntry>> listed = kernel.ListRoutes(protocol);
        if (!listed.Ok) return listed.Result;
        _routes.ResyncActual(listed.Value.Select(r => KeyValuePair.Create(r.Destination, r)));
        _found ??= [.. _routes.ToDelete];
        NeedsResync = false;
        return default;
    }

    /// <summary>It was there when we began, and nobody has wanted it since.</summary>
    public bool IsLeftOver(IpPrefix prefix) => _found is not null && _found.Contains(prefix);

    /// <summary>Takes away what is not wanted and <paramref name="mayRemove"/> lets go.</summary>
    /// <returns>False when something was refused.</returns>
    public bool ApplyRemovals(Func<RouteEntry, bool> mayRemove)
    {
        if (_routes.ToDelete.Count == 0) return true;
        RouteEntry[] doomed = [.. _routes.ToDelete.Select(p => _routes.Actual[p]).Where(mayRemove)];
        if (doomed.Length == 0) return true;
        IReadOnlyList<NetlinkResult> results = Apply([.. doomed.Select(r => new RouteChange { Delete = r })]);
        bool ok = true;
        for (int i = 0; i < doomed.Length; i++)
        {
            if (results[i].IgnoreNotFound().Ok) _routes.RemoveActual(doomed[i].Destination);
            else ok = false;
        }
        return ok;
    }

    /// <returns>False when something was refused; <see cref="Refused"/> says what.</returns>
    public bool ApplyUpdates()
    {
        if (_routes.ToUpdate.Count == 0) return true;
        RouteEntry[] wanted = [.. _routes.ToUpdate.Select(p => _routes.Desired[p])];
        IReadOnlyList<NetlinkResult> results = Apply([.. wanted.Select(Change)]);
        bool ok = true;
        _routes.ExpectActual(wanted.Length);
        for (int i = 0; i < wanted.Length; i++)
        {
            if (results[i].Ok)
            {
                _refused.Remove(wanted[i].Destination);
                _routes.SetActual(wanted[i].Destination, wanted[i]);
                continue;
            }
            ok = false;
            _refused[wanted[i].Destination] = Explain(wanted[i], results[i]);
            // Either a foreign route stands there, or ours does and we did not know.
            if (results[i].Exists) NeedsResync = true;
        }
        return ok;
    }

    /// <summary>Only what is known to be ours is replaced.</summary>
    private RouteChange Change(RouteEntry route) =>
        _routes.Actual.ContainsKey(route.Destination) ? new RouteChange { Replace = route } : new RouteChange { Add = route };

    private IReadOnlyList<NetlinkResult> Apply(RouteChange[] changes)
    {
        Messages += changes.Length;
        return kernel.ApplyRoutes(changes);
    }

    private static string Explain(RouteEntry route, NetlinkResult result) => result.Exists
        ? $"another program's route for {route.Destination} with metric {route.Priority} is in the way; it is left alone: remove it, or give it another metric"
        : $"route {route.Destination}: {result}";
}
