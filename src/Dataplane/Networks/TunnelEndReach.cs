using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Networks;

/// <summary>
/// Which tunnel ends packets do not arrive at: those that BGP has just lost, and those that the underlay has no way to. The host's own routes tell of the latter before any withdrawal
/// comes. Only ends are asked for whose way may have changed. Owned by the dataplane's loop.
/// </summary>
internal sealed class TunnelEndReach(IKernel host)
{
    private readonly Dictionary<InetAddress, NextHopResolution?> _ends = [];
    private readonly HashSet<InetAddress> _unasked = [];

    /// <summary>How many networks have each.</summary>
    private readonly Dictionary<InetAddress, int> _users = [];

    // Of routes that changed since the last look.
    private readonly HashSet<IpPrefix> _changed = [];
    private readonly HashSet<int> _changedLengths = [];

    // Links without a carrier: the kernel goes on sending to them.
    private readonly HashSet<int> _silent = [];
    private IReadOnlySet<InetAddress> _told = new HashSet<InetAddress>();
    private bool _anyChanged;
    private bool _isDirty;

    public IReadOnlySet<InetAddress> Lost { get; private set; } = new HashSet<InetAddress>();

    /// <summary>One network's tunnel ends are others than before. An end counts as long as some network has it.</summary>
    public void Replace(IEnumerable<InetAddress> before, IEnumerable<InetAddress> now)
    {
        foreach (InetAddress end in now)
        {
            _users[end] = _users.GetValueOrDefault(end) + 1;
            if (!_ends.TryAdd(end, null)) continue;
            _unasked.Add(end);
            _isDirty = true;
        }
        foreach (InetAddress end in before)
        {
            if (--_users[end] > 0) continue;
            _users.Remove(end);
            _isDirty |= _ends.Remove(end);
        }
    }

    /// <summary>Those that BGP has lost.</summary>
    public void SetTold(IReadOnlySet<InetAddress> lost)
    {
        _told = lost;
        _isDirty = true;
    }

    /// <summary>The route for a prefix of the host came, went or changed.</summary>
    public void OnRouteChanged(IpPrefix prefix)
    {
        if (_ends.Count == 0 || !_changed.Add(prefix)) return;
        _changedLengths.Add(prefix.Length);
        _isDirty = true;
    }

    /// <summary>Something of the host's network changed.</summary>
    public void On(KernelNotification notification)
    {
        _isDirty = true;
        switch (notification)
        {
            case RouteNotification n:
                OnRouteChanged(n.Prefix);
                break;
            case LinkNotification { Index: > 0 } n:
                if (n.Carries || n.Removed) _silent.Remove(n.Index);
                else _silent.Add(n.Index);
                foreach ((InetAddress end, NextHopResolution? via) in _ends)
                    if (via is null || via.Value.LinkIndex == n.Index) _unasked.Add(end);
                break;
            case AddressNotification or OverrunNotification:
                _anyChanged = true;
                break;
        }
    }

    /// <summary>Asks the kernel about the ends whose way may be another now. True when others are lost than before.</summary>
    public bool Refresh()
    {
        if (!_isDirty) return false;
        foreach (InetAddress end in _ends.Keys.ToArray())
            if (_anyChanged || _unasked.Contains(end) || IsUnderChanged(end)) _ends[end] = Ask(end);
        _unasked.Clear();
        _changed.Clear();
        _changedLengths.Clear();
        _anyChanged = _isDirty = false;
        HashSet<InetAddress> lost = [.. _ends.Where(e => e.Value is null || _silent.Contains(e.Value.Value.LinkIndex)).Select(e => e.Key), .. _told];
        if (lost.SetEquals(Lost)) return false;
        Lost = lost;
        return true;
    }

    private bool IsUnderChanged(InetAddress end) => _changedLengths.Any(l => l <= end.BitLength && _changed.Contains(new IpPrefix(end, l)));

    private NextHopResolution? Ask(InetAddress end)
    {
        NetlinkResult<NextHopResolution> found = host.ResolveNextHop(end);
        return found.Ok ? found.Value : null;
    }
}
