using System.Diagnostics;

namespace Margay.Lab.Processes;

/// <summary>Starts processes inside enclosures: daemons that outlive this program, and commands whose answer is awaited.</summary>
internal static class Launcher
{
    /// <summary>Where daemons are that no PATH of a user mentions.</summary>
    private static readonly string[] SystemDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/frr"];

    /// <summary>
    /// A daemon with a session of its own, no input, and its output at the end of <paramref name="log"/>. It keeps the pid that the shell is started with:
    /// each of sh, setsid and the daemon replaces the one before.
    /// </summary>
    internal static ProcessIdentity StartDaemon(Enclosure enclosure, IReadOnlyList<string> command, string log, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo info = new("/bin/sh") { WorkingDirectory = "/" };
        foreach (string argument in (string[])["-c", "log=$1; shift; exec setsid \"$@\" </dev/null >>\"$log\" 2>&1", "lab", log, .. command]) info.ArgumentList.Add(argument);
        SetEnvironment(info, environment);
        using Process process = enclosure.Run(() => Process.Start(info)) ?? throw new InvalidOperationException($"{command[0]} was not started");
        return ProcessIdentity.Of(process.Id) ?? new ProcessIdentity(process.Id, 0);
    }

    /// <summary>Runs a command to its end, or to <paramref name="limit"/>, when it is killed.</summary>
    internal static async Task<CommandResult> RunAsync(
        Enclosure enclosure, IReadOnlyList<string> command, TimeSpan limit, TimeProvider time, string? input = null, IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken cancel = default)
    {
        ProcessStartInfo info = new(command[0]) { WorkingDirectory = "/", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in command.Skip(1)) info.ArgumentList.Add(argument);
        SetEnvironment(info, environment);
        info.FileName = FindProgram(command[0], info.Environment["PATH"]) ?? command[0];
        using Process process = enclosure.Run(() => Process.Start(info)) ?? throw new InvalidOperationException($"{command[0]} was not started");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancel);
        Task<string> error = process.StandardError.ReadToEndAsync(cancel);
        using CancellationTokenSource timeout = new(limit, time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), both.Token).ConfigureAwait(false);
            process.StandardInput.Close();
            await process.WaitForExitAsync(both.Token).ConfigureAwait(false);
            return new CommandResult(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false), false);
        }
        catch (IOException)
        {
            // It ended without reading its input; its exit code and words say why.
            await process.WaitForExitAsync(both.Token).ConfigureAwait(false);
            return new CommandResult(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false), false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            return new CommandResult(-1, "", $"no answer within {limit.TotalSeconds} s", true);
        }
    }

    /// <summary>Looks a program up as a shell would, in PATH and where daemons are kept. Null when it is nowhere.</summary>
    internal static string? FindProgram(string name, string? path = null)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return File.Exists(name) ? name : null;
        return (path ?? SearchPath()).Split(':').Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>PATH, with the directories of daemons after it.</summary>
    internal static string SearchPath() =>
        string.Join(':', (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Union(SystemDirectories));

    private static void SetEnvironment(ProcessStartInfo info, IReadOnlyDictionary<string, string>? environment)
    {
        info.Environment["PATH"] = SearchPath();
        if (environment is null) return;
        foreach ((string key, string value) in environment) info.Environment[key] = value;
    }
}

/// <summary>How a command ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error, bool TimedOut)
{
    internal bool Succeeded => ExitCode == 0;

    /// <summary>What it said, on one line, for an error message.</summary>
    internal string Words => string.Join(' ', (Error.Trim().Length > 0 ? Error : Output).Split((char[])['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
