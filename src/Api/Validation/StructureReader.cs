using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>
/// Walks a JSON object beside the metadata of the record that it shall become, and writes what fits into <see cref="Accepted"/>. All that does
/// not fit becomes a finding: unknown and repeated fields, wrong types, nulls in lists. A field that is null counts as absent.
/// </summary>
internal sealed class StructureReader(Findings findings, UnknownFields unknownFields)
{
    private const int MaxFaults = 100;

    private readonly ArrayBufferWriter<byte> _accepted = new(1024);
    private readonly JsonSerializerOptions _options = ApiJsonContext.Default.Options;

    public ReadOnlySpan<byte> Accepted => _accepted.WrittenSpan;

    public void Read(JsonElement element, JsonTypeInfo type)
    {
        using var writer = new Utf8JsonWriter(_accepted, new JsonWriterOptions { SkipValidation = true });
        if (Fits(element, type, FieldPath.Root)) Write(element, type, FieldPath.Root, writer);
    }

    // What is written always has a place in the record: a field that does not fit is left out, a list member is replaced to keep the indexes right.
    private void Write(JsonElement element, JsonTypeInfo type, FieldPath path, Utf8JsonWriter writer)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object: WriteObject(element, type, path, writer); break;
            case JsonTypeInfoKind.Enumerable: WriteList(element, type, path, writer); break;
            case JsonTypeInfoKind.Dictionary: WriteMap(element, type, path, writer); break;
            default: element.WriteTo(writer); break;
        }
    }

    private void WriteObject(JsonElement element, JsonTypeInfo type, FieldPath path, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        Span<bool> seen = stackalloc bool[type.Properties.Count];
        foreach (JsonProperty field in element.EnumerateObject())
        {
            if (findings.Faults.Count >= MaxFaults) break;
            int index = IndexOf(type, field);
            if (index < 0) OnUnknownField(type, field.Name, path);
            else if (seen[index]) findings.Add(path[field.Name].ToString(), FaultReason.Duplicate, "the field is given twice: keep one");
            else
            {
                seen[index] = true;
                if (!WriteField(field, type.Properties[index], path[type.Properties[index].Name], writer)) OnMissingField(type.Properties[index], null, writer);
            }
        }

        for (int i = 0; i < seen.Length; i++)
            if (!seen[i]) OnMissingField(type.Properties[i], path, writer);
        writer.WriteEndObject();
    }

    private bool WriteField(JsonProperty field, JsonPropertyInfo property, FieldPath path, Utf8JsonWriter writer)
    {
        if (field.Value.ValueKind == JsonValueKind.Null) return false;
        JsonTypeInfo type = _options.GetTypeInfo(property.PropertyType);
        if (!Fits(field.Value, type, path)) return false;
        writer.WritePropertyName(property.Name);
        Write(field.Value, type, path, writer);
        return true;
    }

    // Source-generated deserialization sets an init-only property that is absent to null, whatever its initializer says: metadata and spec must be there.
    private void OnMissingField(JsonPropertyInfo property, FieldPath? path, Utf8JsonWriter writer)
    {
        if (property.IsRequired && path is not null) findings.Add(path[property.Name].ToString(), FaultReason.Required, "the field is missing");
        if (property.IsRequired || property.IsSetNullable || property.Set is null || _options.GetTypeInfo(property.PropertyType).Kind != JsonTypeInfoKind.Object) return;
        writer.WriteStartObject(property.Name);
        writer.WriteEndObject();
    }

    private void WriteList(JsonElement element, JsonTypeInfo type, FieldPath path, Utf8JsonWriter writer)
    {
        JsonTypeInfo memberType = _options.GetTypeInfo(type.ElementType!);
        writer.WriteStartArray();
        int index = 0;
        foreach (JsonElement member in element.EnumerateArray())
        {
            if (findings.Faults.Count >= MaxFaults) break;
            FieldPath at = path[index++];
            if (Fits(member, memberType, at)) Write(member, memberType, at, writer);
            else writer.WriteRawValue(Leaf.Placeholder(memberType), skipInputValidation: true);
        }

        writer.WriteEndArray();
    }

    private void WriteMap(JsonElement element, JsonTypeInfo type, FieldPath path, Utf8JsonWriter writer)
    {
        JsonTypeInfo valueType = _options.GetTypeInfo(type.ElementType!);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        foreach (JsonProperty entry in element.EnumerateObject())
        {
            if (findings.Faults.Count >= MaxFaults) break;
            FieldPath at = path.Key(Leaf.Printable(entry.Name));
            if (!seen.Add(entry.Name))
            {
                findings.Add(at.ToString(), FaultReason.Duplicate, "the key is given twice: keep one");
                continue;
            }

            if (!Fits(entry.Value, valueType, at)) continue;
            writer.WritePropertyName(entry.Name);
            Write(entry.Value, valueType, at, writer);
        }

        writer.WriteEndObject();
    }

    private bool Fits(JsonElement element, JsonTypeInfo type, FieldPath path)
    {
        (FaultReason Reason, string Message)? fault = type.Kind switch
        {
            JsonTypeInfoKind.Object => Leaf.MismatchOf(element, JsonValueKind.Object, "an object (fields with values)"),
            JsonTypeInfoKind.Enumerable => Leaf.MismatchOf(element, JsonValueKind.Array, "a list"),
            JsonTypeInfoKind.Dictionary => Leaf.MismatchOf(element, JsonValueKind.Object, "a map of names to values"),
            _ => Leaf.Fault(element, type),
        };
        if (fault is null) return true;
        findings.Add(path.ToString(), fault.Value.Reason, fault.Value.Message);
        return false;
    }

    private static int IndexOf(JsonTypeInfo type, JsonProperty field)
    {
        for (int i = 0; i < type.Properties.Count; i++)
        {
            JsonPropertyInfo property = type.Properties[i];
            if (property.Set is not null && field.NameEquals(property.Name)) return i;
        }

        return -1;
    }

    private void OnUnknownField(JsonTypeInfo type, string name, FieldPath path)
    {
        string field = path[Leaf.Printable(name)].ToString();
        switch (ForeignFields.Of(type.Type, name))
        {
            case ForeignFields.Treatment.Drop: return;
            case ForeignFields.Treatment.Warn:
                findings.Warn(field, FaultReason.NotImplemented, "this version of Margay does not implement the field; it was dropped and has no effect");
                return;
        }

        if (unknownFields == UnknownFields.Ignore) return;
        IEnumerable<string> known = type.Properties.Where(p => p.Set is not null).Select(p => p.Name);
        string message = $"unknown field{Suggestion.Hint(name, known)}; known here: {string.Join(", ", known.Order(StringComparer.Ordinal))}";
        if (unknownFields == UnknownFields.Refuse) findings.Add(field, FaultReason.UnknownField, message);
        else findings.Warn(field, FaultReason.UnknownField, message + "; it was dropped");
    }
}
