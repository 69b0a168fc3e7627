using System.Globalization;

namespace Margay.Networks.Bench;

/// <summary>Figures of two sizes of cluster side by side: each size is a process, which says one figure a line; the table is made of both.</summary>
internal static class ClusterFigures
{
    private const char Between = '\t';

    internal static void Say(string what, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}{Between}{value:0.###}"));

    internal static void Table(int few, string ofFew, int many, string ofMany)
    {
        Dictionary<string, double> at = Read(ofFew), beside = Read(ofMany);
        Console.WriteLine($"\n| networks in the cluster | {few} | {many} | ratio |\n|---|---|---|---|");
        foreach ((string what, double value) in at)
        {
            double other = beside.GetValueOrDefault(what, double.NaN);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {value:#,0.###} | {other:#,0.###} | {(value == other ? 1 : other / value):0.00} |"));
        }
    }

    private static Dictionary<string, double> Read(string lines) => lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(Between)).Where(p => p.Length == 2)
        .ToDictionary(p => p[0], p => double.Parse(p[1], CultureInfo.InvariantCulture));
}
