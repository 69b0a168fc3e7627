using System.Globalization;
using System.Text;
using Margay.Lab.Topologies;

namespace Margay.Lab.Checks;

/// <summary>
/// A check as a table for people: one for each port, sources down, targets across (by number), and in each cell IPv4 then IPv6:
/// <c>+</c> reached and <c>.</c> blocked, both as expected; <c>X</c> blocked though it should be reached; <c>!</c> reached though it should be blocked.
/// </summary>
public static class Matrix
{
    private const int MaxListed = 20;

    public static string Render(CheckReport report)
    {
        StringBuilder text = new();
        List<string> targets = [.. report.Results.Select(r => r.Plan.To).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> numbers = targets.Select((t, i) => (t, i + 1)).ToDictionary(p => p.t, p => p.Item2, StringComparer.Ordinal);
        foreach (IGrouping<TransportPort, ProbeResult> port in report.Results.GroupBy(r => r.Plan.Port).OrderBy(g => g.Key)) AppendTable(text, port, numbers);
        List<ProbeResult> wrong = [.. report.Mismatches];
        foreach (ProbeResult r in wrong.Take(MaxListed)) text.Append(CultureInfo.InvariantCulture, $"DIFFERENT  {Describe(r)}\n");
        if (wrong.Count > MaxListed) text.Append(CultureInfo.InvariantCulture, $"DIFFERENT  and {wrong.Count - MaxListed} more\n");
        if (wrong.Count > 0) text.Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"{report.Matching} of {report.Results.Count} probes as expected, in {report.Took.TotalSeconds:0.0} s\n");
        return text.ToString();
    }

    public static string Describe(ProbeResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Plan.From} → {r.Plan.To} ({r.Plan.Target}) {r.Plan.Port}: expected {(r.Plan.Expected ? "allow" : "deny")}, seen {r.Outcome.ToString().ToLowerInvariant()}");

    private static void AppendTable(StringBuilder text, IGrouping<TransportPort, ProbeResult> port, Dictionary<string, int> numbers)
    {
        List<string> sources = [.. port.Select(r => r.Plan.From).Distinct()];
        List<string> targets = [.. port.Select(r => r.Plan.To).Distinct().OrderBy(t => numbers[t])];
        Dictionary<(string, string), List<ProbeResult>> cells = port.GroupBy(r => (r.Plan.From, r.Plan.To)).ToDictionary(g => g.Key, g => g.ToList());
        int width = Math.Max(sources.Max(s => s.Length + 4), port.Key.ToString().Length);
        text.Append(port.Key.ToString().PadRight(width));
        foreach (string target in targets) text.Append(numbers[target].ToString(CultureInfo.InvariantCulture).PadLeft(4));
        text.Append('\n');
        foreach (string source in sources)
        {
            string number = numbers.TryGetValue(source, out int n) ? n.ToString(CultureInfo.InvariantCulture) : "";
            text.Append(number.PadLeft(3)).Append(' ').Append(source.PadRight(width - 4));
            foreach (string target in targets) text.Append("  ").Append(cells.TryGetValue((source, target), out List<ProbeResult>? cell) ? Cell(cell) : source == target ? "··" : "  ");
            text.Append('\n');
        }
        // Targets that are not sources here stand in no row: say which number is which.
        IEnumerable<string> unnamed = targets.Where(t => !sources.Contains(t)).Select(t => string.Create(CultureInfo.InvariantCulture, $"{numbers[t]} = {t}"));
        if (unnamed.Any()) text.Append(CultureInfo.InvariantCulture, $"    {string.Join(", ", unnamed)}\n");
        text.Append('\n');
    }

    private static string Cell(List<ProbeResult> results) =>
        string.Concat((ReadOnlySpan<string>)[Mark(results.Find(r => !r.Plan.IsIPv6)), Mark(results.Find(r => r.Plan.IsIPv6))]);

    private static string Mark(ProbeResult? result) => result switch
    {
        null => " ",
        { AsExpected: true, Plan.Expected: true } => "+",
        { AsExpected: true } => ".",
        { Plan.Expected: true } => "X",
        _ => "!",
    };
}
