using System.Text;
using System.Text.Json;

namespace Margay.Ctl.Output;

/// <summary>Writes JSON as YAML that every reader, of YAML 1.1 or 1.2, takes for the same values.</summary>
internal static class YamlText
{
    public static string Write(JsonElement element)
    {
        var text = new StringBuilder();
        Append(text, element, 0, afterDash: false);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement element, int indent, bool afterDash)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when element.EnumerateObject().Any(): AppendMapping(text, element, indent, afterDash); break;
            case JsonValueKind.Array when element.GetArrayLength() > 0: AppendSequence(text, element, indent, afterDash); break;
            case JsonValueKind.String when IsBlock(element.GetString()!): AppendBlock(text, element.GetString()!, indent); break;
            default: text.Append(Scalar(element)).Append('\n'); break;
        }
    }

    private static void AppendMapping(StringBuilder text, JsonElement mapping, int indent, bool afterDash)
    {
        bool first = true;
        foreach (JsonProperty field in mapping.EnumerateObject())
        {
            if (!(first && afterDash)) text.Append(' ', indent);
            first = false;
            text.Append(Quoted(field.Name)).Append(':');
            AppendBelow(text, field.Value, field.Value.ValueKind == JsonValueKind.Array ? indent : indent + 2);
        }
    }

    private static void AppendBelow(StringBuilder text, JsonElement value, int indent)
    {
        bool nested = (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any()) || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0);
        text.Append(nested ? '\n' : ' ');
        Append(text, value, indent, afterDash: false);
    }

    private static void AppendSequence(StringBuilder text, JsonElement sequence, int indent, bool afterDash)
    {
        bool first = true;
        foreach (JsonElement item in sequence.EnumerateArray())
        {
            if (!(first && afterDash)) text.Append(' ', indent);
            first = false;
            text.Append("- ");
            Append(text, item, indent + 2, afterDash: true);
        }
    }

    // Text of several lines that a literal block gives back unchanged.
    private static bool IsBlock(string value) =>
        value.Contains('\n', StringComparison.Ordinal) && value.All(c => c is '\n' or (>= ' ' and <= '~')) &&
        value[0] is not (' ' or '\n') && !value.EndsWith("\n\n", StringComparison.Ordinal) && !value.Contains(" \n", StringComparison.Ordinal);

    private static void AppendBlock(StringBuilder text, string value, int indent)
    {
        text.Append(value.EndsWith('\n') ? "|\n" : "|-\n");
        foreach (string line in value.TrimEnd('\n').Split('\n'))
        {
            if (line.Length > 0) text.Append(' ', Math.Max(indent, 2)).Append(line);
            text.Append('\n');
        }
    }

    private static string Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => Quoted(element.GetString()!),
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        _ => element.GetRawText(),
    };

    // Plain only where no reader can take it for a number, a boolean, a date or syntax.
    private static string Quoted(string value)
    {
        if (IsPlain(value)) return value;
        if (!value.AsSpan().ContainsAnyExceptInRange(' ', '~')) return $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
        // A JSON string is a double-quoted YAML scalar.
        return JsonSerializer.Serialize(value, JsonText.Default.String);
    }

    private static bool IsPlain(string value)
    {
        // 10.65.0.0/16 and 10.65.0.1 are nothing else to anyone; other things that begin with a digit may be.
        bool isAddress = value.Length > 0 && char.IsAsciiDigit(value[0]) && value.AsSpan().Count('.') >= 3 && !value.AsSpan().ContainsAnyExcept("0123456789./");
        if (value.Length == 0 || !(isAddress || char.IsAsciiLetter(value[0]) || value[0] is '/' or '_')) return false;
        foreach (char c in value)
            if (!char.IsAsciiLetterOrDigit(c) && !" _-./()=".Contains(c, StringComparison.Ordinal)) return false;
        return !value.EndsWith(' ') && value.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n" or "infinity" or "nan");
    }
}
