using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Ctl.Output;

/// <summary>How the program writes JSON: indented, with characters as they are.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Commands.SelectorReport))]
[JsonSerializable(typeof(Explain.ExplainReport))]
[JsonSerializable(typeof(Ipam.IpamReport))]
[JsonSerializable(typeof(IReadOnlyList<Networks.NetworkUsage>))]
[JsonSerializable(typeof(IReadOnlyList<Networks.NetworkFinding>))]
[JsonSerializable(typeof(IReadOnlyList<Manifests.ManifestVerdict>))]
internal sealed partial class JsonText : JsonSerializerContext
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonElement element)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented)) element.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
