using System.Globalization;
using System.Text;

namespace Margay.Agent.Health;

/// <summary>Counts of this process. Each field has its own atomic; written from any thread.</summary>
internal sealed class AgentMetrics
{
    /// <summary>Upper bounds in seconds.</summary>
    private static readonly double[] s_bounds = [0.0005, 0.001, 0.002, 0.0035, 0.006, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

    private readonly Dictionary<string, Histogram> _steps = [];
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private long _attached;
    private long _detached;
    private long _disconnects;

    public void Attached(IReadOnlyDictionary<string, double> milliseconds)
    {
        Interlocked.Increment(ref _attached);
        lock (_gate)
        {
            foreach ((string step, double ms) in milliseconds)
            {
                if (!_steps.TryGetValue(step, out Histogram? histogram)) _steps[step] = histogram = new Histogram(s_bounds.Length);
                histogram.Add(ms / 1000);
            }
        }
    }

    public void Refused(string code)
    {
        lock (_gate) _refused[code] = _refused.GetValueOrDefault(code) + 1;
    }

    public void Detached() => Interlocked.Increment(ref _detached);
    public void Disconnected() => Interlocked.Increment(ref _disconnects);

    public void Write(StringBuilder text)
    {
        Counter(text, "margay_agent_attached_total", "Workloads attached.", Interlocked.Read(ref _attached));
        Counter(text, "margay_agent_detached_total", "Workloads detached.", Interlocked.Read(ref _detached));
        Counter(text, "margay_agent_server_disconnects_total", "Times the view stream broke.", Interlocked.Read(ref _disconnects));
        lock (_gate)
        {
            Head(text, "margay_agent_attach_refused_total", "counter", "Attach requests refused, by code.");
            foreach ((string code, long count) in _refused) text.Append(CultureInfo.InvariantCulture, $"margay_agent_attach_refused_total{{code=\"{code}\"}} {count}\n");
            Head(text, "margay_agent_attach_seconds", "histogram", "Time of an attach, by step.");
            foreach ((string step, Histogram histogram) in _steps.OrderBy(s => s.Key, StringComparer.Ordinal)) histogram.Write(text, step);
        }
    }

    public static void Gauge(StringBuilder text, string name, string help, double value)
    {
        Head(text, name, "gauge", help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    public static void Counter(StringBuilder text, string name, string help, double value)
    {
        Head(text, name, "counter", help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    public static void Head(StringBuilder text, string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private sealed class Histogram(int size)
    {
        private readonly long[] _counts = new long[size];
        private double _sum;
        private long _total;

        public void Add(double seconds)
        {
            _total++;
            _sum += seconds;
            for (int i = 0; i < s_bounds.Length; i++)
                if (seconds <= s_bounds[i]) _counts[i]++;
        }

        public void Write(StringBuilder text, string step)
        {
            for (int i = 0; i < s_bounds.Length; i++)
                text.Append(CultureInfo.InvariantCulture, $"margay_agent_attach_seconds_bucket{{step=\"{step}\",le=\"{s_bounds[i]}\"}} {_counts[i]}\n");
            text.Append(CultureInfo.InvariantCulture, $"margay_agent_attach_seconds_bucket{{step=\"{step}\",le=\"+Inf\"}} {_total}\n");
            text.Append(CultureInfo.InvariantCulture, $"margay_agent_attach_seconds_sum{{step=\"{step}\"}} {_sum}\nmargay_agent_attach_seconds_count{{step=\"{step}\"}} {_total}\n");
        }
    }
}
