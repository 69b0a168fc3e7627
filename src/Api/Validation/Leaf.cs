using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Margay.Api.Validation;

/// <summary>Whether a JSON value can become a value of a leaf type: string, number, enum, or a type with its own converter.</summary>
internal static class Leaf
{
    private const int ShownLength = 40;

    public static (FaultReason Reason, string Message)? Fault(JsonElement element, JsonTypeInfo type)
    {
        Type leaf = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (leaf == typeof(JsonElement)) return null;
        if (leaf == typeof(string)) return element.ValueKind == JsonValueKind.String ? null : Wrong($"must be a string, not {Describe(element)}{QuoteHint(element)}");
        if (leaf == typeof(bool)) return element.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : Wrong($"must be true or false, not {Describe(element)}");
        if (leaf == typeof(int)) return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out _) ? null : Wrong($"must be a whole number, not {Describe(element)}");
        if (leaf == typeof(long)) return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out _) ? null : Wrong($"must be a whole number, not {Describe(element)}");
        if (leaf == typeof(double)) return element.ValueKind == JsonValueKind.Number ? null : Wrong($"must be a number, not {Describe(element)}");
        if (leaf == typeof(DateTimeOffset)) return element.ValueKind == JsonValueKind.String && element.TryGetDateTimeOffset(out _) ? null : Wrong($"must be an RFC 3339 time, not {Describe(element)}");
        return leaf.IsEnum ? EnumFault(element, leaf) : ConverterFault(element, type);
    }

    public static (FaultReason Reason, string Message)? MismatchOf(JsonElement element, JsonValueKind expected, string words) =>
        element.ValueKind == expected ? null : Wrong($"must be {words}, not {Describe(element)}");

    /// <summary>JSON that stands in for a list member which does not fit.</summary>
    public static string Placeholder(JsonTypeInfo type) => type.Kind switch
    {
        JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "{}",
        JsonTypeInfoKind.Enumerable => "[]",
        _ when type.Type == typeof(bool) => "false",
        _ when type.Type.IsEnum => $"\"{Enum.GetNames(type.Type)[0]}\"",
        _ when type.Type == typeof(int) || type.Type == typeof(long) || type.Type == typeof(double) => "0",
        _ => "\"\"",
    };

    /// <summary>The value in words, short enough for a message.</summary>
    public static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => $"the string \"{Printable(element.GetString()!)}\"",
        JsonValueKind.Null => "nothing (null)",
        _ => Printable(element.GetRawText()),
    };

    // The remedy for "rack: 1" where a string is meant.
    private static string QuoteHint(JsonElement element) =>
        element.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False ? $": write \"{Printable(element.GetRawText())}\" in quotes" : "";

    /// <summary>Text from outside that is fit for a terminal: control characters replaced, long text cut.</summary>
    public static string Printable(string text)
    {
        string cut = text.Length > ShownLength ? string.Concat(text.AsSpan(0, ShownLength), "…") : text;
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
        });
    }

    private static (FaultReason, string)? EnumFault(JsonElement element, Type type)
    {
        string[] names = Enum.GetNames(type);
        if (element.ValueKind != JsonValueKind.String) return Wrong($"must be one of {string.Join(", ", names)}, not {Describe(element)}");
        string value = element.GetString()!;
        return names.Contains(value, StringComparer.Ordinal)
            ? null
            : (FaultReason.NotSupported, $"\"{Printable(value)}\" is none of {string.Join(", ", names)}{Suggestion.Hint(value, names)}");
    }

    private static (FaultReason, string)? ConverterFault(JsonElement element, JsonTypeInfo type)
    {
        try
        {
            element.Deserialize(type);
            return null;
        }
        catch (JsonException e)
        {
            return Wrong($"{e.Message}, not {Describe(element)}");
        }
    }

    private static (FaultReason, string) Wrong(string message) => (FaultReason.TypeInvalid, message);
}
