using Margay.Bgp.Rib;
using Margay.Bgp.Session;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>The peers of a speaker by name and address, and the ranges of dynamic ones. Owned by the speaker's loop.</summary>
internal sealed class PeerDirectory(SpeakerLoop loop)
{
    private readonly Dictionary<string, Peer> _byName = [];
    // A link-local address is unique on its link only; others have no interface here.
    private readonly Dictionary<(InetAddress Address, string Link), Peer> _byAddress = [];
    private readonly Dictionary<string, PeerSpec> _ranges = [];
    private readonly Stack<int> _retired = new();
    private readonly Stack<int> _free = new();
    private int _nextIndex = 1;

    internal IEnumerable<Peer> All => _byName.Values;

    internal Peer? Find(string name) => _byName.GetValueOrDefault(name);

    private static (InetAddress, string) KeyOf(Peer peer) => (peer.Address, peer.Address is { IsIPv6: true, IsLinkLocal: true } ? peer.Spec.Interface ?? "" : "");

    /// <summary>
    /// The peer that a connection from <paramref name="address"/>, if link-local on <paramref name="link"/>, belongs to; a dynamic one is made if a range allows.
    /// </summary>
    internal Peer? FindForConnection(InetAddress address, string? link)
    {
        if (_byAddress.TryGetValue((address, link ?? ""), out Peer? peer)) return peer;
        PeerSpec? best = null;
        foreach (PeerSpec range in _ranges.Values)
        {
            if (range.ListenRange is { } r && r.Contains(address) && (best is null || r.Length > best.ListenRange!.Value.Length)) best = range;
        }
        if (best is null || DynamicOf(best.Name).Count() >= best.ListenLimit) return null;
        peer = new Peer(loop, best, address, isDynamic: true);
        Add(peer);
        peer.Start();
        return peer;
    }

    internal IEnumerable<Peer> DynamicOf(string range) => _byName.Values.Where(p => p.IsDynamic && p.Spec.Name == range);

    internal void Add(Peer peer)
    {
        _byName[peer.Name] = peer;
        _byAddress[KeyOf(peer)] = peer;
        peer.RestartExpired = () => new PeerRouting(loop, peer).RestartExpired();
    }

    internal void Remove(Peer peer)
    {
        _byName.Remove(peer.Name);
        if (_byAddress.GetValueOrDefault(KeyOf(peer)) == peer) _byAddress.Remove(KeyOf(peer));
        TimerQueue.Cancel(peer.RestartTimer);
        loop.Liveness.Remove(peer);
        if (peer.RibPeer is { } rib)
        {
            foreach (RibTable t in loop.Tables) t.RemoveAll(rib);
            peer.RibPeer = null;
            _retired.Push(rib.Index);
        }
    }

    /// <summary>Numbers of removed peers may be given again: no table and no log names them any more.</summary>
    internal void Reclaim()
    {
        while (_retired.TryPop(out int index)) _free.Push(index);
    }

    internal void RemoveDynamic(Peer peer) => Remove(peer);

    internal IReadOnlyDictionary<string, PeerSpec> Ranges => _ranges;

    internal void SetRange(PeerSpec spec) => _ranges[spec.Name] = spec;

    internal void RemoveRange(string name) => _ranges.Remove(name);

    /// <summary>The RIB's view of a peer, made when its first session comes up.</summary>
    internal RibPeer RibPeerFor(Peer peer, RouteSource source)
    {
        if (peer.RibPeer is { } known)
        {
            known.Source = source;
            known.RouterId = source.RouterId.IPv4Value;
            return known;
        }
        RibPeer rib = new(_free.TryPop(out int free) ? free : _nextIndex++, source);
        foreach (RibTable t in loop.Tables) t.SetPeer(rib);
        peer.RibPeer = rib;
        return rib;
    }

    /// <summary>Every configured peer that is to be up is Established and has sent End-of-RIB for all its families, as far as that can be expected.</summary>
    internal bool AllSentEndOfRib()
    {
        // Without any peer there is nothing to conclude from.
        if (_byName.Count == 0 || loop.Unnumbered.Waiting.Any()) return false;
        foreach (Peer p in _byName.Values)
        {
            if (p.Spec.AdminDown || p.IsDynamic) continue;
            if (p.Established is not { Agreed: { } agreed } s) return false;
            // One without the capability promises no End-of-RIB; one that restarts itself may wait for us, so it is awaited for some seconds only.
            if ((agreed.GracefulRestart is { Restarting: false } || s.RestarterTimer is not null) && (agreed.Families & ~s.EndOfRib) != 0) return false;
        }
        return true;
    }
}
