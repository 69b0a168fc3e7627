using System.Text.Json;

namespace Margay.Cni.Config;

/// <summary>Typed reads from JSON elements; a value of the wrong type is a fault with its path and reads as absent.</summary>
internal sealed class FieldReader(Faults faults)
{
    public string? String(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        faults.Invalid(path, "must be a string");
        return null;
    }

    public string? NonEmptyString(JsonElement value, string path)
    {
        string? text = String(value, path);
        if (text is not "") return text;
        faults.Invalid(path, "must not be empty");
        return null;
    }

    public int? Integer(JsonElement value, string path, int min, int max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int n) && n >= min && n <= max) return n;
        faults.Invalid(path, $"must be a number from {min} to {max}");
        return null;
    }

    public List<string>? Strings(JsonElement value, string path)
    {
        if (!IsArray(value, path)) return null;
        List<string> list = [];
        int i = 0;
        foreach (JsonElement item in value.EnumerateArray())
            if (NonEmptyString(item, $"{path}[{i++}]") is { } text) list.Add(text);
        return list;
    }

    public Dictionary<string, string>? StringMap(JsonElement value, string path)
    {
        if (!IsObject(value, path)) return null;
        Dictionary<string, string> map = [];
        foreach (JsonProperty property in value.EnumerateObject())
            if (String(property.Value, $"{path}.{property.Name}") is { } text) map[property.Name] = text;
        return map;
    }

    public bool IsArray(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Array) return true;
        faults.Invalid(path, "must be a list");
        return false;
    }

    public bool IsObject(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Object) return true;
        faults.Invalid(path, "must be an object");
        return false;
    }
}
