using Margay.Core.Net;
using Margay.Core.State;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>An address on a link.</summary>
public readonly record struct NeighbourKey(int LinkIndex, InetAddress Address);

/// <summary>
/// Reconciles permanent neighbour entries on workload links: the host never asks a workload who it is, so no answer can lie, and the first packet does not wait.
/// Ours is every permanent entry on a link that an endpoint uses. Owned by the dataplane's loop.
/// </summary>
public sealed class Neighbours(IKernel kernel)
{
    private readonly DeltaTracker<NeighbourKey, MacAddress> _neighbours = new();
    private readonly Dictionary<NeighbourKey, string> _refused = [];

    public bool NeedsResync { get; set; } = true;
    public IReadOnlyDictionary<NeighbourKey, string> Refused => _refused;
    public bool IsPending => NeedsResync || _neighbours.ToUpdate.Count > 0;

    public void Set(NeighbourKey key, MacAddress mac)
    {
        _neighbours.SetDesired(key, mac);
        _refused.Remove(key);
    }

    public void Remove(NeighbourKey key)
    {
        _neighbours.RemoveDesired(key);
        _refused.Remove(key);
    }

    public bool IsWanted(NeighbourKey key) => _neighbours.Desired.ContainsKey(key);

    /// <summary>The link is gone, and its entries with it.</summary>
    public void ForgetLink(int linkIndex)
    {
        foreach (NeighbourKey key in _neighbours.Actual.Keys.Where(k => k.LinkIndex == linkIndex).ToArray()) _neighbours.RemoveActual(key);
    }

    public bool IsApplied(NeighbourKey key) => !NeedsResync && _neighbours.Desired.ContainsKey(key) && !_neighbours.ToUpdate.Contains(key);

    public NetlinkResult Resync(Func<int, bool> isWorkloadLink)
    {
        NetlinkResult<IReadOnlyList<Neighbour>> listed = kernel.ListPermanentNeighbours();
        if (!listed.Ok) return listed.Result;
        _neighbours.ResyncActual(listed.Value.Where(n => n.Mac is not null && isWorkloadLink(n.LinkIndex))
            .Select(n => KeyValuePair.Create(new NeighbourKey(n.LinkIndex, n.Address), n.Mac!.Value)));
        NeedsResync = false;
        return default;
    }

    /// <returns>False when something was refused.</returns>
    public bool Apply()
    {
        if (_neighbours.InSync) return true;
        NeighbourKey[] set = [.. _neighbours.ToUpdate], delete = [.. _neighbours.ToDelete];
        IReadOnlyList<NetlinkResult> results = kernel.ApplyNeighbours(
        [
            .. delete.Select(k => new NeighbourChange(Entry(k, default), Delete: true)),
            .. set.Select(k => new NeighbourChange(Entry(k, _neighbours.Desired[k]), Delete: false)),
        ]);
        bool ok = true;
        for (int i = 0; i < delete.Length; i++)
        {
            if (results[i].IgnoreNotFound().Ok) _neighbours.RemoveActual(delete[i]);
            else ok = false;
        }
        _neighbours.ExpectActual(set.Length);
        for (int i = 0; i < set.Length; i++)
        {
            NetlinkResult result = results[delete.Length + i];
            if (result.Ok)
            {
                _refused.Remove(set[i]);
                _neighbours.SetActual(set[i], _neighbours.Desired[set[i]]);
                continue;
            }
            ok = false;
            _refused[set[i]] = $"neighbour {set[i].Address}: {result}";
        }
        return ok;
    }

    private static Neighbour Entry(NeighbourKey key, MacAddress mac) => new() { LinkIndex = key.LinkIndex, Address = key.Address, Mac = mac };
}
