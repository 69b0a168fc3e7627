using System.CommandLine;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay delete</c></summary>
internal static class DeleteCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        Argument<string[]> words = CommonOptions.Targets("KIND NAME… or KIND/NAME…");
        words.Arity = ArgumentArity.ZeroOrMore;
        Option<string[]> files = CommonOptions.Files();
        files.Required = false;
        Option<bool> recursive = CommonOptions.Recursive();
        Option<string?> ns = CommonOptions.Namespace();
        var ignore = new Option<bool>("--ignore-not-found") { Description = "what does not exist counts as deleted" };
        var command = new Command("delete", "Delete objects by name, or those that manifests name.") { words, files, recursive, ns, ignore };
        command.SetAction(async (parsed, cancel) =>
        {
            string[] named = parsed.GetValue(words) ?? [], manifests = parsed.GetValue(files) ?? [];
            string space = parsed.GetValue(ns) ?? "default";
            if (named.Length > 0 == manifests.Length > 0) return terminal.Fail("say what to delete: either KIND NAME, or manifests with -f");
            ManifestVerb.Step step = (client, submission, token) => DeleteAsync(client, submission, parsed.GetValue(ignore), token);
            if (manifests.Length > 0)
                return await ManifestVerb.RunAsync(terminal, () => connection.Connect(parsed), manifests, parsed.GetValue(recursive), space, check: false, namespacesLast: true, step, cancel);
            if (Targets.Parse(named, out string fault) is not { } targets) return terminal.Fail(fault);
            if (targets.Any(t => t.Names.Count == 0)) return terminal.Fail("give the names of the objects to delete: KIND NAME…");
            using MargayClient client = connection.Connect(parsed);
            return await DeleteNamedAsync(terminal, client, targets, space, step, cancel);
        });
        return command;
    }

    private static async Task<int> DeleteNamedAsync(
        Terminal terminal, MargayClient client, IReadOnlyList<Target> targets, string ns, ManifestVerb.Step step, CancellationToken cancel)
    {
        bool failed = false;
        foreach (Target target in targets)
        {
            foreach (string name in target.Names)
            {
                var submission = new Submission(target.Kind, target.Kind.Namespaced ? ns : null, name, []);
                ApiResult<string> outcome = await step(client, submission, cancel);
                if (outcome.TryGet(out string word, out ApiError error)) terminal.Out.WriteLine($"{submission.Title} {word}");
                else terminal.Fail(error.Message);
                failed |= !outcome.IsOk;
            }
        }

        return failed ? ExitStatus.Failed : ExitStatus.Done;
    }

    private static async Task<ApiResult<string>> DeleteAsync(MargayClient client, Submission submission, bool ignoreMissing, CancellationToken cancel)
    {
        string url = ResourceUrls.Of(submission.Kind, submission.Namespace, submission.Name);
        ApiResult<System.Text.Json.JsonElement> outcome = await client.SendJsonAsync(HttpMethod.Delete, url, cancel: cancel);
        if (outcome.Error?.Reason == ApiErrorReason.NotFound && ignoreMissing) return "not found";
        return outcome.Select(static _ => "deleted");
    }
}
