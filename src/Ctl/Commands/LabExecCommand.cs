using System.CommandLine;
using Margay.Lab;
using Margay.Lab.State;

namespace Margay.Ctl.Commands;

/// <summary><c>margay lab exec|logs|restart [LAB:]NODE …</c>: into one node.</summary>
internal static class LabExecCommand
{
    private const string NodeHelp = "A switch, host, server or workload (NAMESPACE/NAME), with LAB: before it when there are several labs.";

    public static Command Build(Terminal terminal)
    {
        Argument<string> node = NodeArgument();
        var words = new Argument<string[]>("command") { Description = "The command and its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Run a command inside a node, with this terminal.") { node, words };
        command.SetAction((parse, _) => LabFailures.CatchAsync(terminal, () =>
        {
            (DataCentre centre, string name) = Find(terminal, parse.GetValue(node)!);
            // Comes back only when the command could not be run.
            throw new LabException(centre.Exec(name, parse.GetValue(words)!));
        }));
        return command;
    }

    public static Command BuildLogs(Terminal terminal)
    {
        Argument<string> node = NodeArgument();
        var tail = new Option<int>("--tail") { DefaultValueFactory = _ => 50, Description = "How many lines of each log." };
        var command = new Command("logs", "Print the last lines of the logs of a node's daemons.") { node, tail };
        command.SetAction((parse, _) => LabFailures.CatchAsync(terminal, () =>
        {
            (DataCentre centre, string name) = Find(terminal, parse.GetValue(node)!);
            foreach (LabProcess process in ProcessesOf(centre, name))
            {
                terminal.Out.WriteLine($"==> {process.Log} <==");
                foreach (string line in File.ReadLines(process.Log).TakeLast(parse.GetValue(tail))) terminal.Out.WriteLine(line);
            }
            return Task.FromResult(0);
        }));
        return command;
    }

    public static Command BuildRestart(Terminal terminal)
    {
        Argument<string> node = NodeArgument();
        var command = new Command("restart", "Start the daemons of a node that have ended, or were killed, as they were started before.") { node };
        command.SetAction((parse, _) => LabFailures.CatchAsync(terminal, () =>
        {
            (DataCentre centre, string name) = Find(terminal, parse.GetValue(node)!);
            foreach (LabProcess process in ProcessesOf(centre, name))
            {
                if (process.Identity.IsAlive) terminal.Out.WriteLine($"{process.Program}: running, pid {process.Pid}");
                else terminal.Out.WriteLine($"{process.Program}: started, pid {centre.Restart(process).Pid}");
            }
            return Task.FromResult(0);
        }));
        return command;
    }

    private static Argument<string> NodeArgument() => new("node") { Description = NodeHelp };

    private static (DataCentre Centre, string Node) Find(Terminal terminal, string asked)
    {
        int colon = asked.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (LabCommand.Find(terminal, null), asked) : (LabCommand.Find(terminal, asked[..colon]), asked[(colon + 1)..]);
    }

    private static IEnumerable<LabProcess> ProcessesOf(DataCentre centre, string node)
    {
        IReadOnlyList<LabProcess> all = centre.State?.Processes ?? throw new LabException($"there is no lab '{centre.Paths.Name}' on this machine");
        LabProcess[] found = [.. all.Where(p => p.Node == node)];
        return found.Length > 0 ? found : throw new LabException($"nothing runs on '{node}'") { Remedy = $"there are {string.Join(", ", all.Select(p => p.Node).Distinct())}" };
    }
}
