using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Ipam;

namespace Margay.Agent.Attach;

// The life of an attachment:
//
//   AttachAsked ─► address (own block, or claim one) ─► journal: Preparing ─┬─► veth in the workload ─► dataplane told ─┐
//                                                                           └─► WorkloadEndpoint at the server ─► view ─┴─► programmed ─► journal: Up ─► reply
//
//   DetachAsked, or any failure, deadline or death above
//               ─► journal: Leaving ─┬─► dataplane: routes and filter out ─► link removal queued ─► reply ─► link gone ─┐
//                                    └─► WorkloadEndpoint deleted (tried until done) ──────────────────────────────────┴─► journal: forgotten, address free
//
// So an address is free only when neither a link nor a record at the server holds it, and whatever exists outside has its line in the journal before.
// After a restart, Recover sets every attachment on its way again: Preparing is put back, Up adopted, Leaving continued. What the journal does not know
// (lost with its disk) is compared with the server's records as soon as there is a view: adopted where the link is there, deleted where it is not.
//
// Everything here is synchronous and deterministic: events in, effects out. One loop owns it.

/// <summary>Decides about attachments. Owned by one loop.</summary>
internal sealed class AttachMachine
{
    private readonly AttachOptions _options;
    private readonly AttachJournal _journal;
    private readonly AddressBook _addresses;
    private readonly IAttachEffects _effects;
    private readonly TimeProvider _time;
    private readonly Dictionary<AttachmentKey, Attachment> _attachments = [];
    private readonly Dictionary<string, Attachment> _byEndpoint = [];
    private readonly PendingRequests _pending = new();
    private readonly ServerComparison _server;
    private long _attempts;
    private string? _unreachable;

    // While requests that waited for a block are looked at again: the server's answer.
    private BlockClaimed? _answered;

    public AttachMachine(AttachOptions options, AttachJournal journal, AddressBook addresses, IAttachEffects effects, TimeProvider time)
    {
        _options = options;
        _journal = journal;
        _addresses = addresses;
        _effects = effects;
        _time = time;
        _server = new ServerComparison(effects);
    }

    /// <summary>When <see cref="Ticked"/> is due; <see cref="long.MaxValue"/> for never. A timestamp of the time provider.</summary>
    public long NextDue => Math.Min(_pending.NextDue, _attachments.Count == 0 ? long.MaxValue : _attachments.Values.Min(a => a.Due));

    /// <summary>
    /// Takes up what the journal says, given the host-side links that bear our mark (<paramref name="links"/>: endpoint id by name) and a way to tell
    /// whether a namespace still is the one of the record. Before the first event.
    /// </summary>
    public void Recover(IReadOnlyDictionary<string, string> links, Func<string, ulong, bool> namespaceIsAlive)
    {
        foreach (AttachmentRecord record in _journal.Attachments.Values.ToList())
        {
            Attachment attachment = Add(new Attachment(record, ++_attempts));
            attachment.Link = links.GetValueOrDefault(record.HostInterface) == record.EndpointId ? Presence.Present : Presence.Absent;
            attachment.Endpoint = Presence.Present;
            if (attachment.Link == Presence.Present && record.Phase == AttachmentPhase.Up)
            {
                attachment.Program = Presence.Present;
                _effects.Program(record);
            }
            else if (record.Phase != AttachmentPhase.Up || !namespaceIsAlive(record.NetworkNamespace, record.NamespaceInode)) Leave(attachment);
        }
        _server.NoteOrphans(links.Where(link => _byEndpoint.GetValueOrDefault(link.Value)?.Record.HostInterface != link.Key));
        _effects.AddressesChanged(_addresses.Snapshot());
    }

