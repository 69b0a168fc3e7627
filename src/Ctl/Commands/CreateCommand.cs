using System.CommandLine;
using System.Text;
using System.Text.Json;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay create</c></summary>
internal static class CreateCommand
{
    public static Command Build(Terminal terminal, Connection connection) =>
        ManifestVerb.Build(terminal, connection, "create", "Create objects that do not exist yet.", CreateAsync);

    private static async Task<ApiResult<string>> CreateAsync(MargayClient client, Submission submission, CancellationToken cancel)
    {
        byte[] body = Encoding.UTF8.GetBytes(submission.Body.ToJsonString());
        ApiResult<JsonElement> created = await client.SendJsonAsync(HttpMethod.Post, ResourceUrls.Of(submission.Kind, submission.Namespace), body, MediaType.Json, cancel);
        return created.Select(static _ => "created");
    }
}
