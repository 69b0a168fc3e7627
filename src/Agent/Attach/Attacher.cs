using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Core.Net;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>The way of an attachment from the request to the answer. What goes wrong on it is put back by the <see cref="Detacher"/>. Owned by the <see cref="AttachMachine"/>.</summary>
internal sealed class Attacher(
    AttachOptions options, AttachJournal journal, AttachmentTable attachments, PendingRequests pending, AddressSupply addresses, ServerStanding server,
    Detacher detacher, IAttachEffects effects, TimeProvider time)
{
    /// <param name="answer">What the server said to the claim that the request waited for; null for a request that comes now.</param>
    public void OnAsked(AttachAsked asked, BlockClaimed? answer = null)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        if (attachments.Find(key) is { } attachment) AskedAgain(attachment, asked);
        else if (!server.IsCompared) addresses.Wait(asked, "the server has not answered since this agent started");
        else Begin(key, asked, answer);
    }

    /// <summary>The runtime repeats itself (it may have died meanwhile), or the last life of the key is not over.</summary>
    private void AskedAgain(Attachment attachment, AttachAsked asked)
    {
        AttachmentRecord record = attachment.Record;
        if (attachment.Phase == AttachmentPhase.Leaving)
        {
            attachment.Next.Add(asked);
            pending.Watch(asked);
        }
        else if (record.NetworkNamespace.Length > 0 && record.NetworkNamespace != asked.Request.NetworkNamespace)
            asked.Ticket.Refuse(Errors.NameCollision($"{attachment.Key} is attached already, in {record.NetworkNamespace}; detach it first"));
        else if (attachment.Phase == AttachmentPhase.Up && !attachment.Link.IsPresent)
            asked.Ticket.Refuse(Errors.NameCollision($"{attachment.Key} is attached, but its link {record.HostInterface} was removed; detach it first"));
        else if (attachment.Phase == AttachmentPhase.Up) asked.Ticket.Answer(ReplyOf(attachment, asked.Ticket));
        else attachment.Attaching.Add(asked.Ticket);
    }

    private void Begin(AttachmentKey key, AttachAsked asked, BlockClaimed? answer)
    {
        AttachmentRecord wanted = RecordOf(key, asked.Request);
        if (Taken(wanted) is { } taken)
        {
            asked.Ticket.Refuse(taken);
            return;
        }
        if (addresses.Take(key, asked, answer, out IReadOnlyList<InetAddress> given, out IpamRecord? ipam) is { } refusal)
        {
            asked.Ticket.Refuse(refusal);
            return;
        }
        if (given.Count == 0) return; // waits for a block

        AttachmentRecord made = wanted with { Addresses = [.. given.Select(a => a.ToString())], Mtu = MtuOf(wanted, asked.Request) };
        try
        {
            journal.Write(made, ipam);
        }
        catch (IOException e)
        {
            asked.Ticket.Refuse(Errors.Internal($"the journal cannot be written, so nothing was done: {e.Message}"));
            return;
        }
        Attachment attachment = attachments.Add(made);
        attachment.Attaching.Add(asked.Ticket);
        attachment.Due = asked.Ticket.Since + (long)(options.AttachTimeout.TotalSeconds * time.TimestampFrequency);
        attachment.Link.State = attachment.Endpoint.State = Presence.Coming;
        attachment.Times.Note("address", Elapsed(asked.Ticket.Since));
        effects.WriteEndpoint(made, attachment.Attempt);
        effects.MakeLink(made, attachment.Attempt);
        addresses.Changed();
    }

    /// <summary>What is asked for, without addresses.</summary>
    private AttachmentRecord RecordOf(AttachmentKey key, AttachRequest request) => new()
    {
        Phase = AttachmentPhase.Preparing,
        ContainerId = key.ContainerId,
        Interface = key.Interface,
        NetworkNamespace = request.NetworkNamespace,
        Network = AddressBook.NetworkOf(request).Value,
        Namespace = request.Namespace ?? "default",
        Name = Names.Endpoint(options.Node, request.Orchestrator ?? "cni", request.Workload ?? request.ContainerId, request.Interface),
        HostInterface = Names.HostInterface(key),
        Mac = request.Mac?.ToLowerInvariant() ?? Names.Mac(key).ToString(),
        Addresses = [],
        Orchestrator = request.Orchestrator ?? "cni",
        Workload = request.Workload ?? request.ContainerId,
        Labels = request.Labels,
        Profiles = request.Profiles,
        Ports = request.Ports,
    };

    // Known only when the network is: so not before the address is.
    private int? MtuOf(AttachmentRecord wanted, AttachRequest request) =>
        request.Mtu ?? (wanted.Network == "default" ? options.Mtu : addresses.MtuOf(wanted.Network, options.TunnelMtu));

    /// <summary>Why another attachment stands in the way of one of its names, or null.</summary>
    private AgentError? Taken(AttachmentRecord wanted)
    {
        if (attachments.FindEndpoint(wanted.EndpointId) is { } other)
        {
            return Errors.NameCollision($"WorkloadEndpoint {wanted.Namespace}/{wanted.Name} is that of container {other.Key.ContainerId}; detach that first, or name the workload differently")
                with { Retry = other.Phase == AttachmentPhase.Leaving };
        }
        return attachments.FindLink(wanted.HostInterface) is { } namesake
            ? Errors.NameCollision($"host interface {wanted.HostInterface} is that of {namesake.Key}, by an accident of their hashes; use another container id or interface name")
            : null;
    }

    public void OnLinkMade(Attachment attachment, LinkMade made)
    {
        attachment.Link.State = made.Error is null ? Presence.Present : Presence.Absent;
        attachment.Times.Note("link", made.Milliseconds);
        if (attachment.Phase != AttachmentPhase.Preparing)
        {
            detacher.Leave(attachment);
            return;
        }
        if (made.Error is not null)
        {
            detacher.Fail(attachment, made.Error);
            return;
        }
        attachment.Record = attachment.Record with { NamespaceInode = made.NamespaceInode };
        attachment.Program.State = Presence.Present;
        effects.Program(attachment.Record);
        Complete(attachment);
    }

    public void OnEndpointWritten(Attachment attachment, EndpointWritten written)
    {
        WriteOutcome outcome = written.Outcome;
        attachment.Times.Note("server", written.Milliseconds);
        // Without an answer it may be there: then it is to be deleted.
        if (outcome.Uid is not null) attachment.Record = attachment.Record with { Uid = outcome.Uid };
        attachment.Endpoint.State = outcome.Result is WriteResult.Written or WriteResult.Unreachable ? Presence.Present : Presence.Absent;
        if (attachment.Phase == AttachmentPhase.Leaving)
        {
            detacher.Leave(attachment);
            return;
        }
        attachment.Revision = outcome.Revision;
        if (attachment.Phase == AttachmentPhase.Up) return; // renewed
        AgentError? error = outcome.Result switch
        {
            WriteResult.Written => null,
            WriteResult.Unreachable => Errors.ServerUnreachable($"the server did not take the WorkloadEndpoint, so the interface was put back: {outcome.Message}"),
            WriteResult.Collision => Errors.NameCollision(outcome.Message),
            WriteResult.Conflict => Errors.NoAddress(outcome.Message, retry: true),
            _ => Errors.InvalidRequest(outcome.Message),
        };
        if (error is not null) detacher.Fail(attachment, error);
        else Complete(attachment);
    }

    public void OnInKernel(Attachment attachment, long revision)
    {
        attachment.KernelReason = null;
        attachment.ProgrammedRevision = revision;
        if (attachment.Phase == AttachmentPhase.Preparing) Complete(attachment);
    }

    public void OnTimeout(Attachment attachment)
    {
        string missing = (attachment.Link.State, attachment.Revision) switch
        {
            (Presence.Coming, _) => "the kernel has not made the link",
            (_, 0) => "the server has not taken the WorkloadEndpoint",
            _ when attachment.KernelReason is { } reason => $"the kernel refuses its routes or policy: {reason}",
            _ => "its policy has not come from the server, or is not in the kernel yet",
        };
        string away = server.Unreachable is null ? "" : $" (the server cannot be reached: {server.Unreachable})";
        detacher.Fail(attachment, Errors.Timeout($"not attached within {options.AttachTimeout.TotalSeconds:0} s, put back: {missing}{away}"));
    }

    /// <summary>Answers when everything is in place, and not before.</summary>
    private void Complete(Attachment attachment)
    {
        if (!attachment.Link.IsPresent || attachment.Revision == 0) return;
        if (!attachment.IsUpAndProgrammed)
        {
            attachment.Times.WaitingForKernelSince = time.GetTimestamp();
            return;
        }
        attachment.Times.Note("policy", attachment.Times.WaitingForKernelSince == 0 ? 0 : Elapsed(attachment.Times.WaitingForKernelSince));
        try
        {
            attachments.Write(attachment, AttachmentPhase.Up);
        }
        catch (IOException e)
        {
            detacher.Fail(attachment, Errors.Internal($"the journal cannot be written, so the interface was put back: {e.Message}"));
            return;
        }
        attachment.Due = long.MaxValue;
        foreach (Ticket ticket in attachment.Attaching) ticket.Answer(ReplyOf(attachment, ticket));
        attachment.Attaching.Clear();
        effects.ReportStatus(attachment.Record, up: true);
    }

    private AgentReply ReplyOf(Attachment attachment, Ticket ticket)
    {
        AttachmentRecord record = attachment.Record;
        attachment.Times.Note("total", Elapsed(ticket.Since));
        List<InetAddress> given = [.. record.InetAddresses];
        return new AgentReply
        {
            Attach = new AttachReply
            {
                Addresses = [.. given.Select(a => IpPrefix.Host(a).ToString())],
                HostInterface = record.HostInterface,
                Mac = record.Mac,
                HostMac = options.HostMac.ToString(),
                Ipv4Gateway = given.Exists(a => a.IsIPv4) ? options.Ipv4Gateway.ToString() : null,
                Ipv6Gateway = given.Exists(a => a.IsIPv6) ? options.Ipv6Gateway.ToString() : null,
                Mtu = record.Mtu ?? 1500,
                Endpoint = $"{record.Namespace}/{record.Name}",
                Timings = new Dictionary<string, double>(attachment.Times.Steps),
            },
        };
    }

    private double Elapsed(long since) => time.GetElapsedTime(since).TotalMilliseconds;
}