    public void Handle(AttachEvent item)
    {
        switch (item)
        {
            case AttachAsked e: OnAttachAsked(e); break;
            case DetachAsked e: OnDetachAsked(e); break;
            case CheckAsked e: OnCheckAsked(e); break;
            case LinkMade e when Find(e.Key, e.Attempt) is { } a: OnLinkMade(a, e); break;
            case LinkRemoved e when Find(e.Key, e.Attempt) is { } a: OnLinkRemoved(a, e); break;
            case EndpointWritten e when Find(e.Key, e.Attempt) is { } a: OnEndpointWritten(a, e); break;
            case EndpointDeleted e when Find(e.Key, e.Attempt) is { } a: OnEndpointDeleted(a, e); break;
            case EndpointInKernel e when _byEndpoint.GetValueOrDefault(e.Id) is { } a: OnInKernel(a, e.Revision); break;
            case EndpointRefusedByKernel e when _byEndpoint.GetValueOrDefault(e.Id) is { } a: a.KernelReason = e.Reason; break;
            case EndpointCut e when _byEndpoint.GetValueOrDefault(e.Id) is { } a: OnCut(a); break;
            case BlockClaimed e: OnBlockClaimed(e); break;
            case AddressingChanged e: OnAddressingChanged(e); break;
            case ServerEndpointsKnown e: OnServerEndpoints(e.Endpoints); break;
            case StrayEndpointRead e: OnStrayRead(e); break;
            case ServerReachability e: OnReachability(e); break;
            case LinkLost e: OnLinkLost(e.HostInterface); break;
            case Ticked: OnTick(); break;
            case AttachInspected e: e.Answer.TrySetResult(Inspect()); break;
        }
    }

    // ---- attaching ----

