using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>A differentiated services code point as it stands in a manifest: a number or one of the names of the RFCs. What was written is kept.</summary>
[JsonConverter(typeof(DscpJsonConverter))]
public readonly record struct Dscp(string Text)
{
    /// <summary>0–63, or null when the text means nothing.</summary>
    public byte? Value => Text switch
    {
        "DF" => 0,
        "EF" => 46,
        // RFC 2597: class and drop precedence.
        ['A', 'F', >= '1' and <= '4' and var c, >= '1' and <= '3' and var p] => (byte)(((c - '0') << 3) | ((p - '0') << 1)),
        ['C', 'S', >= '0' and <= '6' and var c] => (byte)((c - '0') << 3),
        _ => byte.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out byte n) && n <= 63 ? n : null,
    };

    public override string ToString() => Text;
}

public sealed class DscpJsonConverter : JsonConverter<Dscp>
{
    public override Dscp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => new Dscp(reader.GetString()!),
        JsonTokenType.Number when reader.TryGetInt64(out long n) => new Dscp(n.ToString(CultureInfo.InvariantCulture)),
        _ => throw new JsonException("a DSCP is a number or a name"),
    };

    public override void Write(Utf8JsonWriter writer, Dscp value, JsonSerializerOptions options)
    {
        if (int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int n)) writer.WriteNumberValue(n);
        else writer.WriteStringValue(value.Text);
    }
}
