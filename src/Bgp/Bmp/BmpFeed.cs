using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;

namespace Margay.Bgp.Bmp;

/// <summary>
/// What one station has still to be told of routes. Not messages but names of routes wait here, each once, and what is told is their state at the time of
/// writing: a station that reads slowly misses steps in between, never the outcome, and what waits is bounded by the tables (RFC 7854 §5 allows it).
/// <code>
/// connected: walk of all tables ──┐
/// a route changed: name in queue ─┴─► state looked up ──► Route Monitoring, pre- and post-policy and Loc-RIB
/// </code>
/// Owned by the speaker's loop.
/// </summary>
internal sealed class BmpFeed(BmpStationSpec spec, IReadOnlyDictionary<int, MonitoredPeer> up, RibTable[] tables)
{
    /// <summary>In place of a prefix: End-of-RIB.</summary>
    private const int EndMark = -1;

    /// <summary>In place of a peer: the Loc-RIB.</summary>
    private const int LocRib = -1;

    /// <summary>A station that lets this many gather is cut off and begins anew.</summary>
    private const int MostPending = 1 << 20;

    /// <summary>Octets to write at a time, about.</summary>
    private const int Portion = 128 << 10;

    internal const int BufferSize = Portion + 4 * RouteMonitoring.MaxMessage;

    private readonly record struct Pending(int Family, int Prefix, int Peer, uint PathId);

    private readonly Queue<Pending> _queue = new();
    private readonly HashSet<Pending> _queued = [];
    private readonly int[] _pendingOf = new int[KnownFamilies.Count];
    private readonly List<MonitoredRoute> _routes = [];
    private readonly List<Pending> _ends = [];
    private int _estimate;
    private int _walkFamily;
    private int _walkPrefix;

    internal int Count => _queue.Count;
    internal bool IsEmpty => _queue.Count == 0 && _walkFamily >= tables.Length;
    internal bool IsOverfull => _queue.Count > MostPending;

    /// <summary>Numbers of the family's prefixes wait here: they must not be given to others.</summary>
    internal bool Holds(int family) => _pendingOf[family] > 0;

    internal void OnPathChanged(int family, int prefix, int peer, uint pathId)
    {
        if (spec.PrePolicy || spec.PostPolicy) Add(new Pending(family, prefix, peer, pathId));
    }

    internal void OnBestChanged(int family, int prefix)
    {
        if (spec.LocRib) Add(new Pending(family, prefix, LocRib, 0));
    }

    internal void OnEndOfRib(int family, int peer) => Add(new Pending(family, EndMark, peer, 0));

    private void Add(Pending p)
    {
        if (!_queued.Add(p)) return;
        _queue.Enqueue(p);
        _pendingOf[p.Family]++;
    }

    /// <summary>Writes a portion, all of it in a buffer of <see cref="BufferSize"/>; returns the number of messages, 0 if nothing waits.</summary>
    internal int Write(ref SpanWriter w, DateTimeOffset now)
    {
        int messages = 0;
        while (messages == 0 && !IsEmpty)
        {
            _estimate = 0;
            _routes.Clear();
            _ends.Clear();
            Gather();
            Walk();
            messages += RouteMonitoring.Write(ref w, _routes, tables, now);
            // After all routes of the portion, so after those that were queued before.
            foreach (Pending end in _ends) messages += WriteEnd(ref w, end, now);
        }
        return messages;
    }

    private void Gather()
    {
        while (_estimate < Portion && _queue.TryDequeue(out Pending p))
        {
            _queued.Remove(p);
            _pendingOf[p.Family]--;
            if (!up.TryGetValue(p.Peer, out MonitoredPeer? peer)) continue;
            if (p.Prefix == EndMark) AddEnd(p);
            else if (p.Peer == LocRib) AddBest(tables[p.Family], p.Prefix, peer);
            else AddPath(tables[p.Family], p.Prefix, peer, p.PathId, Find(tables[p.Family], p));
        }
    }

    private void AddEnd(Pending end)
    {
        _ends.Add(end);
        _estimate += 2 * RouteMonitoring.MaxOverhead;
    }

