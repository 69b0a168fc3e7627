using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Margay.Api.Validation.Manifests;

/// <summary>
/// What a plain (unquoted) YAML scalar means in JSON, by the core schema of YAML 1.2: <c>yes</c>, <c>on</c>, <c>1_000</c>, <c>12:30</c> and dates are strings.
/// What YAML 1.1 and 1.2 read differently (<c>0755</c>) is refused, because the writer cannot know which one he gets.
/// </summary>
internal static partial class YamlScalar
{
    private const int MaxDigits = 64;

    /// <summary>The JSON text of a null, boolean or number; null when the scalar is a string.</summary>
    public static string? TryGetJson(string text, out string? fault)
    {
        fault = null;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return "null";
            case "true" or "True" or "TRUE": return "true";
            case "false" or "False" or "FALSE": return "false";
        }

        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('+' or '-' or '.')) return null;
        if (NotANumber().IsMatch(text)) fault = $"{text} has no JSON form: put it in quotes if it is meant as text";
        else if (OldOctal().IsMatch(text)) fault = $"{text} is octal to some readers of YAML and decimal to others: write 0o… for octal, no leading 0 for decimal, or quotes for text";
        else if (text.Length <= MaxDigits && Based().IsMatch(text)) return ReadBased(text);
        else if (text.Length <= MaxDigits && Decimal().IsMatch(text)) return ReadDecimal(text);
        return fault is null ? null : "null";
    }

    private static string ReadBased(string text)
    {
        bool hex = text[1] == 'x';
        BigInteger value = 0;
        foreach (char c in text.AsSpan(2)) value = (value * (hex ? 16 : 8)) + int.Parse([c], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return value.ToString(CultureInfo.InvariantCulture);
    }

    // JSON knows no '+', no ".5" and no "5.".
    private static string ReadDecimal(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().TrimStart('+');
        bool negative = digits[0] == '-';
        if (negative) digits = digits[1..];
        int exponentAt = digits.IndexOfAny('e', 'E');
        ReadOnlySpan<char> exponent = exponentAt < 0 ? default : digits[exponentAt..], mantissa = exponentAt < 0 ? digits : digits[..exponentAt];
        string number = mantissa[0] == '.' ? $"0{mantissa}" : mantissa[^1] == '.' ? $"{mantissa}0" : mantissa.ToString();
        return (negative ? "-" : "") + number + exponent.ToString();
    }

    [GeneratedRegex(@"^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$", RegexOptions.CultureInvariant)]
    private static partial Regex NotANumber();

    [GeneratedRegex(@"^[-+]?0[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex OldOctal();

    [GeneratedRegex(@"^0(o[0-7]+|x[0-9a-fA-F]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Based();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();
}
