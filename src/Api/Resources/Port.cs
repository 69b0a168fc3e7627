using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>
/// A port match as it stands in a rule: a number (80), a range ("8000:8100") or the name of a port that endpoints declare ("http").
/// What was written is kept; <see cref="TryGetRange"/> and <see cref="PortName"/> say what it means.
/// </summary>
[JsonConverter(typeof(PortJsonConverter))]
public readonly record struct Port(string Text)
{
    public static Port FromNumber(int number) => new(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whether it is written with digits (and a colon) only, be it valid or not.</summary>
    public bool IsNumeric => Text.Length > 0 && !Text.AsSpan().ContainsAnyExcept("0123456789:");

    /// <summary>The name, when it is not numeric.</summary>
    public string? PortName => IsNumeric ? null : Text;

    /// <summary>The range it means, 1 ≤ first ≤ last ≤ 65535; false for names and for what is out of bounds.</summary>
    public bool TryGetRange(out PortRange range)
    {
        range = default;
        int colon = Text.IndexOf(':', StringComparison.Ordinal);
        ReadOnlySpan<char> first = colon < 0 ? Text : Text.AsSpan(0, colon), last = colon < 0 ? Text : Text.AsSpan(colon + 1);
        if (!ushort.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out ushort a)) return false;
        if (!ushort.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out ushort b)) return false;
        range = new PortRange(a, b);
        return a >= 1 && a <= b;
    }

    public override string ToString() => Text;
}

/// <summary>Ports from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
[JsonConverter(typeof(PortRangeJsonConverter))]
public readonly record struct PortRange(ushort First, ushort Last)
{
    public bool Contains(ushort port) => port >= First && port <= Last;
    public override string ToString() => First == Last ? First.ToString(CultureInfo.InvariantCulture) : $"{First}:{Last}";
}

internal sealed class PortJsonConverter : JsonConverter<Port>
{
    public override Port Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => new Port(reader.GetString()!),
        JsonTokenType.Number when reader.TryGetInt64(out long n) => new Port(n.ToString(CultureInfo.InvariantCulture)),
        _ => throw new JsonException("a port is a number, a range \"first:last\" or a name"),
    };

    public override void Write(Utf8JsonWriter writer, Port value, JsonSerializerOptions options)
    {
        if (int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int n)) writer.WriteNumberValue(n);
        else writer.WriteStringValue(value.Text);
    }
}

internal sealed class PortRangeJsonConverter : JsonConverter<PortRange>
{
    public override PortRange Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && new Port(reader.GetString()!).TryGetRange(out PortRange range)
            ? range
            : throw new JsonException("a port range is \"port\" or \"first:last\"");

    public override void Write(Utf8JsonWriter writer, PortRange value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
