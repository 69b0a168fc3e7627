using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>
/// Kubernetes label selectors: <c>k=v</c>, <c>k==v</c>, <c>k!=v</c>, <c>k in (a,b)</c>, <c>k notin (a,b)</c>, <c>k</c>, <c>!k</c>, <c>k&gt;1</c>,
/// <c>k&lt;1</c>, joined by commas. As there, != and notin hold for objects without the label.
/// </summary>
internal static class LabelSelector
{
    /// <summary>Adds the terms; gives what is wrong, or null.</summary>
    public static string? Parse(string text, List<Func<Resource, bool>> terms)
    {
        foreach (string term in Split(text))
        {
            if (ParseTerm(term) is not { } parsed) return $"\"{term}\" is none of KEY, !KEY, KEY=VALUE, KEY!=VALUE, KEY in (…), KEY notin (…), KEY>N, KEY<N";
            terms.Add(parsed);
        }
        return null;
    }

    /// <summary>At the commas that are not within parentheses.</summary>
    private static IEnumerable<string> Split(string text)
    {
        int start = 0, depth = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : ',';
            if (c == '(') depth++;
            else if (c == ')') depth--;
            else if (c == ',' && (depth <= 0 || i == text.Length))
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
        }
    }

    private static Func<Resource, bool>? ParseTerm(string term)
    {
        if (term.StartsWith('!')) return IsKey(term[1..].Trim()) ? Label(term[1..].Trim(), v => v is null) : null;
        if (term.EndsWith(')')) return ParseSet(term);
        int at = term.AsSpan().IndexOfAny("=!<>");
        if (at < 0) return IsKey(term) ? Label(term, v => v is not null) : null;
        string key = term[..at].Trim();
        string operation = term[at..].StartsWith("==", StringComparison.Ordinal) ? "==" : term[at..].StartsWith("!=", StringComparison.Ordinal) ? "!=" : term[at..(at + 1)];
        string value = term[(at + operation.Length)..].Trim();
        if (!IsKey(key) || !IsValue(value)) return null;
        return operation switch
        {
            "=" or "==" => Label(key, v => v == value),
            "!=" => Label(key, v => v != value),
            ">" when long.TryParse(value, out long bound) => Label(key, v => long.TryParse(v, out long n) && n > bound),
            "<" when long.TryParse(value, out long bound) => Label(key, v => long.TryParse(v, out long n) && n < bound),
            _ => null,
        };
    }

    private static Func<Resource, bool>? ParseSet(string term)
    {
        int open = term.IndexOf('(', StringComparison.Ordinal);
        if (open < 0) return null;
        string[] words = term[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        HashSet<string> values = new(term[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries), StringComparer.Ordinal);
        if (words is not [var key, var operation] || !IsKey(key) || !values.All(IsValue)) return null;
        return operation switch
        {
            "in" => Label(key, v => v is not null && values.Contains(v)),
            "notin" => Label(key, v => v is null || !values.Contains(v)),
            _ => null,
        };
    }

    private static Func<Resource, bool> Label(string key, Func<string?, bool> test) =>
        r => test(r.Metadata.Labels is { } labels && labels.TryGetValue(key, out string? value) ? value : null);

    private static bool IsKey(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/');

    private static bool IsValue(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
