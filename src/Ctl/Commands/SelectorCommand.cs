using System.CommandLine;
using System.Text.Json;
using Margay.Api.Selectors;
using Margay.Ctl.Output;

namespace Margay.Ctl.Commands;

/// <summary><c>margay selector</c>: what a selector means, and whether it holds for some labels.</summary>
internal static class SelectorCommand
{
    public static Command Build(Terminal terminal)
    {
        var expression = new Argument<string>("SELECTOR") { Description = "the selector, in quotes" };
        var labels = new Argument<string[]>("KEY=VALUE") { Description = "labels to try it on", Arity = ArgumentArity.ZeroOrMore };
        Option<string> output = CommonOptions.Output("text", "json");
        var command = new Command("selector", "Check a selector, and try it on labels (status 0: it holds, 1: it does not).") { expression, labels, output };
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(expression)!;
            if (!Selector.TryParse(text, out Selector? selector, out SelectorError error))
            {
                terminal.Error.WriteLine($"error: {error}");
                terminal.Error.WriteLine($"  {text}");
                terminal.Error.WriteLine($"  {new string(' ', error.Position)}^");
                return ExitStatus.Usage;
            }

            if (Parse(parsed.GetValue(labels) ?? [], terminal) is not { } given) return ExitStatus.Usage;
            bool? holds = given.Count == 0 ? null : selector.Matches(given);
            Write(terminal, new SelectorReport(selector.Canonical, holds), asJson: parsed.GetValue(output) == "json");
            return holds == false ? ExitStatus.Failed : ExitStatus.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, SelectorReport report, bool asJson)
    {
        if (asJson)
        {
            terminal.Out.WriteLine(JsonText.Write(JsonSerializer.SerializeToElement(report, JsonText.Default.SelectorReport)));
            return;
        }
        terminal.Out.WriteLine(report.Selector);
        if (report.Matches is { } holds) terminal.Out.WriteLine(holds ? "true" : "false");
    }

    private static Dictionary<string, string>? Parse(string[] words, Terminal terminal)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string word in words)
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                terminal.Fail($"\"{word}\" is no label: write KEY=VALUE");
                return null;
            }

            labels[word[..equals]] = word[(equals + 1)..];
        }

        return labels;
    }
}

/// <param name="Selector">In its canonical form.</param>
/// <param name="Matches">The labels that were given; null when none were.</param>
internal sealed record SelectorReport(string Selector, bool? Matches);
