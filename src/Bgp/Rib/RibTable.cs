using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// All paths of one family and the best of each prefix: the Adj-RIBs-In of all peers and the Loc-RIB in one structure.
/// <code>
/// announce/withdraw ──► paths of a prefix ──► dirty prefixes ──(TakeChanges: decision)──► changed best paths ──► update groups, sink
/// </code>
/// A path stands in two lists: of its prefix and of its peer. Events only mark prefixes dirty; the decision runs once per prefix and burst.
/// An index of a prefix stays its own until every reader of changes has caught up (<see cref="Reclaim"/>). Owned by the speaker's loop.
/// </summary>
internal sealed class RibTable(int family, PathAttributeTable attributes)
{
    [Flags]
    private enum PrefixFlags : byte
    {
        None = 0,
        Dirty = 1,

        /// <summary>In the list of prefixes to be given back if still without paths then.</summary>
        Listed = 2,
    }

    private struct PrefixEntry
    {
        public int FirstPath;

        // What the readers of changes were told last.
        public int BestPath;
        public int BestAttributes;
        public int BestPeer;
        public PrefixFlags Flags;
    }

    internal struct PathEntry
    {
        public int Prefix;
        public int NextOfPrefix;
        public int NextOfPeer;
        public int PreviousOfPeer;

        /// <summary>After import policy.</summary>
        public int Attributes;

        /// <summary>As received.</summary>
        public int Received;
        public int Peer;
        public uint PathId;

        /// <summary><see cref="PathReason.Best"/> if usable, else why not.</summary>
        public PathReason Unusable;
        public bool Stale;

        /// <summary>When it was received, in seconds of Unix time.</summary>
        public uint Since;
    }

    private readonly PrefixTable _prefixes = new(family);
    private readonly ChunkedArray<PrefixEntry> _entries = new();
    private readonly ChunkedArray<PathEntry> _paths = new();
    private readonly List<int> _dirty = [];
    private readonly List<int> _empty = [];
    private readonly List<RibPeer> _peers = [];
    private int _freePath = -1;
    private Candidate[] _candidates = new Candidate[8];
    private int[] _candidatePaths = new int[8];
    private PathReason[] _reasons = new PathReason[8];

    internal int Family { get; } = family;
    internal PathAttributeTable Attributes { get; } = attributes;
    internal int PrefixCount { get; private set; }
    internal int PathCount { get; private set; }
    internal int IndexLimit => _prefixes.IndexLimit;
    internal int KeySize => _prefixes.KeySize;
    internal bool HasChanges => _dirty.Count > 0;
    internal int ReclaimableCount => _empty.Count;
    internal bool AlwaysCompareMed { get; set; }
    internal int MaxPaths { get; set; } = 1;

    /// <summary>Distance of a next hop (RFC 4271 §9.1.2.2 e); null: all the same.</summary>
    internal Func<Core.Net.InetAddress, uint>? NextHopMetric { get; set; }

    /// <summary>The present in seconds of Unix time, for <see cref="PathEntry.Since"/>; the loop moves it.</summary>
    internal uint Now { get; set; }

    /// <summary>Told of every path that comes, changes or goes (family, prefix, peer, path id), for those who look on.</summary>
    internal Action<int, int, int, uint>? PathChanged { get; set; }

    internal RibPeer Peer(int index) => _peers[index];

    internal void SetPeer(RibPeer peer)
    {
        while (_peers.Count <= peer.Index) _peers.Add(null!);
        _peers[peer.Index] = peer;
    }

    internal ref PathEntry Path(int index) => ref _paths[index];

    internal int CopyKey(int prefix, Span<byte> key) => _prefixes.CopyKey(prefix, key);

    internal int Find(ReadOnlySpan<byte> key) => _prefixes.Find(key);

    /// <summary>First path of the prefix, -1 if none; follow <see cref="PathEntry.NextOfPrefix"/>.</summary>
    internal int FirstPath(int prefix) => _entries[prefix].FirstPath;

    /// <summary>The best path at the last decision, -1 if none.</summary>
    internal int BestPath(int prefix) => _entries[prefix].BestPath;

