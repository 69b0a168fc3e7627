using System.Text;
using System.Text.Json;

namespace Margay.Api.Validation.Manifests;

/// <summary>One object of a manifest: where it stands, what it is, and what is wrong with it.</summary>
/// <param name="Source">The file, or "-".</param>
/// <param name="Line">1-based line of its first field; 0 when not known (JSON).</param>
/// <param name="Json">The object as it was written, before defaults; null when the text could not be read.</param>
/// <param name="Decoded">The typed object without defaults, and the findings of its structure.</param>
public sealed record ManifestObject(string Source, int Line, JsonElement? Json, Decoded Decoded)
{
    /// <summary>Knows the line of a field; null when it does not.</summary>
    internal Func<string, int?> LineOf { get; init; } = static _ => null;

    /// <summary>Defaults and every rule on top of the structure, with lines: what <c>margay validate</c> tells.</summary>
    public Decoded Admit(string? defaultNamespace = null)
    {
        Decoded decoded = Decoded;
        if (decoded is { Resource: { } resource, Kind.Namespaced: true } && string.IsNullOrEmpty(resource.Namespace) && defaultNamespace is not null)
            decoded = decoded with { Resource = resource with { Metadata = resource.Metadata with { Namespace = defaultNamespace } } };
        var findings = new Findings();
        findings.Merge(decoded.Findings);
        Decoded admitted = ResourceDecoder.Admit(decoded with { Findings = findings });
        return admitted with { Findings = admitted.Findings.WithLines(LineOf) };
    }
}

/// <summary>Reads files of objects: YAML or JSON, any number of documents, lists of objects taken apart.</summary>
public static class ManifestReader
{
    /// <summary>The largest text that is read: 64 MiB.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    /// <summary>All objects in the text. Text that is no YAML or JSON gives one object whose findings say so.</summary>
    public static IEnumerable<ManifestObject> Read(ReadOnlyMemory<byte> utf8, string source)
    {
        if (utf8.Length > MaxLength) return [Unreadable(source, 0, $"the text has {utf8.Length} bytes, at most {MaxLength} are read")];
        ReadOnlySpan<byte> start = utf8.Span.StartsWith(Encoding.UTF8.Preamble) ? utf8.Span[3..] : utf8.Span;
        start = start.TrimStart(" \t\r\n"u8);
        if (start is not [(byte)'{', ..]) return ReadYaml(utf8, source);
        // YAML may start with a brace too; when it is neither, the fault is told as JSON's.
        List<ManifestObject> json = ReadJson(utf8[(utf8.Length - start.Length)..], source);
        if (json.TrueForAll(o => o.Json is not null)) return json;
        List<ManifestObject> yaml = [.. ReadYaml(utf8, source)];
        return yaml.TrueForAll(o => o.Json is not null) ? yaml : json;
    }

    /// <summary>One document of any shape (a patch): its JSON, or what is wrong with it.</summary>
    public static JsonElement? ReadValue(string text, out string? fault)
    {
        fault = null;
        List<YamlDocument> documents = [.. YamlConverter.Read(new StringReader(text))];
        if (documents is [{ Json: { } json, Fault: null }]) return json;
        fault = documents.Count == 0 ? "the text is empty" : documents.Find(d => d.Fault is not null)?.Fault!.ToString() ?? "there is more than one document";
        return null;
    }

    private static IEnumerable<ManifestObject> ReadYaml(ReadOnlyMemory<byte> utf8, string source)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8.Span);
        }
        catch (DecoderFallbackException)
        {
            return [Unreadable(source, 0, "the text is not UTF-8")];
        }

        return ReadYaml(text.TrimStart('\ufeff'), source);
    }

    private static IEnumerable<ManifestObject> ReadYaml(string text, string source)
    {
        foreach (YamlDocument document in YamlConverter.Read(new StringReader(text)))
        {
            if (document.Fault is { } fault) yield return Unreadable(source, fault.Line ?? 0, fault.Message);
            if (document.Json is not { ValueKind: not JsonValueKind.Null } json) continue;
            foreach (ManifestObject item in Expand(json, source, document.Line, new LineTable(document.Lines))) yield return item;
        }
    }

    private static List<ManifestObject> ReadJson(ReadOnlyMemory<byte> utf8, string source)
    {
        var objects = new List<ManifestObject>();
        var reader = new Utf8JsonReader(utf8.Span, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = 64 });
        try
        {
            while (reader.Read()) objects.AddRange(Expand(JsonElement.ParseValue(ref reader), source, 0, LineTable.None));
        }
        catch (JsonException e)
        {
            objects.Add(Unreadable(source, (int)(e.LineNumber ?? 0) + 1, $"this is not JSON: {e.Message}"));
        }

        return objects;
    }

    // "kind: List", or any kind that ends in List and has items.
    private static IEnumerable<ManifestObject> Expand(JsonElement json, string source, int line, LineTable lines)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("items", out JsonElement items) && items.ValueKind == JsonValueKind.Array &&
            json.TryGetProperty("kind", out JsonElement kind) && kind.ValueKind == JsonValueKind.String && kind.GetString()!.EndsWith("List", StringComparison.Ordinal))
        {
            int index = 0;
            foreach (JsonElement item in items.EnumerateArray())
            {
                LineTable itemLines = lines.Below($"items[{index++}]");
                yield return Make(item, source, itemLines.Of("") ?? line, itemLines);
            }
        }
        else
        {
            yield return Make(json, source, line, lines);
        }
    }

    private static ManifestObject Make(JsonElement json, string source, int line, LineTable lines) =>
        new(source, line, json, ResourceDecoder.Decode(json)) { LineOf = lines.Of };

    private static ManifestObject Unreadable(string source, int line, string message)
    {
        var findings = new Findings();
        findings.Add("", FaultReason.Malformed, message);
        return new ManifestObject(source, line, null, new Decoded(null, null, findings)) { LineOf = _ => line == 0 ? null : line };
    }
}
