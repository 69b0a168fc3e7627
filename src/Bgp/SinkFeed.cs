using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>Turns changed prefixes into batches for the <see cref="IRouteSink"/>. Owned by the speaker's loop.</summary>
internal sealed class SinkFeed(IRouteSink sink, RibTable[] tables)
{
    private const int MaxNextHops = 64;
    private readonly ImmutableArray<RouteChange>.Builder _changes = ImmutableArray.CreateBuilder<RouteChange>();
    private readonly ImmutableArray<InetAddress>.Builder _lost = ImmutableArray.CreateBuilder<InetAddress>();
    private bool _reported;

    // Changes that follow each other mostly have the same attributes from the same peer, and so the same next hops.
    private (PathAttributes Attributes, RibPeer Peer, ImmutableArray<NextHop> Hops)? _last;

    internal bool Converged { get; private set; }
    internal bool HasNews => _changes.Count > 0 || _lost.Count > 0 || (Converged && !_reported);

    internal void MarkConverged() => Converged = true;

    internal void PeerLost(InetAddress peer)
    {
        sink.PeerLost(peer);
        _lost.Add(peer);
    }

    internal void Add(int family, List<int> prefixes)
    {
        RibTable table = tables[family];
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        Span<int> paths = stackalloc int[MaxNextHops];
        foreach (int prefix in prefixes)
        {
            Nlri nlri = new(KnownFamilies.Of(family), key[..table.CopyKey(prefix, key)].ToArray());
            int n = table.CollectEqualPaths(prefix, paths);
            _changes.Add(n == 0 ? new RouteChange(nlri, [], null, null, false) : Change(table, nlri, paths[..n]));
        }
    }

    private RouteChange Change(RibTable table, Nlri nlri, ReadOnlySpan<int> paths)
    {
        ref RibTable.PathEntry best = ref table.Path(paths[0]);
        RibPeer peer = table.Peer(best.Peer);
        PathAttributes attributes = table.Attributes[best.Attributes];
        if (peer.IsLocal) return new RouteChange(nlri, [], attributes, null, true);
        if (paths.Length == 1 && _last is { } last && last.Attributes == (object)attributes && last.Peer == peer) return new RouteChange(nlri, last.Hops, attributes, peer.Source, false);
        ImmutableArray<NextHop>.Builder hops = ImmutableArray.CreateBuilder<NextHop>(paths.Length);
        foreach (int p in paths) hops.Add(Hop(table, p));
        RouteChange change = new(nlri, hops.MoveToImmutable(), attributes, peer.Source, false);
        if (paths.Length == 1) _last = (attributes, peer, change.NextHops);
        return change;
    }

    private static NextHop Hop(RibTable table, int path)
    {
        RibPeer peer = table.Peer(table.Path(path).Peer);
        PathAttributes a = table.Attributes[table.Path(path).Attributes];
        // RFC 2545 §3: on a link-local session the link-local address is the one to use, whatever else the peer names.
        if (a.LinkLocalNextHop is { IsUnspecified: false } linkLocal && (a.NextHop.IsUnspecified || peer.Address is { IsIPv6: true, IsLinkLocal: true })) return new NextHop(linkLocal, peer.Interface, peer.Source.PeerName);
        return new NextHop(a.NextHop, a.NextHop.IsLinkLocal ? peer.Interface : null, peer.Source.PeerName);
    }

    internal void Deliver()
    {
        if (!HasNews) return;
        bool initial = !_reported;
        bool report = Converged && !_reported;
        _reported |= Converged;
        sink.Apply(new RouteChangeBatch(_changes.DrainToImmutable(), initial, report) { Lost = _lost.DrainToImmutable() });
        _last = null;
    }
}
