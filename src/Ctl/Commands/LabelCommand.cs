using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay label</c></summary>
internal static class LabelCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        Argument<string[]> words = CommonOptions.Targets("KIND NAME or KIND/NAME, then KEY=VALUE to set a label and KEY- to remove one");
        var overwrite = new Option<bool>("--overwrite") { Description = "change labels that have another value" };
        Option<string?> ns = CommonOptions.Namespace();
        var command = new Command("label", "Set and remove labels of an object.") { words, overwrite, ns };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] all = parsed.GetValue(words)!;
            string[] changes = [.. all.Where(IsChange)];
            if (Targets.Parse([.. all.Where(w => !IsChange(w))], out string fault) is not { } targets) return terminal.Fail(fault);
            if (targets is not [{ Names: [string name] } target]) return terminal.Fail("name one object: KIND NAME KEY=VALUE…");
            if (changes.Length == 0) return terminal.Fail("say what to change: KEY=VALUE, or KEY- to remove");
            using MargayClient client = connection.Connect(parsed);
            string url = ResourceUrls.Of(target.Kind, parsed.GetValue(ns) ?? "default", name);
            ApiResult<string> outcome = await LabelAsync(client, url, changes, parsed.GetValue(overwrite), cancel);
            if (!outcome.TryGet(out string word, out ApiError error)) return terminal.Fail(error.Message);
            terminal.Out.WriteLine($"{Submission.TitleOf(target.Kind, name)} {word}");
            return ExitStatus.Done;
        });
        return command;
    }

    private static bool IsChange(string word) => word.Contains('=', StringComparison.Ordinal) || word.EndsWith('-');

    private static async Task<ApiResult<string>> LabelAsync(MargayClient client, string url, string[] changes, bool overwrite, CancellationToken cancel)
    {
        ApiResult<JsonElement> read = await client.SendJsonAsync(HttpMethod.Get, url, cancel: cancel);
        if (!read.TryGet(out JsonElement found, out ApiError error)) return error;
        JsonObject metadata = JsonNode.Parse(found.GetRawText())!["metadata"]!.AsObject();
        var labels = new JsonObject();
        foreach (string change in changes)
        {
            int equals = change.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? change[..^1] : change[..equals];
            string? wanted = equals < 0 ? null : change[(equals + 1)..];
            string? actual = metadata["labels"]?[key]?.GetValue<string>();
            if (actual == wanted) continue;
            if (actual is not null && wanted is not null && !overwrite)
                return new ApiError { Reason = ApiErrorReason.Conflict, Message = $"the label {key} is already \"{actual}\": change it with --overwrite" };
            labels[key] = wanted is null ? null : JsonValue.Create(wanted);
        }

        if (labels.Count == 0) return "unchanged";
        // The version makes sure that nobody changed the labels between the read and this.
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels, ["resourceVersion"] = metadata["resourceVersion"]?.DeepClone() } };
        ApiResult<JsonElement> changed = await client.SendJsonAsync(HttpMethod.Patch, url, Encoding.UTF8.GetBytes(patch.ToJsonString()), MediaType.MergePatch, cancel);
        return changed.Select(static _ => "labelled");
    }
}
