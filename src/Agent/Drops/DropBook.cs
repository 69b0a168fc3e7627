using System.Globalization;
using System.Text;
using Margay.Agent.Health;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Drops;

/// <summary>
/// The latest dropped packets and the counts of all that were told of. Bounded: old records make room for new ones, and counts by name end at <see cref="MaxSeries"/>.
/// Written by the readers' threads, read from anywhere; a lock guards each of the few steps.
/// </summary>
internal sealed class DropBook
{
    /// <summary>Records that are kept; some 300 bytes each.</summary>
    internal const int Capacity = 2048;

    /// <summary>Different (policy, rule, direction, endpoint) that are counted apart; the others are counted together.</summary>
    internal const int MaxSeries = 2000;

    private readonly Lock _gate = new();
    private readonly DropRecord[] _ring = new DropRecord[Capacity];
    private readonly Dictionary<(DropSite Site, string Endpoint), long> _counts = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _next = 1;
    private long _lost;

    public void Add(DropRecord record)
    {
        TaskCompletionSource more;
        lock (_gate)
        {
            _ring[_next % Capacity] = record with { Sequence = _next };
            _next++;
            (DropSite, string) key = (record.Site, record.Endpoint);
            if (_counts.Count >= MaxSeries && !_counts.ContainsKey(key)) key = (new DropSite(record.Site.Direction, DropKind.Fixed, "other"), "");
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
            (more, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        more.TrySetResult();
    }

    /// <summary>Some were dropped that nobody can tell of.</summary>
    public void AddLost() => Interlocked.Increment(ref _lost);

    /// <summary>How often the kernel had to pass over some.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Records after <paramref name="after"/> that fit, oldest first, at most <paramref name="limit"/>; and the number to ask for next time.</summary>
    public (IReadOnlyList<DropRecord> Records, long Last) Read(long after, Func<DropRecord, bool> fits, int limit)
    {
        List<DropRecord> found = [];
        lock (_gate)
        {
            // A number that was never given is that of an agent before this one.
            long at = Math.Max(after < _next ? after + 1 : 1, _next - Capacity);
            for (at = Math.Max(at, 1); at < _next && found.Count < limit; at++)
            {
                DropRecord record = _ring[at % Capacity];
                if (fits(record)) found.Add(record);
            }
            return (found, Math.Max(at - 1, 0));
        }
    }

    /// <summary>The last <paramref name="limit"/> that fit, oldest first.</summary>
    public (IReadOnlyList<DropRecord> Records, long Last) ReadLatest(Func<DropRecord, bool> fits, int limit)
    {
        (IReadOnlyList<DropRecord> all, long last) = Read(0, fits, Capacity);
        return ([.. all.Skip(all.Count - limit)], last);
    }

    /// <summary>Completes when there is a record after <paramref name="after"/>.</summary>
    public Task WaitAsync(long after, CancellationToken cancel)
    {
        lock (_gate) return _next - 1 > after ? Task.CompletedTask : _more.Task.WaitAsync(cancel);
    }

    public void WriteMetrics(StringBuilder text)
    {
        AgentMetrics.Head(text, "margay_drops_logged_total", "counter", "Dropped packets that the rules told of, each at most at its rate; the rules' own counters have them all.");
        lock (_gate)
        {
            foreach (((DropSite site, string endpoint), long count) in _counts)
                text.Append(CultureInfo.InvariantCulture, $"margay_drops_logged_total{{kind=\"{DropSite.WordOf(site.Kind)}\",name=\"{site.Name}\",rule=\"{site.RuleIndex}\",direction=\"{DropSite.WordOf(site.Direction)}\",endpoint=\"{endpoint}\"}} {count}\n");
        }
        AgentMetrics.Counter(text, "margay_drops_overruns_total", "Times that packets were dropped faster than they could be told of.", Lost);
    }
}
