using System.Text.Json;
using System.Text.Json.Nodes;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.Patches;

/// <summary>
/// A change of an object as a client sends it: JSON Patch (RFC 6902) or JSON Merge Patch (RFC 7396). Kubernetes' strategic merge patch,
/// which kubectl sends for Namespaces only, is read as a merge patch: our kinds have no lists that are merged by key.
/// </summary>
internal abstract class Patch
{
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 64 };
    private static readonly JsonNodeOptions CaseSensitive = new();

    /// <summary>The patched object; the node given is consumed. A refusal says which part cannot be applied.</summary>
    protected abstract Outcome<JsonNode> ApplyTo(JsonNode target);

    public Outcome<byte[]> Apply(byte[] json)
    {
        Outcome<JsonNode> patched = ApplyTo(JsonNode.Parse(json, CaseSensitive, Json)!);
        if (patched.IsRefused(out Status refusal)) return refusal;
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream)) patched.Value!.WriteTo(writer);
        return stream.ToArray();
    }

    public static Outcome<Patch> Parse(RequestBody body)
    {
        if (body.MediaType == "application/apply-patch+yaml")
        {
            return Statuses.UnsupportedMediaType("server-side apply is not supported: use kubectl apply without --server-side, or a merge patch");
        }
        if (body.MediaType is not ("application/json-patch+json" or "application/merge-patch+json" or "application/strategic-merge-patch+json"))
        {
            return Statuses.UnsupportedMediaType($"the media type {body.MediaType} is no patch that is supported; send application/merge-patch+json or application/json-patch+json");
        }
        try
        {
            JsonNode? document = JsonNode.Parse(body.Bytes, CaseSensitive, Json);
            if (body.MediaType == "application/json-patch+json") return JsonPatch.Read(document);
            if (document is not JsonObject changes) return Statuses.BadRequest("a merge patch is an object");
            return MergePatch.Read(changes, strategic: body.MediaType.StartsWith("application/strategic", StringComparison.Ordinal));
        }
        catch (JsonException e)
        {
            return Statuses.BadRequest($"the patch is no JSON: {e.Message}");
        }
        catch (ArgumentException e)
        {
            // A JsonObject finds a repeated key only when it is first looked into.
            return Statuses.BadRequest($"the patch has a key twice: {e.Message}");
        }
    }
}
