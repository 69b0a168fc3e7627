using System.CommandLine;
using Margay.Api.Selectors;

namespace Margay.Ctl.Commands;

/// <summary><c>margay selector</c>: what a selector means, and whether it holds for some labels.</summary>
internal static class SelectorCommand
{
    public static Command Build(Terminal terminal)
    {
        var expression = new Argument<string>("SELECTOR") { Description = "the selector, in quotes" };
        var labels = new Argument<string[]>("KEY=VALUE") { Description = "labels to try it on", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("selector", "Check a selector, and try it on labels (status 0: it holds, 1: it does not).") { expression, labels };
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
            terminal.Out.WriteLine(selector.Canonical);
            if (given.Count == 0) return ExitStatus.Done;
            bool holds = selector.Matches(given);
            terminal.Out.WriteLine(holds ? "true" : "false");
            return holds ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
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
