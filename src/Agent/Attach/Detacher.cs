using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>
/// The way of an attachment to nothing, whatever sends it there: a request, a failure or a deadline while it was being made, a death. Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class Detacher(AttachOptions options, AttachmentTable attachments, PendingRequests pending, AddressSupply addresses, IAttachEffects effects, TimeProvider time)
{
    public void OnAsked(DetachAsked asked)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        AgentError tooLate = Errors.NotFound($"{key} was detached before it was attached");
        pending.Drop(key, tooLate);
        if (attachments.Find(key) is not { } attachment)
        {
            asked.Ticket.Succeed();
            return;
        }
        foreach (AttachAsked next in attachment.Next) next.Ticket.Refuse(tooLate);
        attachment.Next.Clear();
        attachment.Detaching.Add(asked.Ticket);
        if (attachment.Phase == AttachmentPhase.Preparing) attachment.Failure = Errors.NotFound($"{key} was detached while it was being attached");
        Leave(attachment);
    }

    /// <summary>An attach that cannot be finished is put back.</summary>
    public void Fail(Attachment attachment, AgentError error)
    {
        attachment.Failure ??= error;
        Leave(attachment);
    }

    /// <summary>One step nearer to nothing: whatever can be taken away now is set going. Called after every event of a leaving attachment.</summary>
    public void Leave(Attachment attachment)
    {
        if (attachment.Phase != AttachmentPhase.Leaving) Begin(attachment);
        AttachmentRecord record = attachment.Record;
        if (attachment.Program.BeginRemoval()) effects.Cut(record.EndpointId);
        if (attachment.Endpoint.BeginRemoval()) effects.DeleteEndpoint(record, attachment.Attempt);
        // The link goes after routes and filter entries: while a packet can still arrive it finds an endpoint, or nothing.
        if (attachment.Program.IsAbsent && attachment.Link.BeginRemoval()) effects.RemoveLink(record, attachment.Attempt);
        Answer(attachment);
        if (attachment.IsGone) Forget(attachment);
    }

    public void OnCut(Attachment attachment) => OnRemoved(attachment, attachment.Program, null, "");

    public void OnLinkRemoved(Attachment attachment, string? error) =>
        OnRemoved(attachment, attachment.Link, error, $"the link {attachment.Record.HostInterface} could not be removed");

    public void OnEndpointDeleted(Attachment attachment, string? error) =>
        OnRemoved(attachment, attachment.Endpoint, error, $"WorkloadEndpoint {attachment.Record.Namespace}/{attachment.Record.Name} could not be deleted");

    /// <summary>Those that wait for their next attempt need not wait longer.</summary>
    public void OnServerIsBack()
    {
        foreach (Attachment attachment in attachments.All.Where(a => a.Phase == AttachmentPhase.Leaving && a.Due != long.MaxValue).ToList()) Retry(attachment);
    }

    public void Retry(Attachment attachment)
    {
        attachment.Due = long.MaxValue;
        // Only what has failed: a second removal on its way might hit the next attachment of this name.
        attachment.Link.IsHeld = attachment.Endpoint.IsHeld = false;
        Leave(attachment);
    }

    private void Begin(Attachment attachment)
    {
        try
        {
            attachments.Write(attachment, AttachmentPhase.Leaving);
        }
        catch (IOException e)
        {
            // Without the line a restart finds it Preparing (and puts it back) or Up without a link; going on is right in both cases.
            effects.Warn($"the journal cannot be written: {e.Message}");
            attachment.Record = attachment.Record with { Phase = AttachmentPhase.Leaving };
        }
        attachment.Due = long.MaxValue;
    }

    private static void Answer(Attachment attachment)
    {
        if (attachment.Program.IsAbsent && attachment.Link.State != Presence.Coming)
        {
            foreach (Ticket ticket in attachment.Detaching) ticket.Succeed();
            attachment.Detaching.Clear();
        }
        if (attachment.IsGoneHere)
        {
            foreach (Ticket ticket in attachment.Attaching) ticket.Refuse(attachment.Failure ?? Errors.Internal("the attachment was put back"));
            attachment.Attaching.Clear();
        }
    }

    private void OnRemoved(Attachment attachment, Part part, string? error, string what)
    {
        if (!part.EndRemoval(failed: error is not null)) return;
        if (error is not null) TryAgain(attachment, $"{what}: {error}");
        Leave(attachment);
    }

    private void TryAgain(Attachment attachment, string why)
    {
        if (attachment.Failures++ == 0) effects.Warn($"{why}; it will be tried again until it is done");
        TimeSpan delay = options.RetryMinimum * Math.Pow(2, Math.Min(attachment.Failures - 1, 16));
        if (delay > options.RetryMaximum) delay = options.RetryMaximum;
        attachment.Due = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
    }

    private void Forget(Attachment attachment)
    {
        try
        {
            attachments.Forget(attachment);
        }
        catch (IOException e)
        {
            TryAgain(attachment, $"the journal cannot be written: {e.Message}");
            return;
        }
        foreach (AttachAsked next in attachment.Next) pending.LookAgain(next);
        pending.LookAgain(); // an address is free again
        addresses.Changed();
    }
}