    /// <summary>Adds or replaces the peer's path. The ids are referenced here; the caller keeps its own references. True if the number of paths grew.</summary>
    internal bool Announce(RibPeer peer, ReadOnlySpan<byte> key, uint pathId, int received, int imported, PathReason unusable)
    {
        int prefix = _prefixes.FindOrAdd(key);
        if (prefix >= _entries.Length)
        {
            _entries.EnsureLength(prefix + 1);
            ref PrefixEntry fresh = ref _entries[prefix];
            fresh = new PrefixEntry { FirstPath = -1, BestPath = -1 };
        }
        ref PrefixEntry entry = ref _entries[prefix];
        int existing = FindPath(entry.FirstPath, peer.Index, pathId);
        if (existing >= 0)
        {
            Replace(peer, ref _paths[existing], received, imported, unusable);
            return false;
        }
        int index = _freePath;
        if (index >= 0) _freePath = _paths[index].NextOfPrefix;
        else index = _paths.Add();
        ref PathEntry path = ref _paths[index];
        path = new PathEntry
        {
            Prefix = prefix,
            NextOfPrefix = entry.FirstPath,
            NextOfPeer = peer.FirstPath[Family],
            PreviousOfPeer = -1,
            Attributes = imported,
            Received = received,
            Peer = peer.Index,
            PathId = pathId,
            Unusable = unusable,
            Since = Now,
        };
        if (path.NextOfPeer >= 0) _paths[path.NextOfPeer].PreviousOfPeer = index;
        if (entry.FirstPath < 0) PrefixCount++;
        entry.FirstPath = index;
        peer.FirstPath[Family] = index;
        peer.Received[Family]++;
        if (unusable == PathReason.Best) peer.Accepted[Family]++;
        Attributes.AddReference(received);
        Attributes.AddReference(imported);
        PathCount++;
        MarkDirty(prefix);
        PathChanged?.Invoke(Family, prefix, peer.Index, pathId);
        return true;
    }

    private void Replace(RibPeer peer, ref PathEntry path, int received, int imported, PathReason unusable)
    {
        bool renewed = path.Stale;
        path.Stale = false;
        if (path.Received == received && path.Attributes == imported && path.Unusable == unusable)
        {
            if (renewed) PathChanged?.Invoke(Family, path.Prefix, path.Peer, path.PathId);
            return;
        }
        if (path.Received != received) path.Since = Now;
        Attributes.AddReference(received);
        Attributes.AddReference(imported);
        Attributes.Release(path.Received);
        Attributes.Release(path.Attributes);
        peer.Accepted[Family] += (unusable == PathReason.Best ? 1 : 0) - (path.Unusable == PathReason.Best ? 1 : 0);
        path.Received = received;
        path.Attributes = imported;
        path.Unusable = unusable;
        MarkDirty(path.Prefix);
        PathChanged?.Invoke(Family, path.Prefix, path.Peer, path.PathId);
    }

    private int FindPath(int first, int peer, uint pathId)
    {
        for (int i = first; i >= 0; i = _paths[i].NextOfPrefix)
        {
            if (_paths[i].Peer == peer && _paths[i].PathId == pathId) return i;
        }
        return -1;
    }

    /// <summary>Removes the peer's path, if it has one.</summary>
    internal void Withdraw(RibPeer peer, ReadOnlySpan<byte> key, uint pathId)
    {
        int prefix = _prefixes.Find(key);
        if (prefix < 0) return;
        int path = FindPath(_entries[prefix].FirstPath, peer.Index, pathId);
        if (path >= 0) RemovePath(peer, path);
    }

    /// <summary>Removes all paths of the peer, or only those that are stale.</summary>
    internal void RemoveAll(RibPeer peer, bool onlyStale = false)
    {
        for (int i = peer.FirstPath[Family]; i >= 0;)
        {
            int next = _paths[i].NextOfPeer;
            if (!onlyStale || _paths[i].Stale) RemovePath(peer, i);
            i = next;
        }
    }