    private void OnAttachAsked(AttachAsked asked)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        if (_attachments.TryGetValue(key, out Attachment? attachment)) AskedAgain(attachment, asked);
        else if (!_server.IsDone) Wait(asked, "the server has not answered since this agent started");
        else Begin(key, asked);
    }

    /// <summary>The runtime repeats itself (it may have died meanwhile), or the last life of the key is not over.</summary>
    private void AskedAgain(Attachment attachment, AttachAsked asked)
    {
        AttachmentRecord record = attachment.Record;
        if (attachment.Phase == AttachmentPhase.Leaving)
        {
            attachment.Next.Add(asked);
            _pending.Watch(asked, _time, _options.ServerTimeout);
        }
        else if (record.NetworkNamespace.Length > 0 && record.NetworkNamespace != asked.Request.NetworkNamespace)
            asked.Ticket.Refuse(Errors.NameCollision($"{attachment.Key} is attached already, in {record.NetworkNamespace}; detach it first"));
        else if (attachment.Phase == AttachmentPhase.Up && attachment.Link != Presence.Present)
            asked.Ticket.Refuse(Errors.NameCollision($"{attachment.Key} is attached, but its link {record.HostInterface} was removed; detach it first"));
        else if (attachment.Phase == AttachmentPhase.Up) asked.Ticket.Answer(ReplyOf(attachment, asked.Ticket));
        else attachment.Attaching.Add(asked.Ticket);
    }

    private void Begin(AttachmentKey key, AttachAsked asked)
    {
        AttachRequest request = asked.Request;
        string hostInterface = Names.HostInterface(key);
        string name = Names.Endpoint(_options.Node, request.Orchestrator ?? "cni", request.Workload ?? request.ContainerId, request.Interface);
        string id = $"{request.Network ?? "default"}/{request.Namespace ?? "default"}/{name}";
        if (_byEndpoint.TryGetValue(id, out Attachment? other))
        {
            asked.Ticket.Refuse(Errors.NameCollision($"WorkloadEndpoint {request.Namespace ?? "default"}/{name} is that of container {other.Key.ContainerId}; detach that first, or name the workload differently")
                with { Retry = other.Phase == AttachmentPhase.Leaving });
            return;
        }
        if (_attachments.Values.FirstOrDefault(a => a.Record.HostInterface == hostInterface) is { } namesake)
        {
            asked.Ticket.Refuse(Errors.NameCollision($"host interface {hostInterface} is that of {namesake.Key}, by an accident of their hashes; use another container id or interface name"));
            return;
        }
        if (TakeAddresses(key, asked, out IReadOnlyList<InetAddress> addresses, out IpamRecord? record) is { } refusal)
        {
            asked.Ticket.Refuse(refusal);
            return;
        }
        if (addresses.Count == 0) return; // waits for a block

        AttachmentRecord made = new()
        {
            Phase = AttachmentPhase.Preparing,
            ContainerId = key.ContainerId,
            Interface = key.Interface,
            NetworkNamespace = request.NetworkNamespace,
            Network = request.Network ?? "default",
            Namespace = request.Namespace ?? "default",
            Name = name,
            HostInterface = hostInterface,
            Mac = request.Mac?.ToLowerInvariant() ?? Names.Mac(key).ToString(),
            Addresses = [.. addresses.Select(a => a.ToString())],
            Mtu = request.Mtu ?? _options.Mtu,
            Orchestrator = request.Orchestrator ?? "cni",
            Workload = request.Workload ?? request.ContainerId,
            Labels = request.Labels,
            Profiles = request.Profiles,
            Ports = request.Ports,
        };
        try
        {
            _journal.Write(made, record);
        }
        catch (IOException e)
        {
            asked.Ticket.Refuse(Errors.Internal($"the journal cannot be written, so nothing was done: {e.Message}"));
            return;
        }
        Attachment attachment = Add(new Attachment(made, ++_attempts));
        attachment.Attaching.Add(asked.Ticket);
        attachment.Due = asked.Ticket.Since + Ticks(_options.AttachTimeout);
        attachment.Link = attachment.Endpoint = Presence.Coming;
        attachment.Times.Note("address", Elapsed(asked.Ticket.Since));
        _effects.WriteEndpoint(made, attachment.Attempt);
        _effects.MakeLink(made, attachment.Attempt);
        ChangedAddresses();
    }

    /// <summary>Addresses and their journal line; none when the request now waits for a block; an error when there will be none.</summary>
    private AgentError? TakeAddresses(AttachmentKey key, AttachAsked asked, out IReadOnlyList<InetAddress> addresses, out IpamRecord? record)
    {
        addresses = [];
        record = null;
        if (_addresses.Translate(asked.Request, key, out AllocationRequest allocation) is { } error) return error;
        AllocationPlan plan = _addresses.Allocator.Plan(allocation);
        if (plan.NeedsBlock)
        {
            List<BlockClaim> claims = [.. AddressBook.ClaimsFor(allocation, plan)];
            if (_answered is { } answered && claims.Contains(answered.Claim))
                return answered.Error ?? Errors.NoAddress($"{plan.Refusal}; the server gave block {answered.Block?.Cidr}, which does not help", retry: true);
            Wait(asked, $"the server has not given this node an address block ({plan.Refusal})");
            foreach (BlockClaim claim in claims) Claim(claim);
            return null;
        }
        if (plan.Refusal is not null) return Errors.NoAddress(plan.Refusal, retry: false);
        addresses = plan.Addresses;
        record = plan.Record;
        return null;
    }

    private void OnLinkMade(Attachment attachment, LinkMade made)
    {
        attachment.Link = made.Error is null ? Presence.Present : Presence.Absent;
        attachment.Times.Note("link", made.Milliseconds);
        if (attachment.Phase != AttachmentPhase.Preparing)
        {
            Leave(attachment);
            return;
        }
        if (made.Error is not null)
        {
            Fail(attachment, made.Error);
            return;
        }
        attachment.Record = attachment.Record with { NamespaceInode = made.NamespaceInode };
        attachment.Program = Presence.Present;
        _effects.Program(attachment.Record);
        Complete(attachment);
    }

    private void OnEndpointWritten(Attachment attachment, EndpointWritten written)
    {
        WriteOutcome outcome = written.Outcome;
        attachment.Times.Note("server", written.Milliseconds);
        // Without an answer it may be there: then it is to be deleted.
        attachment.Endpoint = outcome.Result is WriteResult.Written or WriteResult.Unreachable ? Presence.Present : Presence.Absent;
        if (attachment.Phase == AttachmentPhase.Leaving)
        {
            Leave(attachment);
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
        if (error is not null) Fail(attachment, error);
        else Complete(attachment);
    }

    private void OnInKernel(Attachment attachment, long revision)
    {
        attachment.KernelReason = null;
        attachment.ProgrammedRevision = revision;
        if (attachment.Phase == AttachmentPhase.Preparing) Complete(attachment);
    }

    /// <summary>Answers when everything is in place, and not before.</summary>
    private void Complete(Attachment attachment)
    {
        if (attachment.Link != Presence.Present || attachment.Revision == 0) return;
        if (!attachment.IsUpAndProgrammed)
        {
            attachment.Times.WaitingForKernelSince = _time.GetTimestamp();
            return;
        }
        attachment.Times.Note("policy", attachment.Times.WaitingForKernelSince == 0 ? 0 : Elapsed(attachment.Times.WaitingForKernelSince));
        try
        {
            Write(attachment, AttachmentPhase.Up);
        }
        catch (IOException e)
        {
            Fail(attachment, Errors.Internal($"the journal cannot be written, so the interface was put back: {e.Message}"));
            return;
        }
        attachment.Due = long.MaxValue;
        foreach (Ticket ticket in attachment.Attaching) ticket.Answer(ReplyOf(attachment, ticket));
        attachment.Attaching.Clear();
        _effects.ReportStatus(attachment.Record, up: true);
    }

    private AgentReply ReplyOf(Attachment attachment, Ticket ticket)
    {
        AttachmentRecord record = attachment.Record;
        attachment.Times.Note("total", Elapsed(ticket.Since));
        List<InetAddress> addresses = [.. record.InetAddresses];
        return new AgentReply
        {
            Attach = new AttachReply
            {
                Addresses = [.. addresses.Select(a => IpPrefix.Host(a).ToString())],
                HostInterface = record.HostInterface,
                Mac = record.Mac,
                HostMac = _options.HostMac.ToString(),
                Ipv4Gateway = addresses.Exists(a => a.IsIPv4) ? _options.Ipv4Gateway.ToString() : null,
                Ipv6Gateway = addresses.Exists(a => a.IsIPv6) ? _options.Ipv6Gateway.ToString() : null,
                Mtu = record.Mtu ?? 1500,
                Endpoint = $"{record.Namespace}/{record.Name}",
                Timings = new Dictionary<string, double>(attachment.Times.Steps),
            },
        };
    }

    // ---- detaching ----

    private void OnDetachAsked(DetachAsked asked)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        _pending.Drop(key, Errors.NotFound($"{key} was detached before it was attached"));
        if (!_attachments.TryGetValue(key, out Attachment? attachment))
        {
            asked.Ticket.Succeed();
            return;
        }
        foreach (AttachAsked next in attachment.Next) next.Ticket.Refuse(Errors.NotFound($"{key} was detached before it was attached"));
        attachment.Next.Clear();
        attachment.Detaching.Add(asked.Ticket);
        if (attachment.Phase == AttachmentPhase.Preparing) attachment.Failure = Errors.NotFound($"{key} was detached while it was being attached");
        Leave(attachment);
    }

    private void Fail(Attachment attachment, AgentError error)
    {
        attachment.Failure ??= error;
        Leave(attachment);
    }

    /// <summary>One step nearer to nothing: whatever can be taken away now is set going. Called after every event of a leaving attachment.</summary>
    private void Leave(Attachment attachment)
    {
        if (attachment.Phase != AttachmentPhase.Leaving)
        {
            try
            {
                Write(attachment, AttachmentPhase.Leaving);
            }
            catch (IOException e)
            {
                // Without the line a restart finds it Preparing (and puts it back) or Up without a link; going on is right in both cases.
                _effects.Warn($"the journal cannot be written: {e.Message}");
                attachment.Record = attachment.Record with { Phase = AttachmentPhase.Leaving };
            }
            attachment.Due = long.MaxValue;
        }
        if (attachment.Program == Presence.Present)
        {
            attachment.Program = Presence.Going;
            _effects.Cut(attachment.Record.EndpointId);
        }
        if (attachment.Endpoint == Presence.Present && !attachment.EndpointIsHeld)
        {
            attachment.Endpoint = Presence.Going;
            _effects.DeleteEndpoint(attachment.Record, attachment.Attempt);
        }
        // The link goes after routes and filter entries: while a packet can still arrive it finds an endpoint, or nothing.
        if (attachment.Link == Presence.Present && attachment.Program == Presence.Absent && !attachment.LinkIsHeld)
        {
            attachment.Link = Presence.Going;
            _effects.RemoveLink(attachment.Record, attachment.Attempt);
        }
        AnswerLeaving(attachment);
        if (attachment.IsGone) Forget(attachment);
    }

    private static void AnswerLeaving(Attachment attachment)
    {
        bool cut = attachment.Program == Presence.Absent && attachment.Link != Presence.Coming;
        if (cut)
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

    private void OnCut(Attachment attachment)
    {
        if (attachment.Program != Presence.Going) return;
        attachment.Program = Presence.Absent;
        Leave(attachment);
    }

    private void OnLinkRemoved(Attachment attachment, LinkRemoved removed)
    {
        if (attachment.Link != Presence.Going) return;
        attachment.Link = removed.Error is null ? Presence.Absent : Presence.Present;
        if (removed.Error is not null)
        {
            attachment.LinkIsHeld = true;
            TryAgain(attachment, $"the link {attachment.Record.HostInterface} could not be removed: {removed.Error}");
        }
        Leave(attachment);
    }

    private void OnEndpointDeleted(Attachment attachment, EndpointDeleted deleted)
    {
        if (attachment.Endpoint != Presence.Going) return;
        attachment.Endpoint = deleted.Error is null ? Presence.Absent : Presence.Present;
        if (deleted.Error is not null)
        {
            attachment.EndpointIsHeld = true;
            TryAgain(attachment, $"WorkloadEndpoint {attachment.Record.Namespace}/{attachment.Record.Name} could not be deleted: {deleted.Error}");
        }
        Leave(attachment);
    }

    private void TryAgain(Attachment attachment, string why)
    {
        if (attachment.Failures++ == 0) _effects.Warn($"{why}; it will be tried again until it is done");
        TimeSpan delay = _options.RetryMinimum * Math.Pow(2, Math.Min(attachment.Failures - 1, 16));
        attachment.Due = _time.GetTimestamp() + Ticks(delay < _options.RetryMaximum ? delay : _options.RetryMaximum);
    }

    private void Retry(Attachment attachment)
    {
        attachment.Due = long.MaxValue;
        // Only what has failed: a second removal on its way might hit the next attachment of this name.
        attachment.LinkIsHeld = attachment.EndpointIsHeld = false;
        Leave(attachment);
    }

    private void Forget(Attachment attachment)
    {
        try
        {
            _journal.Forget(attachment.Key);
        }
        catch (IOException e)
        {
            TryAgain(attachment, $"the journal cannot be written: {e.Message}");
            return;
        }
        _attachments.Remove(attachment.Key);
        _byEndpoint.Remove(attachment.Record.EndpointId);
        ChangedAddresses();
        foreach (AttachAsked next in attachment.Next)
            if (!next.Ticket.IsAnswered) OnAttachAsked(next);
        foreach (AttachAsked waiting in _pending.TakeAll()) OnAttachAsked(waiting); // an address is free again
    }

    // ---- checking ----

    private void OnCheckAsked(CheckAsked asked)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        if (!_attachments.TryGetValue(key, out Attachment? attachment) || attachment.Phase != AttachmentPhase.Up)
        {
            asked.Ticket.Refuse(Errors.CheckFailed($"{key} is not attached"));
            return;
        }
        List<string> faults = [];
        if (asked.Request.Addresses is { } expected)
        {
            HashSet<InetAddress> have = [.. attachment.Record.InetAddresses];
            faults.AddRange(expected.Where(text => AttachValidation.TryParseHost(text, out InetAddress a) && !have.Contains(a)).Select(text => $"it does not have the address {text}"));
        }
        if (attachment.KernelReason is { } reason) faults.Add($"the kernel refuses its routes or policy: {reason}");
        else if (!attachment.IsUpAndProgrammed && _server.IsDone) faults.Add("its policy is not in the kernel");
        if (faults.Count > 0) asked.Ticket.Refuse(Errors.CheckFailed($"{key}: {string.Join("; ", faults)}"));
        else _effects.CheckLink(attachment.Record, asked.Ticket);
    }

    // ---- addresses ----

    private void Wait(AttachAsked asked, string why)
    {
        if (_unreachable is not null) why = $"{why}; it cannot be reached: {_unreachable}";
        _pending.Add(asked, why, _time, _options.ServerTimeout);
    }

    private void Claim(BlockClaim claim)
    {
        if (_server.IsDone && _pending.BeginClaim(claim)) _effects.ClaimBlock(claim);
    }

    private void OnBlockClaimed(BlockClaimed claimed)
    {
        bool changed = false;
        if (claimed.Block is not null && _addresses.Plan(claimed.Block) is { } record) changed = TryJournal(record);
        _pending.EndClaim(claimed.Claim, refused: claimed.Error is not null);
        _answered = claimed;
        foreach (AttachAsked waiting in _pending.TakeAll()) OnAttachAsked(waiting);
        _answered = null;
        if (changed) ChangedAddresses();
    }

    private void OnAddressingChanged(AddressingChanged e)
    {
        bool changed = false;
        foreach (IpamRecord record in _addresses.Plan(e.Pools, e.Blocks).ToList()) changed |= TryJournal(record);
        if (changed) ChangedAddresses();
        _pending.ForgetRefusals();
        foreach (AttachAsked waiting in _pending.TakeAll()) OnAttachAsked(waiting);
        ClaimAhead();
    }

    private void ChangedAddresses()
    {
        _effects.AddressesChanged(_addresses.Snapshot());
        ClaimAhead();
    }

    private void ClaimAhead()
    {
        if (!_server.IsDone || _unreachable is not null) return;
        foreach (BlockClaim claim in _addresses.ClaimsAhead().Where(c => !_pending.WasRefused(c))) Claim(claim);
    }

    private bool TryJournal(IpamRecord record)
    {
        try
        {
            _journal.Write(record);
            return true;
        }
        catch (IOException e)
        {
            _effects.Warn($"the journal cannot be written: {e.Message}");
            return false;
        }
    }

    // ---- the server's side ----

    private void OnReachability(ServerReachability e)
    {
        _unreachable = e.Reachable ? null : e.Reason;
        if (!e.Reachable) return;
        foreach (Attachment attachment in _attachments.Values.Where(a => a.Phase == AttachmentPhase.Leaving && a.Due != long.MaxValue).ToList()) Retry(attachment);
        ClaimAhead();
    }

    private void OnServerEndpoints(IReadOnlyList<EndpointView> endpoints)
    {
        HashSet<string> known = [.. endpoints.Select(e => e.Id)];
        _server.Compare(endpoints.Where(e => !_byEndpoint.ContainsKey(e.Id)));
        foreach (Attachment attachment in _attachments.Values)
        {
            // The server lost it (an older backup, someone's delete): the workload is there, so is its record.
            if (attachment.Phase == AttachmentPhase.Up && !known.Contains(attachment.Record.EndpointId)) _effects.WriteEndpoint(attachment.Record, attachment.Attempt);
        }
        CompareDone();
    }

    private void OnStrayRead(StrayEndpointRead read)
    {
        if (!_server.Take(read.Id)) return;
        if (read.Error is not null) _effects.Warn($"WorkloadEndpoint {read.Id} of this node is not in the journal and cannot be read: {read.Error}");
        else if (read.Endpoint is { } endpoint && Strays.ToRecord(endpoint) is { } record && !_attachments.ContainsKey(record.Key)) Adopt(record);
        CompareDone();
    }

    /// <summary>An attachment that the journal lost: kept when its link is there, else taken off the server.</summary>
    private void Adopt(AttachmentRecord record)
    {
        bool linkIsThere = _server.ClaimLink(record.HostInterface, record.EndpointId);
        record = record with { Phase = linkIsThere ? AttachmentPhase.Up : AttachmentPhase.Leaving };
        IpamRecord allocated = new()
        {
            Operation = IpamOperation.Allocated,
            Network = record.Network,
            Handle = record.Key.ToString(),
            Addresses = record.Addresses,
            At = _time.GetUtcNow(),
        };
        try
        {
            _journal.Write(record, allocated);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            _effects.Warn($"WorkloadEndpoint {record.EndpointId} cannot be taken over: {e.Message}");
            return;
        }
        Attachment attachment = Add(new Attachment(record, ++_attempts) { Link = linkIsThere ? Presence.Present : Presence.Absent, Endpoint = Presence.Present });
        _effects.Warn($"WorkloadEndpoint {record.EndpointId} was not in the journal: {(linkIsThere ? "its interface is there, taken over" : "its interface is not there, deleted")}");
        if (!linkIsThere)
        {
            Leave(attachment);
            return;
        }
        attachment.Program = Presence.Present;
        _effects.Program(record);
        ChangedAddresses();
    }

    private void CompareDone()
    {
        if (!_server.TryFinish(out IReadOnlyList<KeyValuePair<string, string>>? orphans)) return;
        foreach ((string link, string endpointId) in orphans) _effects.RemoveLink(Strays.OfLink(link, endpointId), attempt: 0);
        foreach (AttachAsked waiting in _pending.TakeAll()) OnAttachAsked(waiting);
        ClaimAhead();
    }

    private void OnLinkLost(string hostInterface)
    {
        Attachment? attachment = _attachments.Values.FirstOrDefault(a => a.Record.HostInterface == hostInterface);
        if (attachment is not { Phase: AttachmentPhase.Up, Link: Presence.Present }) return;
        attachment.Link = Presence.Absent;
        _effects.ReportStatus(attachment.Record, up: false);
    }

    // ---- the rest ----

    private void OnTick()
    {
        long now = _time.GetTimestamp();
        foreach (Attachment attachment in _attachments.Values.Where(a => a.Due <= now).ToList())
        {
            if (attachment.Phase == AttachmentPhase.Leaving) Retry(attachment);
            else Fail(attachment, Errors.Timeout(WhatIsMissing(attachment)));
        }
        _pending.Expire(now);
    }

    private string WhatIsMissing(Attachment attachment)
    {
        string missing = (attachment.Link, attachment.Revision) switch
        {
            (Presence.Coming, _) => "the kernel has not made the link",
            (_, 0) => "the server has not taken the WorkloadEndpoint",
            _ when attachment.KernelReason is { } reason => $"the kernel refuses its routes or policy: {reason}",
            _ => "its policy has not come from the server, or is not in the kernel yet",
        };
        string server = _unreachable is null ? "" : $" (the server cannot be reached: {_unreachable})";
        return $"not attached within {_options.AttachTimeout.TotalSeconds:0} s, put back: {missing}{server}";
    }

    private AttachSnapshot Inspect() => new(
        [.. _attachments.Values.OrderBy(a => a.Record.EndpointId, StringComparer.Ordinal).Select(a => new AttachmentRow(a.Record, a.Link, a.Endpoint, a.Revision, a.ProgrammedRevision, a.KernelReason))],
        [.. _addresses.Allocator.Blocks],
        _server.IsDone);

    private Attachment Add(Attachment attachment)
    {
        _attachments[attachment.Key] = attachment;
        _byEndpoint[attachment.Record.EndpointId] = attachment;
        return attachment;
    }

    private Attachment? Find(AttachmentKey key, long attempt) => _attachments.GetValueOrDefault(key) is { } a && a.Attempt == attempt ? a : null;

    private void Write(Attachment attachment, AttachmentPhase phase)
    {
        AttachmentRecord record = attachment.Record with { Phase = phase };
        _journal.Write(record);
        attachment.Record = record;
    }

    private double Elapsed(long since) => _time.GetElapsedTime(since).TotalMilliseconds;

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
