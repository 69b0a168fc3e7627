using System.Diagnostics.Metrics;

namespace Margay.ApiServer.Metrics;

/// <summary>
/// What the server counts of itself, by System.Diagnostics.Metrics; ASP.NET counts requests and their durations. Read at /metrics.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "margay.server";
    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _flush;
    private int _nodes;

    public ServerMetrics()
    {
        _flush = _meter.CreateHistogram<double>("margay.graph.flush.duration", "s", "Time to compute the views of all nodes after a burst of changes");
        _meter.CreateObservableGauge("margay.nodesync.nodes", () => Volatile.Read(ref _nodes), null, "Nodes whose views are kept up to date");
    }

    public void Observe(string name, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, null, description);

    public void GraphFlushed(TimeSpan duration, int nodes)
    {
        _flush.Record(duration.TotalSeconds);
        Volatile.Write(ref _nodes, nodes);
    }

    public void Dispose() => _meter.Dispose();
}
