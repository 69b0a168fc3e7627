using System.Runtime.InteropServices;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.Api.Validation;

// From bytes to an object that may be stored:
//
//   YAML ─YamlConverter─► JSON ─ResourceDecoder (StructureReader)─► Resource ─Defaults─► Resource ─Validator─► findings
//
// Every stage adds what it finds to the Findings of the object and goes on with what is left, so that one answer names every
// fault. ManifestReader runs all stages for files; the server runs them for request bodies with ResourceDecoder.Admit.

/// <summary>What became of one object: the resource with all that fits, and what was found. Store it only when <see cref="Findings"/> is valid.</summary>
/// <param name="Kind">Null when apiVersion and kind name nothing that is known.</param>
/// <param name="Resource">Null when nothing could be made of it.</param>
public sealed record Decoded(ResourceKind? Kind, Resource? Resource, Findings Findings)
{
    public bool IsValid => Resource is not null && Findings.IsValid;
}

/// <summary>Reads JSON into typed resources, strictly and completely: unknown fields, wrong types, repeated fields and unknown kinds are all told at once.</summary>
public static class ResourceDecoder
{
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 64 };

    /// <summary>Reads one object. It does not default or validate; <see cref="Admit(ReadOnlyMemory{byte}, ResourceKind?, UnknownFields)"/> does all.</summary>
    /// <param name="expected">The kind that it must be (from a URL), in which case apiVersion and kind may be missing.</param>
    public static Decoded Decode(ReadOnlyMemory<byte> utf8, ResourceKind? expected = null, UnknownFields unknownFields = UnknownFields.Refuse)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, Json);
            return Decode(document.RootElement, expected, unknownFields);
        }
        // A string with half a surrogate pair (\ud800) parses, and fails when it is read.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var findings = new Findings();
            findings.Add("", FaultReason.Malformed, $"this is not JSON: {e.Message}");
            return new Decoded(expected, null, findings);
        }
    }

    /// <inheritdoc cref="Decode(ReadOnlyMemory{byte}, ResourceKind?, UnknownFields)"/>
    public static Decoded Decode(JsonElement element, ResourceKind? expected = null, UnknownFields unknownFields = UnknownFields.Refuse)
    {
        var findings = new Findings();
        if (!JsonEncoding.IsValid(JsonMarshal.GetRawUtf8Value(element)))
        {
            findings.Add("", FaultReason.Malformed, "a string in it is not valid Unicode (broken UTF-8, or half of a \\u surrogate pair)");
            return new Decoded(expected, null, findings);
        }

        ResourceKind? kind = KindResolver.Resolve(element, expected, findings);
        if (kind is null) return new Decoded(null, null, findings);
        var reader = new StructureReader(findings, unknownFields);
        reader.Read(element, kind.TypeInfo);
        Resource? resource = Materialise(reader.Accepted, kind, findings);
        return new Decoded(kind, resource is null ? null : resource with { ApiVersion = kind.ApiVersion, Kind = kind.Kind }, findings);
    }

    /// <summary>Reads one object, fills in its defaults and checks every rule: what the server does with a body before it stores it.</summary>
    public static Decoded Admit(ReadOnlyMemory<byte> utf8, ResourceKind? expected = null, UnknownFields unknownFields = UnknownFields.Refuse) =>
        Admit(Decode(utf8, expected, unknownFields));

    /// <inheritdoc cref="Admit(ReadOnlyMemory{byte}, ResourceKind?, UnknownFields)"/>
    public static Decoded Admit(Decoded decoded)
    {
        if (decoded.Resource is null) return decoded;
        Resource resource = Defaults.Apply(decoded.Resource);
        decoded.Findings.Merge(Validator.Validate(resource));
        return decoded with { Resource = resource };
    }

    // What the structure reader accepted can only fail for a required field that is missing, which it has told already.
    private static Resource? Materialise(ReadOnlySpan<byte> accepted, ResourceKind kind, Findings findings)
    {
        try
        {
            return (Resource?)JsonSerializer.Deserialize(accepted, kind.TypeInfo);
        }
        catch (JsonException e)
        {
            if (findings.IsValid) findings.Add("", FaultReason.Malformed, e.Message);
            return null;
        }
    }
}
