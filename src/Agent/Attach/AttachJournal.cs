using Margay.Agent.State;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>
/// What this node gave to whom, in a <see cref="RecordLog{T}"/>: written before a thing is done, so that after a death at any moment the next
/// life knows of everything that might be there. Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class AttachJournal : IDisposable
{
    /// <summary>A journal longer than this, and mostly history, is written anew.</summary>
    private const long CompactionSize = 1 << 20;

    private readonly RecordLog<JournalRecord> _log;
    private readonly Dictionary<AttachmentKey, AttachmentRecord> _attachments = [];
    private long _compacted;

    private AttachJournal(RecordLog<JournalRecord> log, BlockAllocator allocator)
    {
        _log = log;
        Allocator = allocator;
    }

    public BlockAllocator Allocator { get; }
    public IReadOnlyDictionary<AttachmentKey, AttachmentRecord> Attachments => _attachments;

    /// <summary>Reads what the last life left. <paramref name="damage"/> says what of it could not be used.</summary>
    public static AttachJournal Open(string path, BlockAllocator allocator, out IReadOnlyList<string> damage)
    {
        List<string> faults = [];
        RecordLog<JournalRecord> log = RecordLog<JournalRecord>.Open(path, JournalJsonContext.Default.JournalRecord, out IReadOnlyList<JournalRecord> records, out string? torn);
        if (torn is not null) faults.Add(torn);
        AttachJournal journal = new(log, allocator);
        for (int i = 0; i < records.Count; i++)
        {
            try
            {
                journal.Take(records[i]);
            }
            catch (Exception e) when (e is InvalidDataException or FormatException or ArgumentException)
            {
                faults.Add($"{path}: record {i + 1} contradicts those before it and is left out: {e.Message}");
            }
        }
        damage = faults;
        journal.Compact();
        return journal;
    }

    /// <summary>The attachment is so from now on. <see cref="IOException"/>: nothing has changed.</summary>
    public void Write(AttachmentRecord attachment, IpamRecord? ipam = null) => Write(new JournalRecord { Attachment = attachment, Ipam = ipam });

    /// <summary>Nothing of the attachment is left anywhere; its addresses are free.</summary>
    public void Forget(AttachmentKey key) =>
        Write(new JournalRecord { Forgotten = key.ToString(), Ipam = Allocator.PlanRelease(new(key.ContainerId, key.Interface)) });

    public void Write(IpamRecord ipam) => Write(new JournalRecord { Ipam = ipam });

    public bool NeedsFlush => _log.NeedsFlush;

    /// <summary>What was written before is on the disk when the task completes.</summary>
    public Task FlushAsync() => _log.FlushAsync();

    public void Dispose() => _log.Dispose();

    private void Write(JournalRecord record)
    {
        _log.Append(record);
        Take(record);
        if (_log.Length > CompactionSize && _log.Length > 4 * _compacted) Compact();
    }

    private void Take(JournalRecord record)
    {
        if (record.Ipam is not null) Allocator.Apply(record.Ipam);
        if (record.Attachment is { } attachment) _attachments[attachment.Key] = attachment;
        if (record.Forgotten is { } text && AllocationHandle.TryParse(text, out AllocationHandle handle)) _attachments.Remove(new(handle.ContainerId, handle.Interface));
    }

    private void Compact()
    {
        _log.Replace([
            .. Allocator.Snapshot().Select(ipam => new JournalRecord { Ipam = ipam }),
            .. _attachments.Values.Select(attachment => new JournalRecord { Attachment = attachment }),
        ]);
        _compacted = _log.Length;
    }
}