    /// <summary>Marks all paths of the peer stale (RFC 4724 §4.2): in use until renewed or removed.</summary>
    internal void MarkStale(RibPeer peer)
    {
        for (int i = peer.FirstPath[Family]; i >= 0; i = _paths[i].NextOfPeer) _paths[i].Stale = true;
    }

    /// <summary>Gives the peer's stale paths the community that makes them least preferred; those that forbid it go (RFC 9494 §4.2).</summary>
    internal void MarkLongLivedStale(RibPeer peer)
    {
        for (int i = peer.FirstPath[Family]; i >= 0;)
        {
            ref PathEntry path = ref _paths[i];
            int index = i;
            i = path.NextOfPeer;
            if (!path.Stale) continue;
            PathAttributes a = Attributes[path.Attributes];
            if ((a.WellKnown & WellKnownCommunities.NoLlgr) != 0)
            {
                RemovePath(peer, index);
                continue;
            }
            int marked = Attributes.Intern(a.ToBuilder().AddCommunity(Community.LlgrStale).Build());
            Replace(peer, ref path, path.Received, marked, path.Unusable);
            Attributes.Release(marked);
            path.Stale = true;
        }
    }

    private void RemovePath(RibPeer peer, int index)
    {
        ref PathEntry path = ref _paths[index];
        ref PrefixEntry entry = ref _entries[path.Prefix];
        ref int link = ref entry.FirstPath;
        while (link != index) link = ref _paths[link].NextOfPrefix;
        link = path.NextOfPrefix;
        if (entry.FirstPath < 0) PrefixCount--;
        if (path.PreviousOfPeer >= 0) _paths[path.PreviousOfPeer].NextOfPeer = path.NextOfPeer;
        else peer.FirstPath[Family] = path.NextOfPeer;
        if (path.NextOfPeer >= 0) _paths[path.NextOfPeer].PreviousOfPeer = path.PreviousOfPeer;
        peer.Received[Family]--;
        if (path.Unusable == PathReason.Best) peer.Accepted[Family]--;
        Attributes.Release(path.Received);
        Attributes.Release(path.Attributes);
        PathCount--;
        MarkDirty(path.Prefix);
        PathChanged?.Invoke(Family, path.Prefix, path.Peer, path.PathId);
        path.Peer = -1;
        path.NextOfPrefix = _freePath;
        _freePath = index;
    }

    private void MarkDirty(int prefix)
    {
        ref PrefixEntry entry = ref _entries[prefix];
        if ((entry.Flags & PrefixFlags.Dirty) != 0) return;
        entry.Flags |= PrefixFlags.Dirty;
        _dirty.Add(prefix);
    }

