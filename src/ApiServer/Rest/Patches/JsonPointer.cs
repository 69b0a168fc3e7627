using System.Globalization;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Rest.Patches;

/// <summary>A place in a JSON document (RFC 6901), with the operations that a JSON patch does there. Each gives what is wrong, or null.</summary>
internal sealed class JsonPointer
{
    private readonly string _text;
    private readonly string[] _parts;

    private JsonPointer(string text, string[] parts)
    {
        _text = text;
        _parts = parts;
    }

    public static JsonPointer? Parse(string? text)
    {
        if (text is null || (text.Length > 0 && text[0] != '/')) return null;
        string[] parts = text.Length == 0 ? [] : text[1..].Split('/');
        // The order matters: "~01" is "~1".
        return new JsonPointer(text, [.. parts.Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))]);
    }

    public override string ToString() => _text;

    public bool IsWithin(JsonPointer other) => _parts.Length > other._parts.Length && _parts.AsSpan().StartsWith(other._parts);

    public bool TryGet(JsonNode? root, out JsonNode? found)
    {
        found = root;
        foreach (string part in _parts)
        {
            if (!TryStep(found, part, out found)) return false;
        }
        return true;
    }

    public string? Add(ref JsonNode? root, JsonNode? value)
    {
        if (_parts.Length == 0)
        {
            root = value;
            return null;
        }
        switch (Parent(root))
        {
            case JsonObject parent:
                parent.Remove(_parts[^1]);
                parent[_parts[^1]] = value;
                return null;
            case JsonArray parent:
                if (_parts[^1] == "-") parent.Add(value);
                else if (TryIndex(_parts[^1], parent.Count, out int index)) parent.Insert(index, value);
                else return $"the list has {parent.Count} members";
                return null;
            default:
                return "its parent is not there";
        }
    }

    public string? Remove(ref JsonNode? root)
    {
        if (_parts.Length == 0)
        {
            root = null;
            return null;
        }
        switch (Parent(root))
        {
            case JsonObject parent when parent.Remove(_parts[^1]):
                return null;
            case JsonArray parent when TryIndex(_parts[^1], parent.Count - 1, out int index):
                parent.RemoveAt(index);
                return null;
            default:
                return "there is nothing there";
        }
    }

    private JsonNode? Parent(JsonNode? root)
    {
        foreach (string part in _parts.AsSpan(0, _parts.Length - 1))
        {
            if (!TryStep(root, part, out root)) return null;
        }
        return root;
    }

    private static bool TryStep(JsonNode? node, string part, out JsonNode? next)
    {
        next = null;
        if (node is JsonObject map) return map.TryGetPropertyValue(part, out next);
        if (node is not JsonArray list || !TryIndex(part, list.Count - 1, out int index)) return false;
        next = list[index];
        return true;
    }

    private static bool TryIndex(string part, int last, out int index) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index <= last && (part.Length == 1 || part[0] != '0');
}
