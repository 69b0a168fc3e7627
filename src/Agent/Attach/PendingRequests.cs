using System.Diagnostics.CodeAnalysis;
using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>
/// Attach requests that wait for the server's first word, for a block, or for the end of their key's last life. What they wait for makes them ready;
/// the machine looks at the ready ones after the event that made them so. Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class PendingRequests(TimeProvider time, TimeSpan limit)
{
    private readonly List<Entry> _waiting = [];
    private readonly Queue<Ready> _ready = new();

    private sealed record Entry(AttachAsked Asked, string Why, long Due, bool Watched);

    private readonly record struct Ready(AttachAsked Asked, BlockClaimed? Answer);

    public long NextDue => _waiting.Count == 0 ? long.MaxValue : _waiting.Min(e => e.Due);

    /// <summary>The request waits, at most the limit from when it came; <paramref name="why"/> is what its error will say then.</summary>
    public void Add(AttachAsked asked, string why) => _waiting.Add(new Entry(asked, why, DueOf(asked), Watched: false));

    /// <summary>As <see cref="Add"/> for one that waits elsewhere: only its deadline is kept here.</summary>
    public void Watch(AttachAsked asked) =>
        _waiting.Add(new Entry(asked, "the last attachment of this container and interface is still being taken away", DueOf(asked), Watched: true));

    /// <summary>All that wait are to be looked at again, perhaps because of the server's answer to a claim.</summary>
    public void LookAgain(BlockClaimed? answer = null)
    {
        foreach (Entry entry in _waiting)
            if (!entry.Watched) _ready.Enqueue(new Ready(entry.Asked, answer));
        _waiting.RemoveAll(e => !e.Watched || e.Asked.Ticket.IsAnswered);
    }

    public void LookAgain(AttachAsked asked) => _ready.Enqueue(new Ready(asked, null));

    /// <summary>The next that is ready and not answered yet.</summary>
    public bool TryTakeReady([NotNullWhen(true)] out AttachAsked? asked, out BlockClaimed? answer)
    {
        while (_ready.TryDequeue(out Ready ready))
        {
            (asked, answer) = ready;
            if (!asked.Ticket.IsAnswered) return true;
        }
        (asked, answer) = (null, null);
        return false;
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

    private long DueOf(AttachAsked asked) => asked.Ticket.Since + (long)(limit.TotalSeconds * time.TimestampFrequency);
}
