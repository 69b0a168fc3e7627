using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>RFC 3339 in UTC with a Z, to the second: the only form in which Kubernetes writes times. Read in any.</summary>
internal sealed class TimestampJsonConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
}
