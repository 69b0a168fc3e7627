namespace Margay.Agent.Attach;

/// <summary>The attachments of this host by each of their names, and their lines in the journal. Owned by the <see cref="AttachMachine"/>.</summary>
internal sealed class AttachmentTable(AttachJournal journal)
{
    private readonly Dictionary<AttachmentKey, Attachment> _byKey = [];
    private readonly Dictionary<string, Attachment> _byEndpoint = [];
    private readonly Dictionary<string, Attachment> _byLink = [];
    private long _attempts;

    public IReadOnlyCollection<Attachment> All => _byKey.Values;

    /// <summary>When the first of them wants to be looked at; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDue => _byKey.Count == 0 ? long.MaxValue : _byKey.Values.Min(a => a.Due);

    public Attachment? Find(AttachmentKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>Only in that life of the key.</summary>
    public Attachment? Find(AttachmentKey key, long attempt) => Find(key) is { } a && a.Attempt == attempt ? a : null;

    /// <param name="id">NETWORK/NAMESPACE/NAME.</param>
    public Attachment? FindEndpoint(string id) => _byEndpoint.GetValueOrDefault(id);

    public Attachment? FindLink(string hostInterface) => _byLink.GetValueOrDefault(hostInterface);

    /// <summary>Takes up what the journal has a line of already.</summary>
    public Attachment Add(AttachmentRecord record)
    {
        Attachment attachment = new(record, ++_attempts);
        _byKey[attachment.Key] = attachment;
        _byEndpoint[record.EndpointId] = attachment;
        _byLink[record.HostInterface] = attachment;
        return attachment;
    }

    /// <summary>The attachment is in this phase from now on. <see cref="IOException"/>: nothing has changed.</summary>
    public void Write(Attachment attachment, AttachmentPhase phase)
    {
        AttachmentRecord record = attachment.Record with { Phase = phase };
        journal.Write(record);
        attachment.Record = record;
    }

    /// <summary>Nothing of it is left anywhere: its addresses are free. <see cref="IOException"/>: nothing has changed.</summary>
    public void Forget(Attachment attachment)
    {
        journal.Forget(attachment.Key);
        _byKey.Remove(attachment.Key);
        _byEndpoint.Remove(attachment.Record.EndpointId);
        _byLink.Remove(attachment.Record.HostInterface);
    }
}
