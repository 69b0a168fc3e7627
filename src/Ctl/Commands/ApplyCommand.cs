using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay apply</c></summary>
internal static class ApplyCommand
{
    public static Command Build(Terminal terminal, Connection connection) =>
        ManifestVerb.Build(terminal, connection, "apply", "Create objects, or change them to what the manifests say.", ApplyAsync);

    private static async Task<ApiResult<string>> ApplyAsync(MargayClient client, Submission submission, CancellationToken cancel)
    {
        string url = ResourceUrls.Of(submission.Kind, submission.Namespace, submission.Name);
        JsonObject manifest = ThreeWayMerge.Clean(submission.Body);
        ApiResult<JsonElement> read = await client.SendJsonAsync(HttpMethod.Get, url, cancel: cancel);
        if (!read.TryGet(out JsonElement found, out ApiError error))
        {
            if (error.Reason != ApiErrorReason.NotFound) return error;
            ApiResult<JsonElement> created = await client.SendJsonAsync(
                HttpMethod.Post, ResourceUrls.Of(submission.Kind, submission.Namespace), Bytes(ThreeWayMerge.WithNote(manifest, manifest)), MediaType.Json, cancel);
            return created.Select(static _ => "created");
        }

        JsonObject current = JsonNode.Parse(found.GetRawText())!.AsObject();
        JsonObject? lastApplied = ThreeWayMerge.LastAppliedOf(current);
        JsonObject? patch = ThreeWayMerge.Plan(lastApplied, manifest, current);
        if (patch is null && JsonNode.DeepEquals(lastApplied, manifest)) return "unchanged";
        byte[] body = Bytes(ThreeWayMerge.WithNote(patch ?? [], manifest));
        ApiResult<JsonElement> changed = await client.SendJsonAsync(HttpMethod.Patch, url, body, MediaType.MergePatch, cancel);
        return changed.Select(_ => patch is null ? "unchanged" : "configured");
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
