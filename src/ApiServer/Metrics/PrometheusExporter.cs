using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Margay.ApiServer.Metrics;

/// <summary>
/// Renders instruments in Prometheus' text format 0.0.4. Listens to the meters named and keeps one series for each set of tags, up to a
/// bound: a label that grows without end must not take the server's memory.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    private const int MaxSeries = 2000;

    /// <summary>Upper bounds in seconds, from 100 µs (a read from memory) to 10 s.</summary>
    private static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private sealed class Series
    {
        public double Value;
        public readonly long[] Buckets = new long[Bounds.Length + 1];
        public long Count;
    }

    private sealed class Family(Instrument instrument)
    {
        public Instrument Instrument => instrument;
        public bool IsHistogram => instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>);
        public bool IsGauge => instrument.IsObservable || instrument.GetType().GetGenericTypeDefinition() == typeof(UpDownCounter<>);
        public readonly SortedDictionary<string, Series> Series = new(StringComparer.Ordinal);
    }

    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<Family> _families = [];
    private int _series;

    public PrometheusExporter(params string[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!meters.Contains(instrument.Meter.Name)) return;
            Family family = new(instrument);
            lock (_gate) _families.Add(family);
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record((Family)state!, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record((Family)state!, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record((Family)state!, value, tags));
        _listener.Start();
    }

    private void Record(Family family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = Labels(tags);
        lock (_gate)
        {
            if (!family.Series.TryGetValue(labels, out Series? series))
            {
                if (_series >= MaxSeries) return;
                _series++;
                family.Series[labels] = series = new Series();
            }
            if (family.Instrument.IsObservable) series.Value = value;
            else series.Value += value;
            if (!family.IsHistogram) return;
            series.Count++;
            int bucket = Array.FindIndex(Bounds, b => value <= b);
            series.Buckets[bucket < 0 ? Bounds.Length : bucket]++;
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        StringBuilder text = new();
        foreach ((string name, object? value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            string escaped = (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"{Name(name)}=\"{escaped}\"");
        }
        return text.ToString();
    }

    public string Render()
    {
        _listener.RecordObservableInstruments();
        StringBuilder text = new();
        lock (_gate)
        {
            foreach (Family family in _families.Where(f => f.Series.Count > 0)) Render(text, family);
        }
        return text.ToString();
    }

    private static void Render(StringBuilder text, Family family)
    {
        string unit = family.Instrument.Unit == "s" ? "_seconds" : "";
        string name = Name(family.Instrument.Name) + unit + (family.IsGauge || family.IsHistogram ? "" : "_total");
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {family.Instrument.Description}\n# TYPE {name} {(family.IsHistogram ? "histogram" : family.IsGauge ? "gauge" : "counter")}\n");
        foreach ((string labels, Series series) in family.Series)
        {
            if (!family.IsHistogram)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length == 0 ? "" : $"{{{labels}}}")} {series.Value}\n");
                continue;
            }
            string separator = labels.Length == 0 ? "" : ",";
            long below = 0;
            for (int i = 0; i <= Bounds.Length; i++)
            {
                below += series.Buckets[i];
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{separator}le=\"{(i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf")}\"}} {below}\n");
            }
            string braces = labels.Length == 0 ? "" : $"{{{labels}}}";
            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {series.Value}\n{name}_count{braces} {series.Count}\n");
        }
    }

    private static string Name(string name) => name.Replace('.', '_').Replace('-', '_');

    public void Dispose() => _listener.Dispose();
}
