using Margay.Lab.Processes;

namespace Margay.Lab.State;

/// <summary>Starts what a lab keeps running, in the form in which it is recorded.</summary>
internal static class Daemons
{
    internal static LabProcess Start(
        Enclosure enclosure, string node, string program, IReadOnlyList<string> command, string log, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessIdentity started = Launcher.StartDaemon(enclosure, command, log, environment);
        return new LabProcess(node, program, command, log, started.Pid, started.StartTime);
    }

    /// <summary>The same again, after it ended.</summary>
    internal static LabProcess Restart(Enclosure enclosure, LabProcess process, IReadOnlyDictionary<string, string>? environment) =>
        Start(enclosure, process.Node, process.Program, process.Command, process.Log, environment);
}
