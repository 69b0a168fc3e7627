using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

// A transaction is taken as a whole, so one object that the kernel never takes would hold up all others. The kernel says which change it refuses; when it refuses the same object
// twice, with everything read back in between, the object is set aside and what closes stands in for it:
//
//   chain of a policy, list, endpoint ─► one rule that drops                      limit, code point, translation ─► nothing: what is not a matter of policy goes on
//   set ─► absent, and each chain that names it is set aside too (an empty set would open "not in")
//   element of a set whose absence closes (FilterSet.Partial) ─► that element alone
//
// A base chain, or a set that one names, has no stand-in: without it nothing is closed, so all waits, as before. What is set aside is tried again with growing pauses, and at once when it
// is defined anew.

/// <summary>Something that the kernel refuses, what it says, and what is done instead.</summary>
public sealed record RefusedObject(string What, string Reason, string Instead)
{
    public override string ToString() => $"{What}: {Reason}; {Instead}";
}

/// <summary>What one refusal is about: a chain, a set, or one element of a set.</summary>
internal readonly record struct Suspect(FilterName Name, bool IsSet, FilterElementKey? Element = null)
{
    /// <summary>Of a change; null when the change takes something away, which is refused only if we were wrong about what is there.</summary>
    public static Suspect? Of(FilterChange change) => change switch
    {
        AddChain c => new Suspect(new FilterName(c.Family, c.Name), IsSet: false),
        AddRule c => new Suspect(new FilterName(c.Family, c.Chain), IsSet: false),
        AddSet c => new Suspect(new FilterName(c.Family, c.Set.Name), IsSet: true),
        AddElements c => new Suspect(new FilterName(c.Family, c.Set.Name), IsSet: true, c.Set.Partial && c.Elements.Count == 1 ? c.Elements[0].Key : null),
        _ => null,
    };

    public override string ToString() => Element is { } key ? $"element {key} of set {Name}" : $"{(IsSet ? "set" : "chain")} {Name}";
}

/// <summary>Keeps what the kernel refuses, and when it is to be tried again. Owned by the dataplane's loop.</summary>
internal sealed class Quarantine(TimeProvider time)
{
    private static readonly TimeSpan s_minimum = TimeSpan.FromSeconds(1), s_maximum = TimeSpan.FromMinutes(5);

    private sealed record Case(RefusedObject About, TimeSpan Pause, long Since);

    private readonly Dictionary<Suspect, Case> _cases = [];
    private readonly Dictionary<Suspect, TimeSpan> _trials = [];
    private readonly List<RefusedObject> _news = [];
    private Suspect? _suspected;

    /// <summary>What to want instead of a chain: itself, or what stands in for it while it, or a set that it looks up, is refused; null for nothing.</summary>
    public FilterChain? InPlaceOf(FilterChain chain)
    {
        if (_cases.Count == 0 || chain.StandIn == FilterStandIn.None || ReasonAgainst(chain) is not { } reason) return chain;
        if (chain.StandIn == FilterStandIn.Nothing) return chain.Base is null ? new FilterChain(chain.Family, chain.Name, null, []) : null;
        return new FilterChain(chain.Family, chain.Name, chain.Base, [new FilterRule($"the kernel refuses {reason.What}", new FilterCounter(), FilterVerdict.Drop)]);
    }

    /// <summary>Why something stands in for the chain: itself or a set that it looks up is refused.</summary>
    public RefusedObject? ReasonAgainst(FilterChain chain) => Find(new Suspect(new FilterName(chain.Family, chain.Name), IsSet: false))
        ?? chain.Sets.Select(s => Find(new Suspect(new FilterName(chain.Family, s), IsSet: true))).FirstOrDefault(r => r is not null);

    public RefusedObject? Find(Suspect suspect) => _cases.GetValueOrDefault(suspect)?.About;

    /// <summary>Set aside now.</summary>
    public IEnumerable<RefusedObject> All => _cases.OrderBy(c => c.Key.ToString(), StringComparer.Ordinal).Select(c => c.Value.About);

    public bool IsEmpty => _cases.Count == 0;

    public bool Holds(Suspect suspect) => _cases.ContainsKey(suspect);

    /// <summary>The kernel is short of something or busy, or forbids all: no object is at fault.</summary>
    public static bool IsPassing(NetlinkResult refusal) => refusal.Index < 0
        || refusal.Error is Errno.ENOMEM or Errno.ENOBUFS or Errno.EAGAIN or Errno.EINTR or Errno.ERESTART or Errno.EBUSY or Errno.EPERM or Errno.EACCES;

    /// <summary>Notes a refusal; true when it is one too many.</summary>
    public bool Suspects(Suspect suspect)
    {
        if (_suspected == suspect || _trials.ContainsKey(suspect)) return true;
        _suspected = suspect;
        return false;
    }

    /// <summary>Sets aside. What was tried again and refused again waits twice as long.</summary>
    public void Add(Suspect suspect, NetlinkResult refusal, string instead)
    {
        bool again = _trials.Remove(suspect, out TimeSpan pause);
        Case added = new(new RefusedObject(suspect.ToString(), $"the kernel refuses it: {refusal}", instead), again ? TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_maximum.Ticks)) : s_minimum, time.GetTimestamp());
        _cases[suspect] = added;
        _suspected = null;
        if (!again) _news.Add(added.About);
    }

    /// <summary>It is defined anew, or not wanted any more.</summary>
    public bool Forget(Suspect suspect) => _trials.Remove(suspect) | _cases.Remove(suspect);

    /// <summary>Takes out those whose pause is over.</summary>
    public IReadOnlyList<Suspect> TakeDue()
    {
        Suspect[] due = [.. _cases.Where(c => time.GetElapsedTime(c.Value.Since) >= c.Value.Pause).Select(c => c.Key)];
        foreach (Suspect suspect in due)
        {
            _trials[suspect] = _cases[suspect].Pause;
            _cases.Remove(suspect);
        }
        return due;
    }

    /// <summary>When the next pause is over; null when nothing is set aside.</summary>
    public TimeSpan? NextTrial => _cases.Count == 0 ? null : _cases.Values.Select(c => c.Pause - time.GetElapsedTime(c.Since)).Select(t => t > TimeSpan.Zero ? t : TimeSpan.Zero).Min();

    /// <summary>All that is wanted has been taken: what was on trial is in.</summary>
    public void NoteInSync()
    {
        _trials.Clear();
        _suspected = null;
    }

    /// <summary>What was set aside since the last time.</summary>
    public IReadOnlyList<RefusedObject> TakeNews()
    {
        RefusedObject[] news = [.. _news];
        _news.Clear();
        return news;
    }
}
