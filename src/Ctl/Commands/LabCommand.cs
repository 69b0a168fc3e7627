using System.CommandLine;
using Margay.Lab;
using Margay.Lab.Building;
using Margay.Lab.Topologies;
using Margay.Lab.Workloads;

namespace Margay.Ctl.Commands;

/// <summary><c>margay lab …</c>: a data centre out of network namespaces. The work is Margay.Lab's; here is what a person types and sees.</summary>
internal static class LabCommand
{
    /// <summary>For a demo that is up, the name may be left out.</summary>
    private const string LabHelp = "Name of the lab; may be left out when there is only one.";

    public static Command Build(Terminal terminal)
    {
        var command = new Command("lab", "Build a data centre out of network namespaces, look into it, check it, and take it down.");
        command.Subcommands.Add(BuildUp(terminal));
        command.Subcommands.Add(LabStatusCommand.Build(terminal));
        command.Subcommands.Add(LabCheckCommand.Build(terminal));
        command.Subcommands.Add(LabExecCommand.Build(terminal));
        command.Subcommands.Add(LabExecCommand.BuildLogs(terminal));
        command.Subcommands.Add(LabExecCommand.BuildRestart(terminal));
        command.Subcommands.Add(BuildDown(terminal));
        command.Subcommands.Add(BuildList(terminal));
        command.Subcommands.Add(BuildResponder());
        return command;
    }

    private static Command BuildUp(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "Topology file (docs/lab.md)." };
        var programs = new Option<string?>("--programs") { Description = "Directory with margay-server, margay-agent and margay-cni; that of this program by default." };
        var name = new Option<string?>("--name") { Description = "Name of the lab, in place of the one in the file." };
        var command = new Command("up", "Build the lab that a topology file describes.") { file, programs, name };
        command.SetAction((parse, cancel) => LabFailures.CatchAsync(terminal, async () =>
        {
            string path = parse.GetValue(file)!;
            if (ReadTopology(terminal, path) is not { } topology) return 1;
            if (parse.GetValue(name) is { } other) topology = topology with { Name = other };
            await new DataCentre(topology.Name, terminal.Time).UpAsync(topology, path, Programs.Find(parse.GetValue(programs)), e => Show(terminal, e), cancel);
            terminal.Out.WriteLine($"lab {topology.Name} is up: margay lab status {topology.Name}");
            return 0;
        }));
        return command;
    }

    private static Command BuildDown(Terminal terminal)
    {
        Argument<string?> lab = LabArgument();
        var ifExists = new Option<bool>("--if-exists") { Description = "Succeed when there is no such lab." };
        var quiet = new Option<bool>("--quiet") { Description = "Say nothing when all went well." };
        var command = new Command("down", "Take a lab away: its processes, namespaces and files, however much of it is there.") { lab, ifExists, quiet };
        command.SetAction((parse, _) => LabFailures.CatchAsync(terminal, async () =>
        {
            string? asked = parse.GetValue(lab);
            bool absent = asked is null ? DataCentre.List().Count == 0 : !new DataCentre(NameOf(asked), terminal.Time).Exists;
            if (absent && parse.GetValue(ifExists)) return 0;
            DataCentre centre = Find(terminal, asked);
            if (absent) throw new LabException($"there is no lab '{centre.Paths.Name}' on this machine");
            (int processes, int namespaces) = await centre.DownAsync();
            if (!parse.GetValue(quiet)) terminal.Out.WriteLine($"lab {centre.Paths.Name}: ended {processes} processes, removed {namespaces} namespaces");
            return 0;
        }));
        return command;
    }

    private static Command BuildList(Terminal terminal)
    {
        var command = new Command("list", "The labs on this machine.");
        command.SetAction((_, _) => LabFailures.CatchAsync(terminal, () =>
        {
            foreach (string name in DataCentre.List())
            {
                var state = new DataCentre(name, terminal.Time).State;
                terminal.Out.WriteLine(state is null ? $"{name}\tremains" : $"{name}\t{state.Phase}\tsince {state.Started:u}\t{state.Origin}");
            }
            return Task.FromResult(0);
        }));
        return command;
    }

    private static Command BuildResponder()
    {
        var name = new Option<string>("--name") { Required = true, Description = "What to answer." };
        var ports = new Argument<string[]>("ports") { Description = "80/tcp, 53/udp, …" };
        var command = new Command("responder", "What a lab's workloads run: says its name on TCP, UDP and SCTP ports.") { name, ports };
        command.Hidden = true;
        command.SetAction(async (parse, cancel) =>
        {
            List<TransportPort> parsed = [.. parse.GetValue(ports)!.Select(p => TransportPort.TryParse(p, out TransportPort port) ? port : throw new ArgumentException($"'{p}' is not a port"))];
            await Responder.RunAsync(parse.GetValue(name)!, parsed, cancel);
            return 0;
        });
        return command;
    }

    internal static Argument<string?> LabArgument() => new("lab") { Description = LabHelp, Arity = ArgumentArity.ZeroOrOne };

    /// <summary>Every fault on a line of its own; null when there was one.</summary>
    internal static Topology? ReadTopology(Terminal terminal, string path)
    {
        TopologyResult result = TopologyReader.ReadFile(path);
        foreach (TopologyFault fault in result.Faults) terminal.Error.WriteLine($"{path}: {fault}");
        if (result.Topology is null) terminal.Error.WriteLine($"{path}: {result.Faults.Count} faults; nothing was done");
        return result.Topology;
    }

    /// <summary>The lab of a name or of a topology file; the only one there is when none is named.</summary>
    internal static DataCentre Find(Terminal terminal, string? asked)
    {
        if (asked is not null) return new DataCentre(NameOf(asked), terminal.Time);
        IReadOnlyList<string> names = DataCentre.List();
        return names.Count switch
        {
            1 => new DataCentre(names[0], terminal.Time),
            0 => throw new LabException("there is no lab on this machine") { Remedy = "margay lab up FILE" },
            _ => throw new LabException("there are several labs on this machine: say which") { Remedy = string.Join(", ", names) },
        };
    }

    private static string NameOf(string asked) => IsFile(asked) ? TopologyReader.ReadFile(asked).Topology?.Name ?? asked : asked;

    internal static bool IsFile(string asked) => asked.EndsWith(".yaml", StringComparison.Ordinal) || asked.EndsWith(".yml", StringComparison.Ordinal);

    private static void Show(Terminal terminal, LabEvent e)
    {
        if (e.Took is { } took) terminal.Out.WriteLine($"{took.TotalSeconds,6:0.0} s  {e.Text}");
        else terminal.Out.Write($"  {e.Step,-22}");
        terminal.Out.Flush();
    }
}
