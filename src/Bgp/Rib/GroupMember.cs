using System.Buffers.Binary;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>The whole table of a group, encoded while it is read; shared by members that joined at about the same time.</summary>
/// <param name="start">Position of the group's log at the beginning: what changed since is read there, after the dump.</param>
internal sealed class TableDump(UpdateGroup group, long start)
{
    private const int Slice = 16 << 10;
    private int _walk;

    internal UpdateLog Log { get; } = new();
    internal long Start { get; } = start;
    internal bool Complete { get; private set; }
    internal int Readers { get; set; }

    /// <summary>Encodes the next part; the last one ends with End-of-RIB.</summary>
    internal void EncodeNext()
    {
        _walk = group.EncodeTable(Log, _walk, Slice);
        if (_walk < group.TableEnd) return;
        byte[] eor = EndOfRib.Message(group.Policy.Family);
        eor.CopyTo(Log.Reserve());
        Log.Commit(eor.Length, -1, -1, default);
        Complete = true;
    }
}

/// <summary>End-of-RIB markers (RFC 4724 §2).</summary>
internal static class EndOfRib
{
    internal static byte[] Message(int family)
    {
        Family f = KnownFamilies.Of(family);
        return family == 0
            ? MessageHeader.Whole(MessageType.Update, [0, 0, 0, 0])
            : MessageHeader.Whole(MessageType.Update,
                [0, 0, 0, 6, (byte)AttributeFlags.Optional, (byte)AttributeType.MpUnreachNlri, 3, (byte)((ushort)f.Afi >> 8), (byte)f.Afi, (byte)f.Safi]);
    }
}

/// <summary>
/// One peer's place in its update group: a cursor into the group's log, into a table dump, or, for a peer that was too slow, a set of prefixes whose state
/// it still has to be told. The cursor always stands between messages. Owned by the speaker's loop.
/// </summary>
internal sealed class GroupMember(UpdateGroup group, int peer)
{
    private const int CatchUpSlice = 4096;
    private UpdateLog _log = group.Log;
    private long _segment;
    private int _offset;
    private TableDump? _dump;

    // Served from the Adj-RIB-Out: its indexes to be told, each once.
    private Queue<int>? _behind;
    private HashSet<int>? _behindSet;
    private int _offered;

    internal UpdateGroup Group { get; } = group;

    /// <summary>Index of the peer in the RIB, whose own routes it is not sent.</summary>
    internal int Peer { get; } = peer;

    internal bool IsSlow => _behind is not null;

    /// <summary>The end of a refresh is still to be marked (RFC 7313).</summary>
    internal bool Demarcate { get; set; }

    // A dump was left before its End-of-RIB, which the peer still waits for.
    private bool _owesEndOfRib;

    /// <summary>Of whoever sends for this member; the RIB does not look at it.</summary>
    internal object? Owner { get; set; }

    /// <summary>The group's log must keep what this member has not sent, from <see cref="FirstNeeded"/> on.</summary>
    internal bool ReadsLog => _behind is null;

    internal long FirstNeeded => _dump?.Start ?? _segment;

    /// <summary>All is sent, of the log too.</summary>
    internal bool IsDrained => _dump is null && _behind is null && !Seek();

    internal void ReadDump(TableDump dump, bool demarcate)
    {
        Stop();
        Demarcate |= demarcate;
        _owesEndOfRib = false;
        _dump = dump;
        dump.Readers++;
        _log = dump.Log;
        _segment = dump.Log.First;
        _offset = 0;
    }

    internal void Stop()
    {
        if (_dump is not null) _dump.Readers--;
        _dump = null;
        _behind = null;
        _behindSet = null;
    }

    /// <summary>The log was emptied: all was sent.</summary>
    internal void AtEnd()
    {
        _segment = Group.Log.End;
        _offset = 0;
    }

    internal void OnChanged(int slot)
    {
        if (_behind is not null && _behindSet!.Add(slot)) _behind.Enqueue(slot);
    }

    /// <summary>Takes the place of one in another group: what the peer was told there, and every end that it waits for, is told from here.</summary>
    internal void TakeOver(GroupMember before)
    {
        Demarcate = before.Demarcate;
        _owesEndOfRib = before._owesEndOfRib || before._dump is not null;
        Detach(everything: before.Group);
    }

    /// <summary>Leaves the log: from now on the member has a set of prefixes, each to be told once, however often it changes.</summary>
    /// <param name="everything">Not null: all that this group or the other has to tell, whatever the log says.</param>
    internal void Detach(UpdateGroup? everything = null)
    {
        _owesEndOfRib |= _dump is not null;
        Queue<int> behind = new();
        HashSet<int> set = [];
        long from = FirstNeeded;
        if (_dump is not null || everything is not null)
        {
            int end = Math.Max(Group.TableEnd, everything?.TableEnd ?? 0);
            for (int p = 0; p < end; p++)
            {
                if ((Group.SentIn(p, Peer) ?? everything?.SentIn(p, Peer)) is not null && set.Add(p)) behind.Enqueue(p);
            }
        }
        UpdateLog log = Group.Log;
        for (long s = Math.Max(from, log.First); s < log.End; s++)
        {
            ref LogSegment segment = ref log[s];
            if (!segment.IsFor(Peer)) continue;
            for (long i = segment.FirstSlot; i < segment.FirstSlot + segment.SlotCount; i++)
            {
                if (set.Add(log.Slot(i))) behind.Enqueue(log.Slot(i));
            }
        }
        Stop();
        _behind = behind;
        _behindSet = set;
        _log = new UpdateLog();
        _segment = 0;
        _offset = 0;
    }

