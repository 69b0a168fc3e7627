using System.Globalization;
using System.Text;
using Margay.Lab.Topologies;

namespace Margay.Lab.Checks;

/// <summary>
/// A check as a table for people: one for each port, sources down, targets across (by number), and in each cell IPv4 then IPv6:
/// <c>+</c> reached and <c>.</c> blocked, both as expected; <c>X</c> blocked though it should be reached; <c>!</c> reached though it should be blocked.
/// Of a TCP or UDP port, sources that are blocked from all targets, as expected, share one line.
/// </summary>
public static class Matrix
{
    private const int MaxListed = 20;

    public static string Render(CheckReport report)
    {
        StringBuilder text = new();
        // The order of the topology: results come in it, and every workload is a source of something, or else at least a target.
        List<string> names = [.. report.Results.Select(r => r.Plan.From).Concat(report.Results.Select(r => r.Plan.To)).Distinct()];
        HashSet<string> targets = [.. report.Results.Select(r => r.Plan.To)];
        Dictionary<string, int> numbers = names.Where(targets.Contains).Select((t, i) => (t, i + 1)).ToDictionary(p => p.t, p => p.Item2, StringComparer.Ordinal);
        foreach (IGrouping<TransportPort, ProbeResult> port in report.Results.GroupBy(r => r.Plan.Port).OrderBy(g => g.Key)) AppendTable(text, port, names, numbers);
        List<ProbeResult> wrong = [.. report.Mismatches];
        foreach (ProbeResult r in wrong.Take(MaxListed)) text.Append(CultureInfo.InvariantCulture, $"DIFFERENT  {Describe(r)}\n");
        if (wrong.Count > MaxListed) text.Append(CultureInfo.InvariantCulture, $"DIFFERENT  and {wrong.Count - MaxListed} more\n");
        if (wrong.Count > 0) text.Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"{report.Matching} of {report.Results.Count} probes as expected, in {report.Took.TotalSeconds:0.0} s\n");
        return text.ToString();
    }

    public static string Describe(ProbeResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Plan.From} → {r.Plan.To} ({r.Plan.Target}) {r.Plan.Port}: expected {(r.Plan.Expected ? "allow" : "deny")}, seen {r.Outcome.ToString().ToLowerInvariant()}");

    private static void AppendTable(StringBuilder text, IGrouping<TransportPort, ProbeResult> port, List<string> names, Dictionary<string, int> numbers)
    {
        Dictionary<string, List<ProbeResult>> bySource = port.GroupBy(r => r.Plan.From).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        HashSet<string> asked = [.. port.Select(r => r.Plan.To)];
        List<string> targets = [.. names.Where(asked.Contains)];
        bool whole = port.Key.Transport == Transport.Icmp;
        List<string> blocked = whole ? [] : [.. names.Where(n => bySource.TryGetValue(n, out List<ProbeResult>? results) && results.All(r => r is { AsExpected: true, Plan.Expected: false }))];
        List<string> sources = [.. names.Where(n => bySource.ContainsKey(n) && !blocked.Contains(n))];
        string others = sources.Count == 0 ? "everybody" : string.Create(CultureInfo.InvariantCulture, $"{blocked.Count} others");
        int width = bySource.Keys.Append(blocked.Count > 0 ? others : "").Max(s => s.Length) + 4;
        text.Append(port.Key.ToString().PadRight(width));
        foreach (string target in targets) text.Append(numbers[target].ToString(CultureInfo.InvariantCulture).PadLeft(4));
        text.Append('\n');
        foreach (string source in sources)
        {
            string number = numbers.TryGetValue(source, out int n) ? n.ToString(CultureInfo.InvariantCulture) : "";
            AppendRow(text, number, source, width, targets.Select(t => source == t ? "··" : Cell(bySource[source].FindAll(r => r.Plan.To == t))));
        }
        if (blocked.Count > 0) AppendRow(text, "", others, width, targets.Select(_ => ".."));
        // Targets that have no row here: say which number is which.
        IEnumerable<string> unnamed = targets.Where(t => !sources.Contains(t)).Select(t => string.Create(CultureInfo.InvariantCulture, $"{numbers[t]} = {t}"));
        if (unnamed.Any()) text.Append(CultureInfo.InvariantCulture, $"    {string.Join(", ", unnamed)}\n");
        text.Append('\n');
    }

    private static void AppendRow(StringBuilder text, string number, string source, int width, IEnumerable<string> cells)
    {
        text.Append(number.PadLeft(3)).Append(' ').Append(source.PadRight(width - 4));
        foreach (string cell in cells) text.Append("  ").Append(cell);
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
