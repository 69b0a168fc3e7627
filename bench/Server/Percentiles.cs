namespace Margay.Bench.Server;

/// <summary>Latencies in milliseconds.</summary>
internal sealed class Percentiles
{
    private readonly List<double> _values = [];

    public void Add(TimeSpan value)
    {
        lock (_values) _values.Add(value.TotalMilliseconds);
    }

    public override string ToString()
    {
        lock (_values)
        {
            _values.Sort();
            return $"p50 {At(0.5):0.00} ms, p90 {At(0.9):0.00} ms, p99 {At(0.99):0.00} ms, max {At(1):0.00} ms ({_values.Count} samples)";
        }
    }

    private double At(double share) => _values[Math.Min(_values.Count - 1, (int)(share * _values.Count))];
}
