using System.Text.Json.Nodes;

namespace Margay.ApiServer.Rest.Patches;

/// <summary>JSON Merge Patch (RFC 7396): members replace, null removes, lists are replaced whole.</summary>
internal sealed class MergePatch : Patch
{
    private readonly JsonObject _changes;

    private MergePatch(JsonObject changes) => _changes = changes;

    public static Outcome<Patch> Read(JsonObject changes, bool strategic)
    {
        if (Directive(changes, strategic, "") is { } path) return Statuses.BadRequest($"{path}: directives of strategic merge patches are not supported; send a merge patch or a JSON patch");
        return new MergePatch(changes);
    }

    protected override Outcome<JsonNode> ApplyTo(JsonNode target) => Merge(target, _changes)!;

    // RFC 7396 section 2.
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        JsonObject merged = target as JsonObject ?? [];
        foreach ((string name, JsonNode? change) in changes)
        {
            if (change is null)
            {
                merged.Remove(name);
                continue;
            }
            merged.TryGetPropertyValue(name, out JsonNode? old);
            merged.Remove(name);
            merged[name] = Merge(old, change);
        }
        return merged;
    }

    /// <summary>Takes out hints about the order of lists, which mean nothing where lists are replaced; gives the path of any other directive.</summary>
    private static string? Directive(JsonObject changes, bool strategic, string path)
    {
        foreach (string name in changes.Select(c => c.Key).ToList())
        {
            if (strategic && (name.StartsWith("$setElementOrder/", StringComparison.Ordinal) || name == "$retainKeys")) changes.Remove(name);
            else if (strategic && name.StartsWith('$')) return path + name;
            else if (changes[name] is JsonObject inner && Directive(inner, strategic, $"{path}{name}.") is { } found) return found;
        }
        return null;
    }
}
