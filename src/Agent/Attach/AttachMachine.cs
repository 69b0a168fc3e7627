using Margay.Core.Net;

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
// Who does what: Attacher the first way, Detacher the second, Takeover what a restart finds, AddressSupply addresses and blocks. They share the table of
// attachments, the requests that wait, and how it stands with the server.
//
// Everything here is synchronous and deterministic: events in, effects out. One loop owns it.

/// <summary>Gives each event to whom it concerns. Owned by one loop, and all its parts with it.</summary>
internal sealed class AttachMachine
{
    private readonly AddressBook _book;
    private readonly IAttachEffects _effects;
    private readonly TimeProvider _time;
    private readonly AttachmentTable _attachments;
    private readonly PendingRequests _pending;
    private readonly ServerStanding _server;
    private readonly AddressSupply _addresses;
    private readonly Detacher _detacher;
    private readonly Attacher _attacher;
    private readonly Takeover _takeover;

    public AttachMachine(AttachOptions options, AttachJournal journal, AddressBook addresses, IAttachEffects effects, TimeProvider time)
    {
        _book = addresses;
        _effects = effects;
        _time = time;
        _attachments = new AttachmentTable(journal);
        _pending = new PendingRequests(time, options.ServerTimeout);
        _server = new ServerStanding(effects);
        _addresses = new AddressSupply(addresses, journal, _pending, _server, effects);
        _detacher = new Detacher(options, _attachments, _pending, _addresses, effects, time);
        _attacher = new Attacher(options, journal, _attachments, _pending, _addresses, _server, _detacher, effects, time);
        _takeover = new Takeover(journal, _attachments, _pending, _addresses, _server, _detacher, effects, time);
    }

    /// <summary>When <see cref="Ticked"/> is due; <see cref="long.MaxValue"/> for never. A timestamp of the time provider.</summary>
    public long NextDue => Math.Min(_pending.NextDue, _attachments.NextDue);

    /// <summary>
    /// Takes up what the journal says, given the host-side links that bear our mark (<paramref name="links"/>: endpoint id by name) and a way to tell
    /// whether a namespace still is the one of the record. Before the first event.
    /// </summary>
    public void Recover(IReadOnlyDictionary<string, string> links, Func<string, ulong, bool> namespaceIsAlive) => _takeover.Recover(links, namespaceIsAlive);

    public void Handle(AttachEvent item)
    {
        switch (item)
        {
            case AttachAsked e: _attacher.OnAsked(e); break;
            case DetachAsked e: _detacher.OnAsked(e); break;
            case CheckAsked e: OnCheckAsked(e); break;
            case LinkMade e when _attachments.Find(e.Key, e.Attempt) is { } a: _attacher.OnLinkMade(a, e); break;
            case LinkRemoved e when _attachments.Find(e.Key, e.Attempt) is { } a: _detacher.OnLinkRemoved(a, e.Error); break;
            case EndpointWritten e when _attachments.Find(e.Key, e.Attempt) is { } a: _attacher.OnEndpointWritten(a, e); break;
            case EndpointDeleted e when _attachments.Find(e.Key, e.Attempt) is { } a: _detacher.OnEndpointDeleted(a, e.Error); break;
            case EndpointInKernel e when _attachments.FindEndpoint(e.Id) is { } a: _attacher.OnInKernel(a, e.Revision); break;
            case EndpointRefusedByKernel e when _attachments.FindEndpoint(e.Id) is { } a: a.KernelReason = e.Reason; break;
            case EndpointCut e when _attachments.FindEndpoint(e.Id) is { } a: _detacher.OnCut(a); break;
            case BlockClaimed e: _addresses.OnBlockClaimed(e); break;
            case AddressingChanged e: _addresses.OnAddressingChanged(e); break;
            case ServerEndpointsKnown e: _takeover.OnServerEndpoints(e.Endpoints); break;
            case StrayEndpointRead e: _takeover.OnStrayRead(e); break;
            case ServerReachability e: OnReachability(e); break;
            case LinkLost e: _takeover.OnLinkLost(e.HostInterface); break;
            case Ticked: OnTick(); break;
            case AttachInspected e: e.Answer.TrySetResult(Inspect()); break;
        }
        while (_pending.TryTakeReady(out AttachAsked? asked, out BlockClaimed? answer)) _attacher.OnAsked(asked, answer);
    }

    private void OnCheckAsked(CheckAsked asked)
    {
        if (AttachValidation.Check(asked.Request) is { } invalid)
        {
            asked.Ticket.Refuse(invalid);
            return;
        }
        AttachmentKey key = new(asked.Request.ContainerId, asked.Request.Interface);
        if (_attachments.Find(key) is not { Phase: AttachmentPhase.Up } attachment)
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
        else if (!attachment.IsUpAndProgrammed && _server.IsCompared) faults.Add("its policy is not in the kernel");
        if (faults.Count > 0) asked.Ticket.Refuse(Errors.CheckFailed($"{key}: {string.Join("; ", faults)}"));
        else _effects.CheckLink(attachment.Record, asked.Ticket);
    }

    private void OnReachability(ServerReachability e)
    {
        _server.Unreachable = e.Reachable ? null : e.Reason;
        if (!e.Reachable) return;
        _detacher.OnServerIsBack();
        _addresses.ClaimAhead();
    }

    private void OnTick()
    {
        long now = _time.GetTimestamp();
        foreach (Attachment attachment in _attachments.All.Where(a => a.Due <= now).ToList())
        {
            if (attachment.Phase == AttachmentPhase.Leaving) _detacher.Retry(attachment);
            else _attacher.OnTimeout(attachment);
        }
        _pending.Expire(now);
    }

    private AttachSnapshot Inspect() => new(
        [.. _attachments.All.OrderBy(a => a.Record.EndpointId, StringComparer.Ordinal).Select(a => new AttachmentRow(a.Record, a.Link.State, a.Endpoint.State, a.Revision, a.ProgrammedRevision, a.KernelReason))],
        [.. _book.Allocator.Blocks],
        _server.IsCompared);
}
