using System.CommandLine;
using Margay.Lab.Checks;
using Margay.Lab.Topologies;

namespace Margay.Ctl.Commands;

/// <summary><c>margay lab check</c>: who reaches whom, beside what is expected. Exit status 1 on any difference.</summary>
internal static class LabCheckCommand
{
    public static Command Build(Terminal terminal)
    {
        Argument<string?> lab = LabCommand.LabArgument();
        lab.Description = "Name of the lab, or a topology file whose expectations are to be used; may be left out when there is only one lab.";
        var output = new Option<string>("--output", "-o") { DefaultValueFactory = _ => "table", Description = "table, json or yaml." };
        output.AcceptOnlyFromAmong("table", "json", "yaml");
        var wait = new Option<int>("--wait") { DefaultValueFactory = _ => 0, Description = "Seconds for which probes that differ are repeated." };
        var command = new Command("check", "Probe every expectation from inside the workloads and print what is reached beside what should be.") { lab, output, wait };
        command.SetAction((parse, cancel) => LabFailures.CatchAsync(terminal, async () =>
        {
            string? asked = parse.GetValue(lab);
            Topology? expectations = null;
            if (asked is not null && LabCommand.IsFile(asked) && (expectations = LabCommand.ReadTopology(terminal, asked)) is null) return 1;
            CheckReport report = await LabCommand.Find(terminal, asked).CheckAsync(expectations, TimeSpan.FromSeconds(parse.GetValue(wait)), cancel);
            terminal.Out.Write(parse.GetValue(output) switch
            {
                "json" => report.ToJson() + "\n",
                "yaml" => report.ToYaml(),
                _ => Matrix.Render(report),
            });
            return report.Passed ? 0 : 1;
        }));
        return command;
    }
}
