using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Margay.Api.Validation;
using Margay.Ctl.Commands;
using Margay.Ctl.Settings;

namespace Margay.Ctl;

// The program margay: one file for each verb in Commands/.
//
//   args ─► CommandLine (verbs listed here, once) ─► a verb's action ─┬─► MargayClient ─► margay-server   get, apply, delete, ipam, network …
//                                                                    ├─► AgentClient ─► agent's socket   bgp, endpoint, drops, node status
//                                                                    └─► nothing                         validate, selector, version
//
// Explain/    questions to policy: where its objects come from, what the answer looks like
// Settings/   where server and agent are: flags, environment, configuration files
// Manifests/  which files, folders and streams to read, and what apply changes
// Output/     tables, YAML, JSON
//
// A verb reaches the world only through Terminal, so that tests run it in process. Exit status: 0 done, 1 something failed, 2 wrong usage.

/// <summary>Wires the verbs together.</summary>
public static class CommandLine
{
    public static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand("Margay: a routed virtual network for Linux hosts. This is the operator's tool.");
        var connection = new Connection(terminal);
        root.Options.Remove(root.Options.First(o => o is HelpOption));
        root.Options.Add(new HelpOption("--help", "-h"));
        foreach (Option option in connection.Options) root.Options.Add(option);
        root.Subcommands.Add(GetCommand.Build(terminal, connection));
        root.Subcommands.Add(ApplyCommand.Build(terminal, connection));
        root.Subcommands.Add(CreateCommand.Build(terminal, connection));
        root.Subcommands.Add(ReplaceCommand.Build(terminal, connection));
        root.Subcommands.Add(PatchCommand.Build(terminal, connection));
        root.Subcommands.Add(DeleteCommand.Build(terminal, connection));
        root.Subcommands.Add(LabelCommand.Build(terminal, connection));
        root.Subcommands.Add(ValidateCommand.Build(terminal));
        root.Subcommands.Add(SelectorCommand.Build(terminal));
        root.Subcommands.Add(ExplainCommand.Build(terminal, connection));
        root.Subcommands.Add(DropsCommand.Build(terminal, connection));
        root.Subcommands.Add(IpamCommand.Build(terminal, connection));
        root.Subcommands.Add(NodeCommand.Build(terminal, connection));
        root.Subcommands.Add(BgpCommand.Build(terminal, connection));
        root.Subcommands.Add(NetworkCommand.Build(terminal, connection));
        root.Subcommands.Add(EndpointCommand.Build(terminal, connection));
        root.Subcommands.Add(CompletionCommand.Build(terminal));
        root.Subcommands.Add(VersionCommand.Build(terminal));
        root.Subcommands.Add(LabCommand.Build(terminal));
        return root;
    }

    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancel = default)
    {
        // "@" begins no response file here: patch reads a file with it, as curl does.
        ParseResult parsed = Build(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            Command command = parsed.CommandResult.Command;
            // An unknown verb makes two errors; the second says all.
            foreach (ParseError error in parsed.UnmatchedTokens.Count == 0 ? parsed.Errors : parsed.Errors.TakeLast(1)) terminal.Error.WriteLine($"error: {error.Message}{Hint(parsed, command)}");
            terminal.Error.WriteLine($"See: {PathOf(parsed.CommandResult)} --help");
            return ExitStatus.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false }, cancel);
        }
        catch (SettingsException e)
        {
            terminal.Fail(e.Message);
            return ExitStatus.Usage;
        }
        catch (OperationCanceledException)
        {
            return ExitStatus.Failed;
        }
    }

    private static string Hint(ParseResult parsed, Command command) => parsed.UnmatchedTokens is not [string word, ..] ? "" :
        Suggestion.Hint(word, word.StartsWith('-') ? command.Options.Select(o => o.Name) : command.Subcommands.Select(c => c.Name));

    private static string PathOf(CommandResult command) => command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "margay";
}
