using System.CommandLine;
using Margay.Lab;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Ctl.Commands;

/// <summary><c>margay lab status</c>: what a lab consists of, and whether its daemons run. Exit status 1 when one does not.</summary>
internal static class LabStatusCommand
{
    public static Command Build(Terminal terminal)
    {
        Argument<string?> lab = LabCommand.LabArgument();
        var command = new Command("status", "Show a lab's nodes, daemons and workloads.") { lab };
        command.SetAction((parse, _) => LabFailures.CatchAsync(terminal, () =>
        {
            DataCentre centre = LabCommand.Find(terminal, parse.GetValue(lab));
            LabState state = centre.State ?? throw new LabException($"there is no lab '{centre.Paths.Name}' on this machine");
            terminal.Out.WriteLine($"lab {state.Name}: {state.Phase.ToString().ToLowerInvariant()}, since {state.Started:u}, from {state.Origin}");
            Topology topology = centre.Topology;
            foreach (Switch s in topology.Switches) ShowNode(terminal, state, s.Name, $"AS {s.As}", $"{s.RouterId}{(s.Rack is null ? "" : $", {s.Rack}")}");
            if (topology.Server is { } server) ShowNode(terminal, state, server.Name, "", string.Join(", ", server.Subnets.Select(server.AddressIn)));
            foreach (Host h in topology.Hosts)
            {
                ShowNode(terminal, state, h.Name, $"AS {h.As}", string.Join(", ", h.Addresses));
                foreach (LabAttachment a in state.Attachments.Where(a => a.Host == h.Name))
                    terminal.Out.WriteLine($"    {a.Workload,-24} {string.Join(", ", a.Addresses)}{Ended(state, a.Workload)}");
            }
            return Task.FromResult(state.Phase == LabPhase.Up && state.Processes.All(p => p.Identity.IsAlive) ? 0 : 1);
        }));
        return command;
    }

    private static void ShowNode(Terminal terminal, LabState state, string node, string number, string addresses)
    {
        string daemons = string.Join(", ", state.Processes.Where(p => p.Node == node).Select(p => p.Identity.IsAlive ? $"{p.Program} {p.Pid}" : $"{p.Program} ENDED"));
        terminal.Out.WriteLine($"{node,-12} {number,-10} {addresses,-36} {daemons}");
    }

    private static string Ended(LabState state, string workload) =>
        state.Processes.Any(p => p.Node == workload && !p.Identity.IsAlive) ? "  responder ENDED" : "";
}
