using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// Peers that are sent the same in one family (equal <see cref="ExportPolicy"/>). What each prefix looks like to them (the Adj-RIB-Out) is kept once, a
/// change is encoded once, and the bytes stand in one log from which every member sends.
/// <code>
/// changed prefixes ──► Apply: policy, compare with Adj-RIB-Out ──► UpdateEncoder ──► Log ──► member cursor ──► socket
///                                                        new member ──► TableDump ─────────────┘   (then the log from where the dump began)
///                                                        member too slow ──► own set of prefixes ──┘ (encoded from the Adj-RIB-Out when it reads again)
/// </code>
/// Routes do not go back to their source: a segment names the peer that skips it, and when a route moves from one member to another the new source is sent
/// a withdrawal of its own. Thus members differ only by which segments they skip. Owned by the speaker's loop.
/// </summary>
internal sealed class UpdateGroup
{
    private struct OutEntry
    {
        public int Attributes;

        // Index of the source, with the top bit for "changed by the export filter".
        public int Source;
    }

    private const int ModifiedBit = 1 << 30;
    private readonly RibTable _table;
    private readonly UpdateEncoder _encoder;
    private readonly ChunkedArray<OutEntry> _out = new();
    private readonly List<int> _bySource = [];
    private readonly List<GroupMember> _members = [];
    private readonly List<GroupMember> _slow = [];
    private readonly int _logLimit;

    // With ADD-PATH the Adj-RIB-Out is by path; otherwise an entry's index is its prefix.
    private readonly PathSlots? _paths;
    private TableDump? _dump;

    internal UpdateGroup(ExportPolicy policy, RibTable table, UpdateEncoder encoder, int logLimit)
    {
        Policy = policy;
        _table = table;
        _encoder = encoder;
        _logLimit = logLimit;
        _paths = policy.AddPath ? new PathSlots(table) : null;
    }

    internal ExportPolicy Policy { get; }
    internal UpdateLog Log { get; } = new();
    internal IReadOnlyList<GroupMember> Members => _members;
    internal int AdvertisedCount { get; private set; }

    /// <summary>Nobody has anything still before them.</summary>
    internal bool IsDrained { get; private set; } = true;

    internal int AdvertisedTo(int peer) => AdvertisedCount - (peer < _bySource.Count ? _bySource[peer] : 0);

    /// <summary>Takes the Loc-RIB as it is: for a group that was made while routes were there.</summary>
    internal void Load()
    {
        for (int prefix = 0; prefix < _table.IndexLimit; prefix++)
        {
            Consider(prefix);
            // Nobody has been told anything yet.
            _encoder.Discard();
        }
    }

    /// <summary>Evaluates and encodes changed prefixes.</summary>
    internal void Apply(List<int> changed)
    {
        _slow.RemoveAll(static m => !m.IsSlow);
        foreach (int prefix in changed) Consider(prefix);
        if (_encoder.IsEmpty) return;
        if (_members.Count == 0 || !AnyReader()) _encoder.Discard();
        else _encoder.Encode(Policy, Log);
        if (Log.Bytes > _logLimit) DetachSlowest();
    }

    private void Consider(int prefix)
    {
        if (_paths is null) Consider(prefix, prefix, 0, _table.BestPath(prefix));
        else _paths.Consider(prefix, Consider);
    }

    // Brings one entry up to date with the path that it stands for (-1: none), and notes what members have to be told.
    private void Consider(int slot, int prefix, uint pathId, int path)
    {
        if (!Evaluate(slot, prefix, path, out PendingUpdate old)) return;
        OutEntry now = _out[slot];
        int source = now.Attributes == 0 ? -1 : now.Source & ~ModifiedBit;
        if (now.Attributes == 0)
        {
            _encoder.Add(new PendingUpdate { Prefix = prefix, Slot = slot, PathId = pathId, Exclude = old.Source, Only = -1 });
        }
        else
        {
            _encoder.Add(Announcement(slot, prefix, pathId, now, source));
            // The new source had the old route and is not sent the new one.
            if (old.Attributes != 0 && old.Source != source && source != 0) _encoder.Add(new PendingUpdate { Prefix = prefix, Slot = slot, PathId = pathId, Exclude = -1, Only = source });
        }
        foreach (GroupMember m in _slow) m.OnChanged(slot);
    }

