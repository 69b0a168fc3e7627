namespace Margay.Api.Validation;

/// <summary>"Did you mean …?"</summary>
public static class Suggestion
{
    /// <summary>The candidate that a typing error may have missed, or null: equal but for case, or at most two edits away (one for words of three letters).</summary>
    public static string? For(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = word.Length <= 3 ? 2 : 3;
        foreach (string candidate in candidates)
        {
            if (string.Equals(candidate, word, StringComparison.OrdinalIgnoreCase)) return candidate;
            if (Math.Abs(candidate.Length - word.Length) >= bestDistance || word.Length > 64) continue;
            int distance = Distance(word, candidate);
            if (distance >= bestDistance) continue;
            bestDistance = distance;
            best = candidate;
        }

        return best;
    }

    /// <summary>" (did you mean X?)", or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        For(word, candidates) is { } meant ? $" (did you mean {meant}?)" : "";

    // Levenshtein's distance, case-insensitive, one row at a time.
    private static int Distance(string a, string b)
    {
        Span<int> row = stackalloc int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++) row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[b.Length];
    }
}
