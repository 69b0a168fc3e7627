namespace Margay.Cni.Bench;

/// <summary>A plugin and its network configuration.</summary>
internal sealed record Contender(string Name, string Program, string Config);

/// <summary>What a run of calls took, in milliseconds.</summary>
/// <param name="Wall">Of the whole run, per call.</param>
/// <param name="Cpu">Of the processes, per call.</param>
internal sealed record Sample(double P50, double P99, double Wall, double Cpu)
{
    public static Sample Of(IEnumerable<double> milliseconds, double wall, double cpu)
    {
        double[] sorted = [.. milliseconds.Order()];
        return new Sample(sorted[sorted.Length / 2], sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * 0.99))], wall / sorted.Length, cpu / sorted.Length);
    }
}