    private bool AnyReader()
    {
        foreach (GroupMember m in _members)
        {
            if (m.ReadsLog) return true;
        }
        return false;
    }

    private static PendingUpdate Announcement(int slot, int prefix, uint pathId, in OutEntry entry, int exclude) => new()
    {
        Prefix = prefix,
        Slot = slot,
        PathId = pathId,
        Attributes = entry.Attributes,
        Source = entry.Source & ~ModifiedBit,
        Modified = (entry.Source & ModifiedBit) != 0,
        Exclude = exclude,
        Only = -1,
    };

    /// <summary>Brings the Adj-RIB-Out entry up to date. True if it changed; then <paramref name="old"/> has what it was.</summary>
    private bool Evaluate(int slot, int prefix, int path, out PendingUpdate old)
    {
        int attributes = 0, source = 0;
        if (path >= 0)
        {
            ref RibTable.PathEntry p = ref _table.Path(path);
            attributes = Decide(prefix, p.Attributes, p.Peer, out bool modified);
            source = p.Peer | (modified ? ModifiedBit : 0);
        }
        _out.EnsureLength(Math.Max(slot + 1, _paths is null ? _table.IndexLimit : 0));
        ref OutEntry entry = ref _out[slot];
        old = new PendingUpdate { Attributes = entry.Attributes, Source = entry.Source & ~ModifiedBit };
        if (entry.Attributes == attributes && (attributes == 0 || entry.Source == source))
        {
            _table.Attributes.Release(attributes);
            return false;
        }
        if (entry.Attributes != 0) Count(old.Source, -1);
        _table.Attributes.Release(entry.Attributes);
        entry.Attributes = attributes;
        entry.Source = source;
        if (attributes != 0) Count(source & ~ModifiedBit, 1);
        return true;
    }

    private void Count(int source, int by)
    {
        while (_bySource.Count <= source) _bySource.Add(0);
        _bySource[source] += by;
        AdvertisedCount += by;
    }

    // The attributes that go out, with one reference for the caller; 0: none.
    private int Decide(int prefix, int attributes, int peer, out bool modified)
    {
        modified = false;
        RibPeer source = _table.Peer(peer);
        PathAttributes a = _table.Attributes[attributes];
        if (Policy.Filter is null)
        {
            if (Policy.Refuse(a, source) is not null) return 0;
        }
        else
        {
            if (Policy.Decide(NlriOf(prefix), a, source, out PathAttributes? changed) is not null) return 0;
            if (changed is not null)
            {
                modified = true;
                return _table.Attributes.Intern(changed);
            }
        }
        _table.Attributes.AddReference(attributes);
        return attributes;
    }

    internal Nlri NlriOf(int prefix)
    {
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        int length = _table.CopyKey(prefix, key);
        return new Nlri(KnownFamilies.Of(Policy.Family), key[..length].ToArray());
    }

    /// <summary>What a member is sent for a prefix: null if nothing.</summary>
    internal PathAttributes? Sent(int prefix, int peer) =>
        _paths is null ? SentIn(prefix, peer) : _paths.SlotsOf(prefix).Select(s => SentIn(s, peer)).FirstOrDefault(a => a is not null);

    /// <summary>The same by index of the Adj-RIB-Out.</summary>
    internal PathAttributes? SentIn(int slot, int peer)
    {
        if (slot >= _out.Length || _out[slot].Attributes == 0 || (_out[slot].Source & ~ModifiedBit) == peer) return null;
        return _table.Attributes[_out[slot].Attributes];
    }

    private int PrefixOf(int slot) => _paths is null ? slot : _paths.PrefixOf(slot);

    private uint PathIdOf(int slot) => _paths is null ? 0 : PathSlots.PathIdOf(slot);

