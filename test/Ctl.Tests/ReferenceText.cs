using System.CommandLine;
using System.Text;

namespace Margay.Ctl.Tests;

/// <summary>Writes docs/cli.md from the command tree.</summary>
internal static class ReferenceText
{
    private const string Introduction =
        """
        # margay

        The operator's tool. This page is generated from the program; `margay VERB --help` says the same.

        - **Where the server is**: `--server`, else `MARGAY_SERVER`, else `server = URL` in `~/.config/margay/margay.conf`, else in `/etc/margay/margay.conf`, else
          `http://127.0.0.1:7443`. The same goes for `token-file`, `ca-file` and `agent-socket`.
        - **Exit status**: 0 done; 1 something was not done, or something checked is wrong; 2 the command line or the settings are wrong and nothing was tried.
        - **Output** goes to standard output; errors, warnings and progress go to standard error.
        - **Manifests** (`-f`) are YAML or JSON, any number of documents, and lists (`kind: List`). All objects are checked before the first is sent: with a fault in one, every fault
          of all is told with file, line and field, and nothing is sent. What the server then refuses is told per object; the others are done, and the status is 1.
          Namespaces are sent first and deleted last. YAML is read by the rules of YAML 1.2: `yes` and `12:30` are text. `0755`, which versions of YAML read differently, merge keys (`<<`)
          and local tags are refused; anchors and aliases are read.
        - **apply** compares three things: the manifest, the object on the server, and the manifest of the last apply (kept in the annotation that kubectl uses, so the two tools can be used by turns). Fields in
          the manifest are set, fields that only the last manifest had are removed, what others set stays. The change is a JSON merge patch: a list is replaced as a whole.
        - **Tokens and passwords**: a token is read from a file and never from the command line, where others could see it.
        - **Completion**: `source <(margay completion bash)`, the same for zsh, and `margay completion fish | source`.

        """;

    public static string Write(RootCommand root)
    {
        var text = new StringBuilder(Introduction.ReplaceLineEndings("\n")).Append("\n## Options of every verb\n\n");
        AppendOptions(text, root.Options.Where(o => o.Recursive));
        foreach (Command verb in root.Subcommands.OrderBy(c => c.Name, StringComparer.Ordinal)) AppendCommand(text, verb, "margay", 2);
        return text.ToString();
    }

    private static void AppendCommand(StringBuilder text, Command command, string path, int level)
    {
        if (command.Hidden) return;
        string full = $"{path} {command.Name}";
        string arguments = string.Concat(command.Arguments.Select(a => $" {Shape(a)}"));
        text.Append('\n').Append('#', level).Append(' ').Append(full).Append("\n\n").Append(command.Description).Append("\n\n");
        if (command.Subcommands.Count == 0) text.Append("```\n").Append(full).Append(arguments).Append(command.Options.Count > 0 ? " [options]" : "").Append("\n```\n\n");
        foreach (Argument argument in command.Arguments) text.Append($"- `{argument.HelpName ?? argument.Name}`: {argument.Description}\n");
        AppendOptions(text, command.Options);
        foreach (Command inner in command.Subcommands) AppendCommand(text, inner, full, Math.Min(level + 1, 4));
    }

    private static void AppendOptions(StringBuilder text, IEnumerable<Option> options)
    {
        foreach (Option option in options.Where(o => !o.Hidden))
        {
            string names = string.Join(", ", option.Aliases.Prepend(option.Name).Select(n => $"`{n}{(option.HelpName is { } value ? $" {value}" : "")}`"));
            text.Append($"- {names}: {option.Description}{(option.Required ? " (required)" : "")}\n");
        }
    }

    private static string Shape(Argument argument)
    {
        string name = argument.HelpName ?? argument.Name;
        string many = argument.Arity.MaximumNumberOfValues > 1 ? "…" : "";
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}{many}]" : name + many;
    }
}
