using System.Globalization;

namespace Margay.FirstPing.Bench;

/// <summary>A table of medians and worst of a hundred.</summary>
internal static class Quantiles
{
    public static void Head(string what) => Console.WriteLine($"| {what} | p50 | p99 |\n|---|---|---|");

    public static void Row(string what, List<double> values)
    {
        values.Sort();
        double At(double q) => values[(int)Math.Min(values.Count - 1, Math.Ceiling(q * values.Count) - 1)];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {At(0.5):0.00} | {At(0.99):0.00} |"));
    }
}
