using System.Runtime.CompilerServices;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;

namespace Margay.Bgp.Rib;

/// <summary>One prefix to be written: announced with attributes, or withdrawn if <see cref="Attributes"/> is 0.</summary>
internal struct PendingUpdate
{
    public int Prefix;

    /// <summary>Index in the group's Adj-RIB-Out: the prefix, or with ADD-PATH one path of it.</summary>
    public int Slot;

    /// <summary>Of ADD-PATH.</summary>
    public uint PathId;
    public int Attributes;
    public int Source;

    /// <summary>The attributes were changed by an export filter.</summary>
    public bool Modified;
    public int Exclude;
    public int Only;

    // Chain of the bucket.
    public int Next;
}

/// <summary>
/// Writes pending updates into a log as few messages: all prefixes with the same attributes and readers go together, withdrawals first.
/// Sorting is by bucket, not by comparison, so that the cost is linear and the order of arrival is kept. Owned by the speaker's loop; one per table,
/// shared by its groups because it keeps nothing between calls.
/// </summary>
internal sealed class UpdateEncoder(RibTable table)
{
    private struct Bucket
    {
        public int Attributes;
        public int Source;
        public bool Modified;
        public int Exclude;
        public int Only;
        public int First;
        public int Last;
    }

    // For routes in a message that its attributes alone made an extended one.
    private const int ExtendedRoom = 2048;

    private readonly byte[] _head = new byte[MessageHeader.MaxExtendedMessage];
    private readonly byte[] _tail = new byte[MessageHeader.MaxExtendedMessage];
    private readonly Dictionary<(int Exclude, int Only), int> _withdrawals = [];
    private readonly List<Bucket> _buckets = [];
    private readonly int[] _slots = new int[MessageHeader.MaxMessage];
    private int[] _bucketOf = [];
    private PendingUpdate[] _pending = new PendingUpdate[256];
    private int _count;

    /// <summary>Routes whose attributes do not fit into a message, since the start: they were withdrawn instead.</summary>
    internal long TooLarge { get; private set; }

    internal void Add(in PendingUpdate update)
    {
        if (_count == _pending.Length) Array.Resize(ref _pending, 2 * _count);
        _pending[_count++] = update;
    }

    internal bool IsEmpty => _count == 0;

    /// <summary>Forgets what was added.</summary>
    internal void Discard() => _count = 0;

