using System.CommandLine;
using Margay.Api.Client;
using Margay.Ctl.Manifests;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary>The frame of verbs that take manifests: read all, check all, then one request after the other, each outcome on its own line.</summary>
internal static class ManifestVerb
{
    /// <summary>Does one object; the result is the word for its outcome, such as "created".</summary>
    public delegate Task<ApiResult<string>> Step(MargayClient client, Submission submission, CancellationToken cancel);

    public static Command Build(Terminal terminal, Connection connection, string name, string description, Step step, bool namespacesLast = false)
    {
        Option<string[]> files = CommonOptions.Files();
        Option<bool> recursive = CommonOptions.Recursive();
        Option<string?> ns = CommonOptions.Namespace();
        Option<bool> noValidate = CommonOptions.NoValidation();
        var command = new Command(name, description) { files, recursive, ns, noValidate };
        command.SetAction((parsed, cancel) => RunAsync(
            terminal, () => connection.Connect(parsed), parsed.GetValue(files)!, parsed.GetValue(recursive), parsed.GetValue(ns) ?? "default",
            check: !parsed.GetValue(noValidate), namespacesLast, step, cancel));
        return command;
    }

    public static async Task<int> RunAsync(
        Terminal terminal, Func<MargayClient> connect, string[] files, bool recursive, string ns, bool check, bool namespacesLast, Step step, CancellationToken cancel)
    {
        IReadOnlyList<Submission>? submissions;
        try
        {
            submissions = Submission.Prepare(await ManifestSource.ReadAsync(files, recursive, terminal, cancel), ns, check, terminal.Error);
        }
        catch (ManifestException e)
        {
            return terminal.Fail(e.Message);
        }

        if (submissions is null) return terminal.Fail("nothing was sent to the server");
        using MargayClient client = connect();
        int failed = 0;
        foreach (Submission submission in namespacesLast ? submissions.Reverse() : submissions)
        {
            ApiResult<string> outcome = await step(client, submission, cancel);
            if (outcome.TryGet(out string word, out ApiError error))
            {
                terminal.Out.WriteLine($"{submission.Title} {word}");
                continue;
            }

            failed++;
            terminal.Error.WriteLine($"{submission.Title} failed: {error.Message}");
            // No use in asking a server that is not there once for each object.
            if (error.Reason is ApiErrorReason.Unreachable or ApiErrorReason.Unauthorized) return terminal.Fail("stopped; the objects above are done, the others are not");
        }

        return failed == 0 ? ExitStatus.Done : terminal.Fail($"{failed} of {submissions.Count} objects failed; the others are done");
    }
}