    /// <summary>Adds buffers to send next; returns their bytes.</summary>
    internal int Fill(ArraySegment<byte>[] buffers, ref int count, int budget)
    {
        _offered = 0;
        if (!Seek() && !Refill()) return 0;
        long s = _segment;
        int offset = _offset;
        for (; s < _log.End && count < buffers.Length && _offered < budget; s++, offset = 0)
        {
            ref LogSegment segment = ref _log[s];
            if (!segment.IsFor(Peer) || segment.Length == offset) continue;
            int length = segment.Length - offset;
            buffers[count++] = new ArraySegment<byte>(segment.Buffer, segment.Offset + offset, length);
            _offered += length;
        }
        return _offered;
    }

    /// <summary>Whether something is to be sent from the current log; moves the cursor past what is not for this member.</summary>
    private bool Seek()
    {
        while (_segment < _log.End)
        {
            ref LogSegment segment = ref _log[_segment];
            if (segment.IsFor(Peer) && _offset < segment.Length) return true;
            if (_segment + 1 == _log.End)
            {
                // The last segment may still grow: stay at its end.
                _offset = segment.Length;
                return false;
            }
            _segment++;
            _offset = 0;
        }
        return false;
    }

    // At the end of a log: what comes next?
    private bool Refill()
    {
        while (true)
        {
            if (_dump is { } dump)
            {
                if (!dump.Complete)
                {
                    dump.EncodeNext();
                }
                else if (!MarkEnd())
                {
                    dump.Readers--;
                    _dump = null;
                    _log = Group.Log;
                    _segment = dump.Start;
                    _offset = 0;
                }
            }
            else if (_behind is { Count: > 0 })
            {
                EncodeBehind();
            }
            else if (_behind is not null && !MarkEnd())
            {
                _behind = null;
                _behindSet = null;
                Group.Log.Seal();
                _log = Group.Log;
                AtEnd();
                return false;
            }
            else if (_behind is null)
            {
                return false;
            }
            if (Seek()) return true;
        }
    }

    // After the last route: End-of-RIB (RFC 4724 §2) where a dump did not come to it, EoRR (RFC 7313 §4); each in a log of its own.
    private bool MarkEnd()
    {
        byte[] end;
        if (_owesEndOfRib)
        {
            _owesEndOfRib = false;
            end = EndOfRib.Message(Group.Policy.Family);
        }
        else if (Demarcate)
        {
            Demarcate = false;
            end = RouteRefreshMessage.Of(Group.Policy.Family, 2).ToMessage();
        }
        else
        {
            return false;
        }
        _log = new UpdateLog();
        end.CopyTo(_log.Reserve());
        _log.Commit(end.Length, -1, -1, default);
        _segment = _log.First;
        _offset = 0;
        return true;
    }

    private void EncodeBehind()
    {
        _log.Trim(_log.End);
        int n = Math.Min(CatchUpSlice, _behind!.Count);
        int[] slots = new int[n];
        for (int i = 0; i < n; i++) slots[i] = _behind.Dequeue();
        foreach (int s in slots) _behindSet!.Remove(s);
        _log.Seal();
        _segment = _log.End;
        _offset = 0;
        Group.EncodeSlots(_log, Peer, slots);
    }

    /// <summary>
    /// Takes up to <paramref name="written"/> bytes as sent, of those that <see cref="Fill"/> offered. If the last message was sent in part, its rest
    /// comes back: the caller has to send it before anything else.
    /// </summary>
    internal ReadOnlySpan<byte> Advance(ref int written)
    {
        int mine = Math.Min(written, _offered);
        written -= mine;
        while (mine > 0)
        {
            ref LogSegment segment = ref _log[_segment];
            int left = segment.IsFor(Peer) ? segment.Length - _offset : 0;
            if (mine < left) return Split(segment, mine);
            mine -= left;
            _offset = segment.Length;
            if (_segment + 1 == _log.End) break;
            _segment++;
            _offset = 0;
        }
        return default;
    }

    private ReadOnlySpan<byte> Split(in LogSegment segment, int sent)
    {
        ReadOnlySpan<byte> bytes = segment.Buffer.AsSpan(segment.Offset, segment.Length);
        int target = _offset + sent;
        while (_offset < target) _offset += BinaryPrimitives.ReadUInt16BigEndian(bytes[(_offset + 16)..]);
        return bytes[target.._offset];
    }
}