    /// <summary>Writes what was added.</summary>
    internal void Encode(ExportPolicy policy, UpdateLog log)
    {
        FillBuckets();
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < _buckets.Count; i++)
            {
                Bucket b = _buckets[i];
                if ((b.Attributes == 0) != (pass == 0)) continue;
                if (pass == 0) WriteWithdrawals(policy, log, b);
                else WriteAnnouncements(policy, log, b);
                _bucketOf[b.Attributes] = 0;
            }
        }
        _buckets.Clear();
        _withdrawals.Clear();
        _count = 0;
        if (_pending.Length > 1 << 16) _pending = new PendingUpdate[256];
    }

    private void FillBuckets()
    {
        if (_bucketOf.Length < table.Attributes.IdLimit) _bucketOf = new int[Math.Max(256, 2 * table.Attributes.IdLimit)];
        int last = -1;
        for (int i = 0; i < _count; i++)
        {
            ref PendingUpdate p = ref _pending[i];
            p.Next = -1;
            if (last < 0 || !Fits(_buckets[last], p)) last = FindBucket(p);
            if (last < 0)
            {
                last = _buckets.Count;
                _buckets.Add(new Bucket { Attributes = p.Attributes, Source = p.Source, Modified = p.Modified, Exclude = p.Exclude, Only = p.Only, First = i, Last = i });
                if (p.Attributes != 0) _bucketOf[p.Attributes] = last + 1;
                else _withdrawals[(p.Exclude, p.Only)] = last;
                continue;
            }
            Bucket b = _buckets[last];
            _pending[b.Last].Next = i;
            b.Last = i;
            _buckets[last] = b;
        }
    }

    private int FindBucket(in PendingUpdate p)
    {
        if (p.Attributes == 0) return _withdrawals.TryGetValue((p.Exclude, p.Only), out int w) ? w : -1;
        int i = _bucketOf[p.Attributes] - 1;
        return i >= 0 && Fits(_buckets[i], p) ? i : -1;
    }

    private static bool Fits(in Bucket b, in PendingUpdate p) =>
        b.Attributes == p.Attributes && b.Exclude == p.Exclude && b.Only == p.Only && (p.Attributes == 0 || (b.Source == p.Source && b.Modified == p.Modified));

    [SkipLocalsInit]
    private void WriteWithdrawals(ExportPolicy policy, UpdateLog log, in Bucket bucket)
    {
        int family = policy.Family;
        bool plain = family == 0;
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        for (int i = bucket.First; i >= 0;)
        {
            SpanWriter w = new(log.Reserve());
            int start = MessageHeader.Begin(ref w, MessageType.Update);
            w.WriteUInt16BigEndian(0);
            int attributesAt = w.Position;
            if (!plain) BeginUnreach(ref w, family);
            int n = 0;
            for (; i >= 0; i = _pending[i].Next)
            {
                if (w.Remaining < NlriCodec.MaxEncoded + 2) break;
                int length = table.CopyKey(_pending[i].Prefix, key);
                NlriCodec.Write(ref w, family, policy.AddPath, _pending[i].PathId, key[..length], default);
                _slots[n++] = _pending[i].Slot;
            }
            if (plain)
            {
                w.PatchUInt16BigEndian(start + MessageHeader.Length, (ushort)(w.Position - attributesAt));
                w.WriteUInt16BigEndian(0);
            }
            else
            {
                w.PatchUInt16BigEndian(attributesAt, (ushort)(w.Position - attributesAt - 2));
                w.PatchUInt16BigEndian(attributesAt + 4, (ushort)(w.Position - attributesAt - 6));
            }
            MessageHeader.End(ref w, start);
            log.Commit(w.Position, bucket.Exclude, bucket.Only, _slots.AsSpan(0, n));
        }
    }

    private static void BeginUnreach(ref SpanWriter w, int family)
    {
        w.WriteUInt16BigEndian(0);
        w.WriteByte((byte)(AttributeFlags.Optional | AttributeFlags.ExtendedLength));
        w.WriteByte((byte)AttributeType.MpUnreachNlri);
        w.WriteUInt16BigEndian(0);
        w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(family).Afi);
        w.WriteByte((byte)KnownFamilies.Of(family).Safi);
    }

    [SkipLocalsInit]
    private void WriteAnnouncements(ExportPolicy policy, UpdateLog log, in Bucket bucket)
    {
        PathAttributes attributes = table.Attributes[bucket.Attributes];
        RibPeer source = table.Peer(bucket.Source);
        Span<byte> hop = stackalloc byte[40];
        hop = hop[..policy.WriteNextHop(attributes, source, hop)];
        bool plain = policy.Family == 0 && hop.Length == 4;
        // What stands before the NLRI, and, for MP_REACH_NLRI, which RFC 7606 §5.1 wants first, what stands behind.
        SpanWriter head = new(_head);
        MessageHeader.Begin(ref head, MessageType.Update);
        head.WriteUInt16BigEndian(0);
        head.WriteUInt16BigEndian(0);
        SpanWriter tail = new(_tail);
        if (plain) policy.WriteAttributes(ref head, attributes, source, bucket.Modified, hop);
        else
        {
            BeginReach(ref head, policy.Family, hop);
            policy.WriteAttributes(ref tail, attributes, source, bucket.Modified, default);
        }
        int least = head.Position + tail.Position + NlriCodec.MaxEncoded;
        // Long messages are for attributes that would not fit otherwise: ordinary ones are what every reader is good at.
        int size = least > MessageHeader.MaxMessage && policy.ExtendedMessage ? MessageHeader.MaxExtendedMessage : MessageHeader.MaxMessage;
        if (head.Failed || tail.Failed || least > size)
        {
            GiveUp(policy, log, bucket);
            return;
        }
        size = Math.Min(size, Math.Max(MessageHeader.MaxMessage, least + ExtendedRoom));
        for (int i = bucket.First; i >= 0;) WriteOne(policy, log, bucket, attributes.Payload, head.Written, tail.Written, plain, size, ref i);
    }

    // One message with as many prefixes of the bucket as fit.
    [SkipLocalsInit]
    private void WriteOne(ExportPolicy policy, UpdateLog log, in Bucket bucket, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, bool plain, int size, ref int i)
    {
        const int attributesAt = MessageHeader.Length + 2;
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        SpanWriter w = new(log.Reserve(size));
        w.WriteBytes(head);
        if (plain) w.PatchUInt16BigEndian(attributesAt, (ushort)(head.Length - attributesAt - 2));
        int n = 0;
        for (; i >= 0; i = _pending[i].Next)
        {
            if (w.Remaining < NlriCodec.MaxEncoded + tail.Length) break;
            int length = table.CopyKey(_pending[i].Prefix, key);
            NlriCodec.Write(ref w, policy.Family, policy.AddPath, _pending[i].PathId, key[..length], payload);
            _slots[n++] = _pending[i].Slot;
        }
        if (!plain)
        {
            w.PatchUInt16BigEndian(attributesAt + 4, (ushort)(w.Position - attributesAt - 6));
            w.WriteBytes(tail);
            w.PatchUInt16BigEndian(attributesAt, (ushort)(w.Position - attributesAt - 2));
        }
        MessageHeader.End(ref w, 0);
        log.Commit(w.Position, bucket.Exclude, bucket.Only, _slots.AsSpan(0, n));
    }

    private static void BeginReach(ref SpanWriter w, int family, scoped ReadOnlySpan<byte> hop)
    {
        w.WriteByte((byte)(AttributeFlags.Optional | AttributeFlags.ExtendedLength));
        w.WriteByte((byte)AttributeType.MpReachNlri);
        w.WriteUInt16BigEndian(0);
        w.WriteUInt16BigEndian((ushort)KnownFamilies.Of(family).Afi);
        w.WriteByte((byte)KnownFamilies.Of(family).Safi);
        w.WriteByte((byte)hop.Length);
        w.WriteBytes(hop);
        w.WriteByte(0);
    }

    private void GiveUp(ExportPolicy policy, UpdateLog log, in Bucket bucket)
    {
        for (int i = bucket.First; i >= 0; i = _pending[i].Next) TooLarge++;
        WriteWithdrawals(policy, log, bucket);
    }
}
