using System.Globalization;

namespace Margay.Api.Validation;

/// <summary>Durations as Kubernetes and Calico write them (Go's <c>time.ParseDuration</c>): "90s", "2m30s", "1.5h". Not negative here.</summary>
public static class GoDuration
{
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan result)
    {
        result = TimeSpan.Zero;
        if (text is "0") return true;
        if (text.IsEmpty) return false;
        double seconds = 0;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return false;
            text = text[digits..];
            (double scale, int length) = UnitOf(text);
            if (length == 0) return false;
            seconds += number * scale;
            text = text[length..];
        }

        if (seconds > TimeSpan.MaxValue.TotalSeconds / 2) return false;
        result = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static (double Scale, int Length) UnitOf(ReadOnlySpan<char> text) =>
        text.StartsWith("ms") ? (1e-3, 2) :
        text.StartsWith("us") || text.StartsWith("µs") ? (1e-6, 2) :
        text.StartsWith("ns") ? (1e-9, 2) :
        text.StartsWith("h") ? (3600, 1) :
        text.StartsWith("m") ? (60, 1) :
        text.StartsWith("s") ? (1, 1) : (0, 0);
}
