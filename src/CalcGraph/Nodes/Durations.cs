using System.Globalization;

namespace Margay.CalcGraph.Nodes;

/// <summary>Durations as Kubernetes objects write them (Go's <c>time.ParseDuration</c>): 90s, 1m30s, 1.5h, 250ms.</summary>
internal static class Durations
{
    /// <summary>In seconds; null for no text and for what is no duration.</summary>
    public static double? TrySeconds(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        double total = 0;
        for (ReadOnlySpan<char> rest = text; rest.Length > 0;)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return null;
            rest = rest[digits..];
            int letters = rest.IndexOfAny("0123456789.");
            ReadOnlySpan<char> unit = letters < 0 ? rest : rest[..letters];
            double? seconds = unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 0.001, _ => null };
            if (seconds is null) return null;
            total += number * seconds.Value;
            rest = rest[unit.Length..];
        }
        return total;
    }
}
