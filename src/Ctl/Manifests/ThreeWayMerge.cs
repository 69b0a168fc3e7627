using System.Text.Json.Nodes;

namespace Margay.Ctl.Manifests;

/// <summary>
/// What <c>apply</c> changes: the fields that the manifest names get its values, the fields that the last apply named and the manifest no longer
/// does are removed, and what others have set stays. The result is a JSON merge patch (RFC 7396), so a list is replaced as a whole.
/// </summary>
internal static class ThreeWayMerge
{
    /// <summary>Where the manifest of the last apply is kept; kubectl's own, so that both tools may be used by turns.</summary>
    public const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    private static readonly string[] ServerOwned = ["uid", "creationTimestamp", "generation", "managedFields", "selfLink"];

    /// <summary>The patch, or null when the object already is as the manifest wants it.</summary>
    public static JsonObject? Plan(JsonObject? lastApplied, JsonObject manifest, JsonObject current)
    {
        JsonObject patch = Difference(lastApplied, manifest, current);
        return patch.Count == 0 ? null : patch;
    }

    /// <summary>The manifest without what belongs to the server: status and some metadata, and fields that are null.</summary>
    public static JsonObject Clean(JsonObject manifest)
    {
        JsonObject clean = WithoutNulls(manifest);
        clean.Remove("status");
        if (clean["metadata"] is not JsonObject metadata) return clean;
        foreach (string field in ServerOwned) metadata.Remove(field);
        if (metadata["annotations"] is JsonObject annotations)
        {
            annotations.Remove(Annotation);
            if (annotations.Count == 0) metadata.Remove("annotations");
        }

        return clean;
    }

    /// <summary>What the last apply wrote into an object, or null when it was never applied.</summary>
    public static JsonObject? LastAppliedOf(JsonObject current)
    {
        try
        {
            return current["metadata"]?["annotations"]?[Annotation] is JsonValue value && value.TryGetValue(out string? text) ? JsonNode.Parse(text) as JsonObject : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>The manifest with the note of itself that the next apply needs.</summary>
    public static JsonObject WithNote(JsonObject target, JsonObject manifest)
    {
        var result = (JsonObject)target.DeepClone();
        if (result["metadata"] is not JsonObject metadata) result["metadata"] = metadata = [];
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = [];
        annotations[Annotation] = JsonValue.Create(manifest.ToJsonString());
        return result;
    }

    private static JsonObject Difference(JsonObject? lastApplied, JsonObject manifest, JsonObject current)
    {
        var patch = new JsonObject();
        foreach ((string name, JsonNode? wanted) in manifest)
        {
            JsonNode? actual = current[name];
            if (wanted is JsonObject wantedObject && actual is JsonObject actualObject)
            {
                JsonObject inner = Difference(lastApplied?[name] as JsonObject, wantedObject, actualObject);
                if (inner.Count > 0) patch[name] = inner;
            }
            else if (!JsonNode.DeepEquals(wanted, actual))
            {
                patch[name] = wanted?.DeepClone();
            }
        }

        foreach ((string name, JsonNode? applied) in lastApplied ?? [])
            if (!manifest.ContainsKey(name) && current.ContainsKey(name)) patch[name] = Removal(applied, current[name]);
        return patch;
    }

    // Of an object only what was applied goes; null, the whole, when nothing else is left in it.
    private static JsonObject? Removal(JsonNode? applied, JsonNode? actual)
    {
        if (applied is not JsonObject appliedObject || actual is not JsonObject actualObject) return null;
        JsonObject inner = Difference(appliedObject, [], actualObject);
        return actualObject.All(field => inner.TryGetPropertyValue(field.Key, out JsonNode? left) && left is null) ? null : inner;
    }

    private static JsonObject WithoutNulls(JsonObject source)
    {
        var result = new JsonObject();
        foreach ((string name, JsonNode? value) in source)
        {
            if (value is null) continue;
            result[name] = value is JsonObject inner ? WithoutNulls(inner) : value.DeepClone();
        }

        return result;
    }
}
