using Margay.Api.NodeSync;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>
/// Brings together what three places say of this node: journal, links that bear our mark, and the server's records. At start, and whenever the server
/// sends a whole view. Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class Takeover(
    AttachJournal journal, AttachmentTable attachments, PendingRequests pending, AddressSupply addresses, ServerStanding server, Detacher detacher,
    IAttachEffects effects, TimeProvider time)
{
    /// <summary>Sets every attachment of the journal on its way again.</summary>
    /// <param name="links">Endpoint id by name.</param>
    public void Recover(IReadOnlyDictionary<string, string> links, Func<string, ulong, bool> namespaceIsAlive)
    {
        foreach (AttachmentRecord record in journal.Attachments.Values.ToList())
        {
            Attachment attachment = attachments.Add(record);
            attachment.Link.State = links.GetValueOrDefault(record.HostInterface) == record.EndpointId ? Presence.Present : Presence.Absent;
            attachment.Endpoint.State = Presence.Present;
            if (attachment.Link.IsPresent && record.Phase == AttachmentPhase.Up)
            {
                attachment.Program.State = Presence.Present;
                effects.Program(record);
            }
            else if (record.Phase != AttachmentPhase.Up || !namespaceIsAlive(record.NetworkNamespace, record.NamespaceInode)) detacher.Leave(attachment);
        }
        server.NoteOrphans(links.Where(link => attachments.FindEndpoint(link.Value)?.Record.HostInterface != link.Key));
        addresses.Changed();
    }

    public void OnServerEndpoints(IReadOnlyList<EndpointView> endpoints)
    {
        HashSet<string> known = [.. endpoints.Select(e => e.Id)];
        server.Compare(endpoints.Where(e => attachments.FindEndpoint(e.Id) is null));
        foreach (Attachment attachment in attachments.All)
        {
            // The server lost it (an older backup, someone's delete): the workload is there, so is its record.
            if (attachment.Phase == AttachmentPhase.Up && !known.Contains(attachment.Record.EndpointId)) effects.WriteEndpoint(attachment.Record, attachment.Attempt);
        }
        Finish();
    }

    public void OnStrayRead(StrayEndpointRead read)
    {
        if (!server.Take(read.Id)) return;
        if (read.Error is not null) effects.Warn($"WorkloadEndpoint {read.Id} of this node is not in the journal and cannot be read: {read.Error}");
        else if (read.Endpoint is { } endpoint && Strays.ToRecord(endpoint) is { } record && attachments.Find(record.Key) is null) Adopt(record);
        Finish();
    }

    public void OnLinkLost(string hostInterface)
    {
        if (attachments.FindLink(hostInterface) is not { Phase: AttachmentPhase.Up, Link.IsPresent: true } attachment) return;
        attachment.Link.State = Presence.Absent;
        effects.ReportStatus(attachment.Record, up: false);
    }

    /// <summary>An attachment that the journal lost: kept when its link is there, else taken off the server.</summary>
    private void Adopt(AttachmentRecord record)
    {
        bool linkIsThere = server.ClaimLink(record.HostInterface, record.EndpointId);
        record = record with { Phase = linkIsThere ? AttachmentPhase.Up : AttachmentPhase.Leaving };
        IpamRecord allocated = new()
        {
            Operation = IpamOperation.Allocated,
            Network = record.Network,
            Handle = record.Key.ToString(),
            Addresses = record.Addresses,
            At = time.GetUtcNow(),
        };
        try
        {
            journal.Write(record, allocated);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            effects.Warn($"WorkloadEndpoint {record.EndpointId} cannot be taken over: {e.Message}");
            return;
        }
        Attachment attachment = attachments.Add(record);
        attachment.Link.State = linkIsThere ? Presence.Present : Presence.Absent;
        attachment.Endpoint.State = Presence.Present;
        effects.Warn($"WorkloadEndpoint {record.EndpointId} was not in the journal: {(linkIsThere ? "its interface is there, taken over" : "its interface is not there, deleted")}");
        if (!linkIsThere)
        {
            detacher.Leave(attachment);
            return;
        }
        attachment.Program.State = Presence.Present;
        effects.Program(record);
        addresses.Changed();
    }

    private void Finish()
    {
        if (!server.TryFinish(out IReadOnlyList<KeyValuePair<string, string>>? orphans)) return;
        foreach ((string link, string endpointId) in orphans) effects.RemoveLink(Strays.OfLink(link, endpointId), attempt: 0);
        pending.LookAgain();
        addresses.ClaimAhead();
    }
}
