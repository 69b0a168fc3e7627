using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Reconciles our routes in the main table. Ours is what bears our protocol number; a route of anyone else's for the same prefix and metric is left alone, and ours
/// then waits. One route per prefix: which of several origins it comes from is decided before. Owned by the dataplane's loop.
/// </summary>
/// <param name="metric">Of all our routes.</param>
public sealed class Routes(IKernel kernel, byte protocol, uint metric)
{
    // As many as one pass has in memory as messages and answers.
    private const int AtOnce = 4096;

    private readonly RouteTracker _routes = new();

    /// <summary>Found in the kernel and of another shape than we make them: what a former version left behind.</summary>
    private readonly Dictionary<IpPrefix, RouteEntry> _strange = [];

    private readonly Dictionary<IpPrefix, string> _refused = [];
    private HashSet<IpPrefix>? _found;

    public bool NeedsResync { get; set; } = true;

    /// <summary>What the kernel said about routes that are wanted and not there.</summary>
    public IReadOnlyDictionary<IpPrefix, string> Refused => _refused;

    public IEnumerable<KeyValuePair<IpPrefix, RouteTarget>> Desired => _routes.Wanted;

    /// <summary>Messages sent since start.</summary>
    public long Messages { get; private set; }

    public void Set(IpPrefix prefix, RouteTarget target)
    {
        _routes.Want(prefix, target);
        _found?.Remove(prefix);
        _refused.Remove(prefix);
    }

    public void Remove(IpPrefix prefix)
    {
        _routes.Unwant(prefix);
        _refused.Remove(prefix);
    }

    public bool IsApplied(IpPrefix prefix) => !NeedsResync && _routes.IsApplied(prefix);

    public NetlinkResult Resync()
    {
        NetlinkResult<IReadOnlyList<RouteEntry>> listed = kernel.ListRoutes(protocol);
        if (!listed.Ok) return listed.Result;
        _strange.Clear();
        _routes.Resync(listed.Value.Select(r => KeyValuePair.Create(r.Destination, Target(r))));
        _found ??= [.. _routes.Unwanted];
        NeedsResync = false;
        return default;
    }

    /// <summary>It was there when we began, and nobody has wanted it since.</summary>
    public bool IsLeftOver(IpPrefix prefix) => _found is not null && _found.Contains(prefix);

    /// <summary>Takes away what is not wanted and <paramref name="mayRemove"/> lets go.</summary>
    /// <returns>False when something was refused.</returns>
    public bool ApplyRemovals(Func<RouteEntry, bool> mayRemove)
    {
        if (_routes.ToDelete == 0) return true;
        bool ok = true;
        foreach ((IpPrefix Prefix, RouteTarget Target)[] doomed in _routes.TakeDeletes((p, t) => mayRemove(Entry(p, t))).Chunk(AtOnce))
        {
            IReadOnlyList<NetlinkResult> results = Apply([.. doomed.Select(d => new RouteChange { Delete = Entry(d.Prefix, d.Target) })]);
            for (int i = 0; i < doomed.Length; i++)
            {
                if (results[i].IgnoreNotFound().Ok)
                {
                    _strange.Remove(doomed[i].Prefix);
                    _routes.SetGone(doomed[i].Prefix);
                    continue;
                }
                ok = false;
                _routes.PutBack(doomed[i].Prefix);
            }
        }
        return ok;
    }

    /// <returns>False when something was refused; <see cref="Refused"/> says what.</returns>
    public bool ApplyUpdates()
    {
        if (_routes.ToUpdate == 0) return true;
        bool ok = true;
        foreach ((IpPrefix Prefix, RouteTarget Target)[] wanted in _routes.TakeUpdates().Chunk(AtOnce))
        {
            IReadOnlyList<NetlinkResult> results = Apply([.. wanted.Select(w => Change(w.Prefix, w.Target))]);
            for (int i = 0; i < wanted.Length; i++) ok &= Note(wanted[i].Prefix, wanted[i].Target, results[i]);
        }
        return ok;
    }

    private bool Note(IpPrefix prefix, RouteTarget target, NetlinkResult result)
    {
        if (result.Ok)
        {
            if (_refused.Count > 0) _refused.Remove(prefix);
            if (_strange.Count > 0) _strange.Remove(prefix);
            _routes.SetThere(prefix, target);
            return true;
        }
        _refused[prefix] = Explain(prefix, result);
        // Either a foreign route stands there, or ours does and we did not know.
        if (result.Exists) NeedsResync = true;
        _routes.PutBack(prefix);
        return false;
    }

    /// <summary>Only what is known to be ours is replaced.</summary>
    private RouteChange Change(IpPrefix prefix, RouteTarget target) =>
        _routes.IsThere(prefix) ? new RouteChange { Replace = Wanted(prefix, target) } : new RouteChange { Add = Wanted(prefix, target) };

    private IReadOnlyList<NetlinkResult> Apply(RouteChange[] changes)
    {
        Messages += changes.Length;
        return kernel.ApplyRoutes(changes);
    }

    private RouteEntry Wanted(IpPrefix prefix, RouteTarget target) => new()
    {
        Destination = prefix, Protocol = (RouteProtocol)protocol, Priority = metric, Type = target.Type, LinkIndex = target.LinkIndex, NexthopId = target.NexthopId,
    };

    private RouteEntry Entry(IpPrefix prefix, RouteTarget target) => target == default && _strange.TryGetValue(prefix, out RouteEntry? strange) ? strange : Wanted(prefix, target);

    /// <summary>Nothing that is ever wanted for a route that is not of our making.</summary>
    private RouteTarget Target(RouteEntry found)
    {
        RouteTarget target = new(found.Type, found.LinkIndex, found.NexthopId);
        if (found.Equals(Wanted(found.Destination, target))) return target;
        _strange[found.Destination] = found;
        return default;
    }

    private string Explain(IpPrefix prefix, NetlinkResult result) => result.Exists
        ? $"another program's route for {prefix} with metric {metric} is in the way; it is left alone: remove it, or give it another metric"
        : $"route {prefix}: {result}";
}
