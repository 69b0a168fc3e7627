using System.CommandLine;
using System.Text;
using System.Text.Json;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay replace</c></summary>
internal static class ReplaceCommand
{
    public static Command Build(Terminal terminal, Connection connection) =>
        ManifestVerb.Build(terminal, connection, "replace", "Replace objects as a whole; with metadata.resourceVersion only if they are still that one.", ReplaceAsync);

    private static async Task<ApiResult<string>> ReplaceAsync(MargayClient client, Submission submission, CancellationToken cancel)
    {
        string url = ResourceUrls.Of(submission.Kind, submission.Namespace, submission.Name);
        byte[] body = Encoding.UTF8.GetBytes(submission.Body.ToJsonString());
        ApiResult<JsonElement> replaced = await client.SendJsonAsync(HttpMethod.Put, url, body, MediaType.Json, cancel);
        return replaced.Select(static _ => "replaced");
    }
}