    private static int Find(RibTable table, Pending p)
    {
        int path = table.FirstPath(p.Prefix);
        while (path >= 0 && (table.Path(path).Peer != p.Peer || table.Path(path).PathId != p.PathId)) path = table.Path(path).NextOfPrefix;
        return path;
    }

    private void Walk()
    {
        if (_walkFamily >= tables.Length) return;
        RibTable table = tables[_walkFamily];
        for (; _estimate < Portion && _walkPrefix < table.IndexLimit; _walkPrefix++)
        {
            for (int path = table.FirstPath(_walkPrefix); path >= 0; path = table.Path(path).NextOfPrefix)
            {
                // What an earlier session left is not in the Adj-RIB-In of this one.
                if (!table.Path(path).Stale && up.TryGetValue(table.Path(path).Peer, out MonitoredPeer? peer)) AddPath(table, _walkPrefix, peer, table.Path(path).PathId, path);
            }
            if (spec.LocRib && table.FirstPath(_walkPrefix) >= 0 && table.BestPath(_walkPrefix) >= 0) AddBest(table, _walkPrefix, up[LocRib]);
        }
        if (_walkPrefix < table.IndexLimit) return;
        foreach ((int index, MonitoredPeer peer) in up)
        {
            if (peer.Families.Has(_walkFamily)) OnEndOfRib(_walkFamily, index);
        }
        _walkPrefix = 0;
        _walkFamily++;
    }

    private void AddPath(RibTable table, int prefix, MonitoredPeer peer, uint pathId, int path)
    {
        bool stale = path >= 0 && table.Path(path).Stale;
        if (spec.PrePolicy) AddRoute(table, prefix, peer, pathId, BmpPeerFlags.None, path >= 0 && !stale ? table.Path(path).Received : 0, path);
        if (!spec.PostPolicy) return;
        bool usable = path >= 0 && !stale && table.Path(path).Unusable == PathReason.Best;
        AddRoute(table, prefix, peer, pathId, BmpPeerFlags.PostPolicy, usable ? table.Path(path).Attributes : 0, path);
    }

    private void AddRoute(RibTable table, int prefix, MonitoredPeer peer, uint pathId, BmpPeerFlags flags, int attributes, int path) =>
        Add(table, new MonitoredRoute(table.Family, prefix, pathId, peer.AddPath.Has(table.Family), attributes, path < 0 ? 0 : table.Path(path).Since, peer.Header with { Flags = flags }));

    private void AddBest(RibTable table, int prefix, MonitoredPeer locRib)
    {
        int best = table.FirstPath(prefix) < 0 ? -1 : table.BestPath(prefix);
        Add(table, new MonitoredRoute(table.Family, prefix, 0, false, best < 0 ? 0 : table.Path(best).Attributes, best < 0 ? 0 : table.Path(best).Since, locRib.Header));
    }

    private void Add(RibTable table, in MonitoredRoute route)
    {
        _routes.Add(route);
        _estimate += RouteMonitoring.MaxOverhead + (route.Attributes == 0 ? 0 : table.Attributes[route.Attributes].Encoded.Length);
    }

    private int WriteEnd(ref SpanWriter w, Pending end, DateTimeOffset now)
    {
        if (!up.TryGetValue(end.Peer, out MonitoredPeer? peer)) return 0;
        bool locRib = end.Peer == LocRib;
        int n = 0;
        if (locRib ? spec.LocRib : spec.PrePolicy) n += WriteEnd(ref w, end.Family, peer.Header, now);
        if (!locRib && spec.PostPolicy) n += WriteEnd(ref w, end.Family, peer.Header with { Flags = BmpPeerFlags.PostPolicy }, now);
        return n;
    }

    private static int WriteEnd(ref SpanWriter w, int family, in BmpPeerHeader peer, DateTimeOffset now)
    {
        RouteMonitoring.WriteEndOfRib(ref w, family, peer, now);
        return 1;
    }
}

/// <summary>A peer that stations have been told is up.</summary>
/// <param name="AddPath">Families in which its routes have path ids.</param>
/// <param name="Up">The Peer Up message.</param>
internal sealed record MonitoredPeer(BmpPeerHeader Header, FamilySet Families, FamilySet AddPath, byte[] Up);