    /// <summary>Has the decision made anew for every prefix of the table.</summary>
    internal void MarkAllDirty()
    {
        for (int i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].FirstPath >= 0) MarkDirty(i);
        }
    }

    /// <summary>
    /// Decides for every dirty prefix and appends those whose best path (or, with multipath, possibly the set of equal paths) changed to
    /// <paramref name="changed"/>. <paramref name="touched"/> gets every dirty prefix, for those who look at more than the best path.
    /// </summary>
    internal void TakeChanges(List<int> changed, List<int>? touched = null)
    {
        touched?.AddRange(_dirty);
        foreach (int prefix in _dirty)
        {
            ref PrefixEntry entry = ref _entries[prefix];
            entry.Flags &= ~PrefixFlags.Dirty;
            int best = Decide(prefix);
            int attributes = best < 0 ? 0 : _paths[best].Attributes;
            int peer = best < 0 ? -1 : _paths[best].Peer;
            if (entry.FirstPath < 0 && (entry.Flags & PrefixFlags.Listed) == 0)
            {
                entry.Flags |= PrefixFlags.Listed;
                _empty.Add(prefix);
            }
            bool same = attributes == entry.BestAttributes && (best < 0 || peer == entry.BestPeer);
            entry.BestPath = best;
            if (same && MaxPaths <= 1) continue;
            if (attributes != 0) Attributes.AddReference(attributes);
            Attributes.Release(entry.BestAttributes);
            entry.BestAttributes = attributes;
            entry.BestPeer = peer;
            changed.Add(prefix);
        }
        _dirty.Clear();
    }

    /// <summary>Gives back prefixes without paths. Only while no reader of changes has one of them still before it.</summary>
    internal void Reclaim()
    {
        foreach (int prefix in _empty)
        {
            ref PrefixEntry entry = ref _entries[prefix];
            entry.Flags &= ~PrefixFlags.Listed;
            if (entry.FirstPath >= 0 || (entry.Flags & PrefixFlags.Dirty) != 0) continue;
            entry = new PrefixEntry { FirstPath = -1, BestPath = -1 };
            _prefixes.Remove(prefix);
        }
        _empty.Clear();
    }

    private int Decide(int prefix)
    {
        int first = _entries[prefix].FirstPath;
        if (first < 0) return -1;
        // Most prefixes have one path.
        if (_paths[first].NextOfPrefix < 0) return _paths[first].Unusable == PathReason.Best ? first : -1;
        int n = CollectCandidates(first);
        if (n == 0) return -1;
        return _candidatePaths[DecisionProcess.Select(_candidates.AsSpan(0, n), _reasons, AlwaysCompareMed, 1)];
    }

    private int CollectCandidates(int first)
    {
        int n = 0;
        for (int i = first; i >= 0; i = _paths[i].NextOfPrefix)
        {
            ref PathEntry path = ref _paths[i];
            if (path.Unusable != PathReason.Best) continue;
            if (n == _candidates.Length)
            {
                Array.Resize(ref _candidates, 2 * n);
                Array.Resize(ref _candidatePaths, 2 * n);
                Array.Resize(ref _reasons, 2 * n);
            }
            PathAttributes a = Attributes[path.Attributes];
            _candidatePaths[n] = i;
            _candidates[n++] = new Candidate(a, Peer(path.Peer), path.PathId, NextHopMetric?.Invoke(a.NextHop) ?? 0);
        }
        return n;
    }

    /// <summary>The paths of a prefix with their reasons, best first, then in order of the steps that they survived.</summary>
    internal List<(int Path, PathReason Reason)> Explain(int prefix)
    {
        List<(int Path, PathReason Reason)> result = [];
        int first = _entries[prefix].FirstPath;
        for (int i = first; i >= 0; i = _paths[i].NextOfPrefix)
        {
            if (_paths[i].Unusable != PathReason.Best) result.Add((i, _paths[i].Unusable));
        }
        int n = CollectCandidates(first);
        if (n > 0) DecisionProcess.Select(_candidates.AsSpan(0, n), _reasons, AlwaysCompareMed, MaxPaths);
        for (int i = 0; i < n; i++) result.Add((_candidatePaths[i], _reasons[i]));
        result.Sort(static (a, b) => Rank(a.Reason) != Rank(b.Reason) ? Rank(a.Reason).CompareTo(Rank(b.Reason)) : a.Path.CompareTo(b.Path));
        return result;

        // Unusable ones last; among the losers those that lost late first.
        static int Rank(PathReason r) => r <= PathReason.Multipath ? (int)r : r < PathReason.LocalRoute ? 1000 : 500 - (int)r;
    }

    /// <summary>The best path and those equal to it, for the sink.</summary>
    internal int CollectEqualPaths(int prefix, Span<int> paths)
    {
        int best = _entries[prefix].BestPath;
        if (best < 0) return 0;
        paths[0] = best;
        if (MaxPaths <= 1 || _paths[_entries[prefix].FirstPath].NextOfPrefix < 0) return 1;
        int n = CollectCandidates(_entries[prefix].FirstPath);
        DecisionProcess.Select(_candidates.AsSpan(0, n), _reasons, AlwaysCompareMed, MaxPaths);
        int used = 1;
        for (int i = 0; i < n && used < paths.Length; i++)
        {
            if (_reasons[i] == PathReason.Multipath) paths[used++] = _candidatePaths[i];
        }
        return used;
    }
}
