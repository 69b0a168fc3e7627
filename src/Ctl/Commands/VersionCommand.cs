using System.CommandLine;
using System.Reflection;

namespace Margay.Ctl.Commands;

/// <summary><c>margay version</c></summary>
internal static class VersionCommand
{
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static Command Build(Terminal terminal)
    {
        var command = new Command("version", "Print the version of this program.");
        command.SetAction(_ => terminal.Out.WriteLine($"margay {Version}"));
        return command;
    }
}
