using System.CommandLine;
using System.Text;
using System.Text.Json;
using Margay.Api.Client;
using Margay.Api.Validation.Manifests;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay patch</c></summary>
internal static class PatchCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        Argument<string[]> words = CommonOptions.Targets("KIND NAME or KIND/NAME");
        var patch = new Option<string>("--patch", "-p") { HelpName = "PATCH", Description = "the patch, as JSON or YAML; @FILE reads it from a file", Required = true };
        var type = new Option<string>("--type") { HelpName = "merge|json", Description = "merge (RFC 7396) or json (RFC 6902) [merge]", DefaultValueFactory = _ => "merge" };
        type.AcceptOnlyFromAmong("merge", "json");
        Option<string?> ns = CommonOptions.Namespace();
        var command = new Command("patch", "Change some fields of an object.") { words, patch, type, ns };
        command.SetAction(async (parsed, cancel) =>
        {
            if (Targets.Parse(parsed.GetValue(words)!, out string fault) is not { } targets) return terminal.Fail(fault);
            if (targets is not [{ Names: [string name] } target]) return terminal.Fail("name one object: KIND NAME");
            bool isMerge = parsed.GetValue(type) == "merge";
            if (Read(parsed.GetValue(patch)!, isMerge, out fault) is not { } body) return terminal.Fail(fault);
            using MargayClient client = connection.Connect(parsed);
            string url = ResourceUrls.Of(target.Kind, parsed.GetValue(ns) ?? "default", name);
            ApiResult<JsonElement> outcome = await client.SendJsonAsync(HttpMethod.Patch, url, body, isMerge ? MediaType.MergePatch : MediaType.JsonPatch, cancel);
            if (!outcome.TryGet(out _, out ApiError error)) return terminal.Fail(error.Message);
            terminal.Out.WriteLine($"{Submission.TitleOf(target.Kind, name)} patched");
            return ExitStatus.Done;
        });
        return command;
    }

    private static byte[]? Read(string given, bool isMerge, out string fault)
    {
        try
        {
            string text = given.StartsWith('@') ? File.ReadAllText(given[1..]) : given;
            JsonElement? json = ManifestReader.ReadValue(text, out string? unreadable);
            JsonValueKind expected = isMerge ? JsonValueKind.Object : JsonValueKind.Array;
            fault = unreadable ?? (isMerge ? "a merge patch is an object: {\"spec\": …}" : "a JSON patch is a list of operations: [{\"op\": …}]");
            return json?.ValueKind == expected ? Encoding.UTF8.GetBytes(json.Value.GetRawText()) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"cannot read {given[1..]}: {e.Message}";
            return null;
        }
    }
}
