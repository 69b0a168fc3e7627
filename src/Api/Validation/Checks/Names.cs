using System.Buffers;

namespace Margay.Api.Validation.Checks;

/// <summary>The shapes of names: those of Kubernetes (DNS-1123, qualified names, IANA service names) and of Linux interfaces.</summary>
internal static class Names
{
    private static readonly SearchValues<char> LowerAlphanumeric = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private static readonly SearchValues<char> QualifiedCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    /// <summary>DNS-1123 label: 1–63 of a–z, 0–9 and '-', not at the ends.</summary>
    public static bool IsDnsLabel(ReadOnlySpan<char> text) => text.Length <= 63 && IsDnsLabelOfAnyLength(text);

    /// <summary>DNS-1123 subdomain: such labels joined by dots, 253 characters at most.</summary>
    public static bool IsDnsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 253) return false;
        foreach (Range part in text.Split('.'))
            if (!IsDnsLabelOfAnyLength(text[part])) return false;
        return true;
    }

    /// <summary>A label or annotation key: an optional subdomain and '/', then 1–63 characters.</summary>
    public static bool IsQualifiedName(ReadOnlySpan<char> text)
    {
        int slash = text.IndexOf('/');
        if (slash >= 0 && !IsDnsSubdomain(text[..slash])) return false;
        ReadOnlySpan<char> name = text[(slash + 1)..];
        return name.Length > 0 && IsLabelValue(name);
    }

    /// <summary>A label value: at most 63 characters, letters or digits at the ends; may be empty.</summary>
    public static bool IsLabelValue(ReadOnlySpan<char> text) =>
        text.Length == 0 ||
        (text.Length <= 63 && !text.ContainsAnyExcept(QualifiedCharacters) && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]));

    /// <summary>A network interface: 1–15 characters (IFNAMSIZ), and not "." or "..".</summary>
    public static bool IsInterface(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 15 && !text.ContainsAnyExcept(QualifiedCharacters) && text is not ("." or "..");

    /// <summary>A named port in a rule: 1–128 characters.</summary>
    public static bool IsRulePort(ReadOnlySpan<char> text) => text.Length is > 0 and <= 128 && !text.ContainsAnyExcept(QualifiedCharacters);

    /// <summary>A port of an endpoint, in the style of IANA (RFC 6335): at most 15 of a–z, 0–9 and '-', with a letter, no '-' at the ends or doubled.</summary>
    public static bool IsServiceName(ReadOnlySpan<char> text) =>
        text.Length <= 15 && IsDnsLabel(text) && text.ContainsAnyInRange('a', 'z') && !text.Contains("--", StringComparison.Ordinal);

    /// <summary>As CNI has it: letters, digits, '_', '.' and '-', the first a letter or digit. Calico knows neither '_' nor '.', but runtimes use them.</summary>
    public static bool IsContainerId(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) return false;
        return text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]);
    }

    private static bool IsDnsLabelOfAnyLength(ReadOnlySpan<char> text) =>
        text.Length > 0 && !text.ContainsAnyExcept(LabelCharacters) && LowerAlphanumeric.Contains(text[0]) && LowerAlphanumeric.Contains(text[^1]);
}
