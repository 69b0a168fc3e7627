using Margay.Core.Net;

namespace Margay.Agent.Routing;

/// <summary>Peers that were lost and whose routes have not been dealt with yet. A peer may be lost again before that.</summary>
internal sealed class LostPeers
{
    private readonly Dictionary<InetAddress, int> _times = [];
    private readonly List<InetAddress> _followed = [];

    /// <summary>One more; gives all.</summary>
    public IReadOnlySet<InetAddress> Add(InetAddress peer)
    {
        _times[peer] = _times.GetValueOrDefault(peer) + 1;
        return _times.Keys.ToHashSet();
    }

    /// <summary>What follows from the loss of these is known.</summary>
    public void Follow(IEnumerable<InetAddress> peers) => _followed.AddRange(peers);

    /// <summary>Those that are left when what is known has been told; null when that changes nothing.</summary>
    public IReadOnlySet<InetAddress>? TakeFollowed()
    {
        if (_followed.Count == 0) return null;
        foreach (InetAddress peer in _followed)
            if (_times.TryGetValue(peer, out int times) && (_times[peer] = times - 1) == 0) _times.Remove(peer);
        _followed.Clear();
        return _times.Keys.ToHashSet();
    }
}
