using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Mrt;

/// <summary>
/// Writes the tables as TABLE_DUMP_V2 (RFC 6396 §4.3): every path that may be used, as import policy left it. Made and turned on the speaker's loop, a portion
/// at a time between other work: each prefix is as it was when its turn came, and sessions do not wait for the whole.
/// </summary>
internal sealed class MrtDump
{
    private const int Portion = 256 << 10;

    private readonly RibTable[] _tables;
    private readonly Dictionary<RibPeer, ushort> _peers = [];
    private readonly List<(bool AddPath, MrtEntry Entry)> _paths = [];
    private readonly uint _time;
    private byte[] _buffer = new byte[2 * Portion];
    private byte[]? _index;
    private uint _sequence;
    private int _family;
    private int _prefix;

    internal MrtDump(SpeakerLoop loop)
    {
        _tables = loop.Tables;
        _time = (uint)loop.WallClock.ToUnixTimeSeconds();
        List<MrtPeer> index = [new MrtPeer(loop.RouterId.IPv4Value, InetAddress.AnyV4, loop.LocalAs)];
        _peers[loop.Tables[0].Peer(0)] = 0;
        foreach (Session.Peer p in loop.Peers.All)
        {
            if (p.RibPeer is not { } rib || index.Count > ushort.MaxValue) continue;
            _peers[rib] = (ushort)index.Count;
            index.Add(new MrtPeer(rib.RouterId, rib.Address, rib.Source.Asn));
        }
        _index = MrtRecord.PeerIndexTable(_time, loop.RouterId.IPv4Value, "", index);
    }

    internal int Peers => _peers.Count;
    internal long Routes { get; private set; }

    /// <summary>The next octets of the dump, to be used before the next call; empty at the end.</summary>
    internal ReadOnlyMemory<byte> Next()
    {
        if (_index is { } first)
        {
            _index = null;
            return first;
        }
        SpanWriter w = new(_buffer);
        while (w.Position < Portion && _family < _tables.Length)
        {
            if (_prefix >= _tables[_family].IndexLimit)
            {
                _prefix = 0;
                _family++;
                continue;
            }
            if (!TryWrite(ref w, _tables[_family], _prefix))
            {
                if (w.Position > 0) break;
                // More paths than the buffer holds.
                _buffer = new byte[2 * _buffer.Length];
                w = new SpanWriter(_buffer);
                continue;
            }
            _prefix++;
        }
        return _buffer.AsMemory(0, w.Position);
    }

    private bool TryWrite(ref SpanWriter w, RibTable table, int prefix)
    {
        _paths.Clear();
        for (int i = table.FirstPath(prefix); i >= 0; i = table.Path(i).NextOfPrefix)
        {
            ref RibTable.PathEntry p = ref table.Path(i);
            // A peer that came after the beginning is not in the index.
            if (p.Unusable != PathReason.Best || !_peers.TryGetValue(table.Peer(p.Peer), out ushort peer)) continue;
            _paths.Add((p.PathId != 0, new MrtEntry(peer, p.Since, p.PathId, table.Attributes[p.Attributes])));
        }
        if (_paths.Count == 0) return true;
        if (_paths.Sum(p => MrtRecord.MaxSize([p.Entry])) > w.Remaining) return false;
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        int length = table.CopyKey(prefix, key);
        Routes += _paths.Count;
        // A record has one NLRI and one form: labels may differ from path to path.
        while (_paths.Count > 0)
        {
            bool addPath = _paths[0].AddPath;
            PathAttributes first = _paths[0].Entry.Attributes;
            MrtEntry[] same = [.. _paths.Where(p => p.AddPath == addPath && p.Entry.Attributes.Payload.SequenceEqual(first.Payload)).Select(p => p.Entry)];
            _paths.RemoveAll(p => p.AddPath == addPath && p.Entry.Attributes.Payload.SequenceEqual(first.Payload));
            MrtRecord.WriteRib(ref w, _time, _sequence++, table.Family, addPath, key[..length], first.Payload, same);
        }
        return true;
    }
}
