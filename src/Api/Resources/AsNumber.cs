using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>An autonomous system number (RFC 6793). Written as a number, or as "high.low" (RFC 5396 asdot).</summary>
[JsonConverter(typeof(AsNumberJsonConverter))]
public readonly record struct AsNumber(uint Value)
{
    public static bool TryParse(string? text, out AsNumber result)
    {
        result = default;
        if (text is null) return false;
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint plain)) return false;
            result = new AsNumber(plain);
            return true;
        }
        if (!ushort.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out ushort high)) return false;
        if (!ushort.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort low)) return false;
        result = new AsNumber((uint)high << 16 | low);
        return true;
    }

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

internal sealed class AsNumberJsonConverter : JsonConverter<AsNumber>
{
    public override AsNumber Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out uint number)) return new AsNumber(number);
        if (reader.TokenType == JsonTokenType.String && AsNumber.TryParse(reader.GetString(), out AsNumber parsed)) return parsed;
        throw new JsonException("an AS number is a number from 0 to 4294967295, or a string \"high.low\"");
    }

    public override void Write(Utf8JsonWriter writer, AsNumber value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
