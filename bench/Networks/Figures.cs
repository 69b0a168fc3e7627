using System.Globalization;

namespace Margay.Networks.Bench;

/// <summary>How figures are printed and waited for.</summary>
internal static class Figures
{
    internal static void Head(int networks) => Console.WriteLine(
        $"| {networks} networks, {Workloads.PerNetwork} endpoints each | network, ms p50 / p99 | {Workloads.PerNetwork} links, ms p50 / p99 | all of it, ms mean | CPU each, ms | kernel memory per network, KB |\n|---|---|---|---|---|---|");

    internal static void Row(string what, List<double> network, List<double> links, HostUsage before, HostUsage after) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {what} | {At(network, 0.5):0.00} / {At(network, 0.99):0.00} | {At(links, 0.5):0.00} / {At(links, 0.99):0.00} | {(network.Sum() + links.Sum()) / network.Count:0.00} | {(after.Cpu - before.Cpu).TotalMilliseconds / network.Count:0.0} | {(after.Kernel - before.Kernel) / 1024 / network.Count} |"));

    internal static double At(IEnumerable<double> values, double quantile)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Max(0, (int)Math.Ceiling(quantile * sorted.Length) - 1)];
    }

    internal static Task WaitUntilAsync(Func<bool> condition) => WaitUntilAsync(() => Task.FromResult(condition()));

    internal static async Task WaitUntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition()) await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
    }
}
