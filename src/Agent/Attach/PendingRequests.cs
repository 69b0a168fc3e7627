using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>Attach requests that wait for the server's first word or for a block, and the claims under way. Owned by the <see cref="AttachMachine"/>.</summary>
internal sealed class PendingRequests
{
    private readonly List<Entry> _waiting = [];
    private readonly HashSet<BlockClaim> _claims = [];
    private readonly HashSet<BlockClaim> _refused = [];

    private sealed record Entry(AttachAsked Asked, string Why, long Due, bool Watched);

    public long NextDue => _waiting.Count == 0 ? long.MaxValue : _waiting.Min(e => e.Due);

    /// <summary>The request waits, at most <paramref name="limit"/> after it came; <paramref name="why"/> is what its error will say then.</summary>
    public void Add(AttachAsked asked, string why, TimeProvider time, TimeSpan limit) =>
        _waiting.Add(new Entry(asked, why, DueOf(asked, time, limit), Watched: false));

    /// <summary>As <see cref="Add"/> for one that waits elsewhere: only its deadline is kept here.</summary>
    public void Watch(AttachAsked asked, TimeProvider time, TimeSpan limit) =>
        _waiting.Add(new Entry(asked, "the last attachment of this container and interface is still being taken away", DueOf(asked, time, limit), Watched: true));

    /// <summary>All that wait, to be looked at again; those that must wait on are added again.</summary>
    public IReadOnlyList<AttachAsked> TakeAll()
    {
        List<AttachAsked> taken = [.. _waiting.Where(e => !e.Watched && !e.Asked.Ticket.IsAnswered).Select(e => e.Asked)];
        _waiting.RemoveAll(e => !e.Watched || e.Asked.Ticket.IsAnswered);
        return taken;
    }

    public void Drop(AttachmentKey key, AgentError error)
    {
        foreach (Entry entry in _waiting.Where(e => e.Asked.Request.ContainerId == key.ContainerId && e.Asked.Request.Interface == key.Interface)) entry.Asked.Ticket.Refuse(error);
        _waiting.RemoveAll(e => e.Asked.Ticket.IsAnswered);
    }

    /// <summary>Refuses what has waited long enough.</summary>
    public void Expire(long now)
    {
        foreach (Entry entry in _waiting.Where(e => e.Due <= now)) entry.Asked.Ticket.Refuse(Errors.ServerUnreachable(entry.Why));
        _waiting.RemoveAll(e => e.Due <= now || e.Asked.Ticket.IsAnswered);
    }

    /// <summary>False when the same is asked already.</summary>
    public bool BeginClaim(BlockClaim claim) => _claims.Add(claim);

    public void EndClaim(BlockClaim claim, bool refused)
    {
        _claims.Remove(claim);
        if (refused) _refused.Add(claim);
        else _refused.Remove(claim);
    }

    /// <summary>The server said no when it was asked last: not to be asked again ahead of need.</summary>
    public bool WasRefused(BlockClaim claim) => _refused.Contains(claim);

    /// <summary>Pools or blocks have changed: what was refused may be given now.</summary>
    public void ForgetRefusals() => _refused.Clear();

    private static long DueOf(AttachAsked asked, TimeProvider time, TimeSpan limit) => asked.Ticket.Since + (long)(limit.TotalSeconds * time.TimestampFrequency);
}
