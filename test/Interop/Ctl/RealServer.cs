using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Margay.Interop.Ctl;

/// <summary>The real margay-server on a loopback port of its own, with a store of its own; ended by its pid. Programs are those of the ordinary build.</summary>
internal sealed class RealServer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mgy-ctl-").FullName;
    private readonly Process _process;

    public RealServer()
    {
        Url = $"http://127.0.0.1:{FreePort()}";
        _process = Process.Start(new ProcessStartInfo(Program("ApiServer", "margay-server"), ["--data-dir", _folder, "--listen", Url]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Url { get; }

    /// <summary>Runs the CLI as a user does.</summary>
    public async Task<(int Status, string Out, string Error)> RunAsync(string input, params string[] args)
    {
        using Process cli = StartCli(args);
        await cli.StandardInput.WriteAsync(input);
        cli.StandardInput.Close();
        Task<string> output = cli.StandardOutput.ReadToEndAsync(), error = cli.StandardError.ReadToEndAsync();
        await cli.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (cli.ExitCode, await output, await error);
    }

    public Process StartCli(params string[] args) => Process.Start(new ProcessStartInfo(Program("Ctl", "margay"), args)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["MARGAY_SERVER"] = Url },
    })!;

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Program(string project, string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        string configuration = folder.Parent!.Name;
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Margay.slnx"))) folder = folder.Parent;
        string path = Path.Combine(folder!.FullName, "src", project, "bin", configuration, "net10.0", name);
        Assert.True(File.Exists(path), $"{path} is not built");
        return path;
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