    /// <summary>Adds a member, which first gets the table, then End-of-RIB, then changes.</summary>
    internal void Join(GroupMember member)
    {
        _members.Add(member);
        IsDrained = false;
        Resend(member);
    }

    /// <summary>Adds a member that comes from another group: it is told what differs, withdrawals included.</summary>
    internal void JoinFrom(GroupMember member, GroupMember before)
    {
        _members.Add(member);
        IsDrained = false;
        member.TakeOver(before);
        _slow.Add(member);
    }

    /// <summary>Sends the member everything again (RFC 2918); <paramref name="demarcate"/>: with the end of it marked (RFC 7313).</summary>
    internal void Resend(GroupMember member, bool demarcate = false)
    {
        IsDrained = false;
        // A dump that others are reading serves, unless much has changed since.
        if (_dump is null || _dump.Readers == 0 || Log.Bytes > 1 << 20)
        {
            Log.Seal();
            _dump = new TableDump(this, Log.End);
        }
        member.ReadDump(_dump, demarcate);
    }

    internal void Leave(GroupMember member)
    {
        member.Stop();
        _members.Remove(member);
    }

    /// <summary>Encodes entries from <paramref name="from"/> on into a dump; returns where to go on.</summary>
    internal int EncodeTable(UpdateLog log, int from, int most)
    {
        int to = Math.Min(_out.Length, from + most);
        for (int slot = from; slot < to; slot++)
        {
            OutEntry entry = _out[slot];
            if (entry.Attributes != 0) _encoder.Add(Announcement(slot, PrefixOf(slot), PathIdOf(slot), entry, entry.Source & ~ModifiedBit));
        }
        if (!_encoder.IsEmpty) _encoder.Encode(Policy, log);
        return to;
    }

    internal int TableEnd => _out.Length;

    /// <summary>Encodes the present state of some entries for one member.</summary>
    internal void EncodeSlots(UpdateLog log, int peer, ReadOnlySpan<int> slots)
    {
        foreach (int slot in slots)
        {
            OutEntry entry = slot < _out.Length ? _out[slot] : default;
            bool announce = entry.Attributes != 0 && (entry.Source & ~ModifiedBit) != peer;
            _encoder.Add(announce
                ? Announcement(slot, PrefixOf(slot), PathIdOf(slot), entry, -1)
                : new PendingUpdate { Prefix = PrefixOf(slot), Slot = slot, PathId = PathIdOf(slot), Exclude = -1, Only = -1 });
        }
        if (!_encoder.IsEmpty) _encoder.Encode(Policy, log);
    }

    // Members that hold the most of the log are served from the Adj-RIB-Out from now on.
    private void DetachSlowest()
    {
        while (Log.Bytes > _logLimit / 2)
        {
            long first = FirstNeeded();
            if (first >= Log.End) break;
            foreach (GroupMember m in _members)
            {
                if (!m.ReadsLog || m.FirstNeeded != first) continue;
                m.Detach();
                _slow.Add(m);
            }
            Trim();
        }
    }

    private long FirstNeeded()
    {
        long first = Log.End;
        foreach (GroupMember m in _members)
        {
            if (m.ReadsLog) first = Math.Min(first, m.FirstNeeded);
        }
        return first;
    }

    /// <summary>Forgets what all members have sent.</summary>
    internal void Trim()
    {
        bool drained = true;
        foreach (GroupMember m in _members) drained &= m.IsDrained;
        if (_dump is { Readers: 0 }) _dump = null;
        if (drained)
        {
            Log.Trim(Log.End);
            foreach (GroupMember m in _members) m.AtEnd();
            _paths?.Reclaim(slot => _out[slot].Attributes == 0);
        }
        else
        {
            Log.Trim(FirstNeeded());
        }
        IsDrained = drained;
    }

    /// <summary>Releases what the Adj-RIB-Out holds. The group is not used after.</summary>
    internal void Dispose()
    {
        for (int i = 0; i < _out.Length; i++)
        {
            _table.Attributes.Release(_out[i].Attributes);
            _out[i] = default;
        }
    }
}
