using System.CommandLine;
using System.Text.Json;
using Margay.Api.Validation.Manifests;
using Margay.Ctl.Manifests;
using Margay.Ctl.Output;

namespace Margay.Ctl.Commands;

/// <summary><c>margay validate</c>: every fault of every object, without a server.</summary>
internal static class ValidateCommand
{
    public static Command Build(Terminal terminal)
    {
        Option<string[]> files = CommonOptions.Files();
        Option<bool> recursive = CommonOptions.Recursive();
        Option<string?> ns = CommonOptions.Namespace();
        Option<string> output = CommonOptions.Output("text", "json");
        var command = new Command("validate", "Check manifests without a server: every fault, with its line.") { files, recursive, ns, output };
        command.SetAction(async (parsed, cancel) =>
        {
            try
            {
                List<ManifestObject> objects = await ManifestSource.ReadAsync(parsed.GetValue(files)!, parsed.GetValue(recursive), terminal, cancel);
                List<ManifestVerdict> verdicts = [.. objects.Select(o => ManifestVerdict.Of(o, o.Admit(parsed.GetValue(ns) ?? "default")))];
                Write(terminal, verdicts, asJson: parsed.GetValue(output) == "json");
                return verdicts.TrueForAll(v => v.Valid) ? ExitStatus.Done : ExitStatus.Failed;
            }
            catch (ManifestException e)
            {
                return terminal.Fail(e.Message);
            }
        });
        return command;
    }

    private static void Write(Terminal terminal, List<ManifestVerdict> verdicts, bool asJson)
    {
        if (asJson)
        {
            terminal.Out.WriteLine(JsonText.Write(JsonSerializer.SerializeToElement(verdicts, JsonText.Default.IReadOnlyListManifestVerdict)));
            return;
        }

        foreach (ManifestVerdict verdict in verdicts) verdict.WriteTo(terminal.Out);
        int faults = verdicts.Sum(v => v.Findings.Count(f => f.Severity == "error")), warnings = verdicts.Sum(v => v.Findings.Count) - faults;
        terminal.Out.WriteLine($"{verdicts.Count} {(verdicts.Count == 1 ? "object" : "objects")}, {faults} {(faults == 1 ? "error" : "errors")}, {warnings} {(warnings == 1 ? "warning" : "warnings")}");
    }
}
