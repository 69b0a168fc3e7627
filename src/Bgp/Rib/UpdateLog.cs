using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>A run of whole encoded messages in a log, for all readers but one, or for one.</summary>
internal struct LogSegment
{
    public byte[] Buffer;
    public int Offset;
    public int Length;

    /// <summary>The peer that is not sent this, -1 none: routes are not sent back to where they came from.</summary>
    public int Exclude;

    /// <summary>The only peer that is sent this, -1 all.</summary>
    public int Only;

    /// <summary>What it is about, as Adj-RIB-Out indexes: a range of positions in the log's list.</summary>
    public long FirstSlot;
    public int SlotCount;

    public readonly bool IsFor(int peer) => peer != Exclude && (Only < 0 || Only == peer);
}

/// <summary>
/// Encoded updates in order, shared by all members of an update group: each reads with a cursor of its own, the bytes are never copied.
/// Buffers are pinned, as the transport wants them. Owned by the speaker's loop.
/// </summary>
internal sealed class UpdateLog
{
    internal const int BufferSize = 256 << 10;

    // Small enough that a reader's place in a segment is found quickly, large enough for one entry of a gathering write.
    private const int SegmentLimit = 64 << 10;

    private readonly Stack<byte[]> _spare = new();
    private LogSegment[] _segments = new LogSegment[64];
    private int[] _slots = new int[1024];
    private long _firstSlot;
    private long _endSlot;
    private byte[]? _buffer;
    private int _used;
    private bool _sealed;

    /// <summary>Number of the oldest segment kept.</summary>
    internal long First { get; private set; }

    /// <summary>Number of the next segment.</summary>
    internal long End { get; private set; }

    /// <summary>Encoded bytes kept.</summary>
    internal long Bytes { get; private set; }

    internal ref LogSegment this[long number] => ref _segments[number & (_segments.Length - 1)];

    /// <summary>Room for one message of up to <paramref name="size"/> octets at the end of the log.</summary>
    internal Span<byte> Reserve(int size = MessageHeader.MaxMessage)
    {
        if (_buffer is null || _buffer.Length - _used < size)
        {
            _buffer = size <= BufferSize && _spare.TryPop(out byte[]? spare) ? spare : GC.AllocateUninitializedArray<byte>(Math.Max(size, BufferSize), pinned: true);
            _used = 0;
        }
        return _buffer.AsSpan(_used, size);
    }

    /// <summary>Appends what was written into the reserved room: one message with what it is about.</summary>
    internal void Commit(int size, int exclude, int only, ReadOnlySpan<int> slots)
    {
        if (!TryExtend(size, exclude, only, slots.Length))
        {
            if (End - First == _segments.Length) GrowSegments();
            _sealed = false;
            this[End++] = new LogSegment
            {
                Buffer = _buffer!,
                Offset = _used,
                Length = size,
                Exclude = exclude,
                Only = only,
                FirstSlot = _endSlot,
                SlotCount = slots.Length,
            };
        }
        AddSlots(slots);
        _used += size;
        Bytes += size;
    }

    // A reader keeps an offset into a segment, so that the last one may grow under it.
    private bool TryExtend(int size, int exclude, int only, int slots)
    {
        if (End == First || _sealed) return false;
        ref LogSegment last = ref this[End - 1];
        if (last.Exclude != exclude || last.Only != only || last.Buffer != _buffer || last.Offset + last.Length != _used || last.Length + size > SegmentLimit) return false;
        last.Length += size;
        last.SlotCount += slots;
        return true;
    }

    private void AddSlots(ReadOnlySpan<int> slots)
    {
        while (_endSlot - _firstSlot + slots.Length > _slots.Length) GrowSlots();
        foreach (int p in slots) _slots[_endSlot++ & (_slots.Length - 1)] = p;
    }

    /// <summary>Has the next message begin a segment, so that a new reader can start there.</summary>
    internal void Seal() => _sealed = true;

    internal int Slot(long position) => _slots[position & (_slots.Length - 1)];

    private void GrowSlots()
    {
        int[] larger = new int[2 * _slots.Length];
        for (long i = _firstSlot; i < _endSlot; i++) larger[i & (larger.Length - 1)] = Slot(i);
        _slots = larger;
    }

    private void GrowSegments()
    {
        LogSegment[] larger = new LogSegment[2 * _segments.Length];
        for (long i = First; i < End; i++) larger[i & (larger.Length - 1)] = this[i];
        _segments = larger;
    }

    /// <summary>Forgets all segments before <paramref name="first"/>.</summary>
    internal void Trim(long first)
    {
        for (; First < first; First++)
        {
            ref LogSegment s = ref this[First];
            Bytes -= s.Length;
            _firstSlot = s.FirstSlot + s.SlotCount;
            if (s.Buffer != _buffer && (First + 1 == End || this[First + 1].Buffer != s.Buffer) && s.Buffer.Length == BufferSize && _spare.Count < 4) _spare.Push(s.Buffer);
            s = default;
        }
        if (First == End && _endSlot - _firstSlot == 0 && _slots.Length > 1 << 16) _slots = new int[1024];
    }
}
