using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Margay.Interop.ApiServer;

/// <summary>A margay-server of its own on loopback, and kubectl as the judge of it. Needs no root.</summary>
public sealed class ServerProcess : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("margay-interop-server-").FullName;
    private Process? _process;

    public Uri Url { get; } = new($"http://127.0.0.1:{FreePort()}");

    public async ValueTask InitializeAsync() => await StartAsync();

    public async Task StartAsync()
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "margay-server.dll"), "--data-dir", Path.Combine(_directory, "data"), "--listen", Url.ToString(), "--log-level", "Warning"]);
        _process = Process.Start(start)!;
        using HttpClient http = new();
        for (int attempt = 0; attempt < 300; attempt++)
        {
            try
            {
                if ((await http.GetAsync(new Uri(Url, "/readyz"))).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not yet listening.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
        throw new InvalidOperationException("margay-server did not become ready within 30 s");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Runs kubectl; gives its status, and what it said on both channels.</summary>
    public async Task<(int Status, string Output)> KubectlAsync(string arguments, string? input = null)
    {
        using Process kubectl = StartKubectl(arguments);
        if (input is not null) await kubectl.StandardInput.WriteAsync(input);
        kubectl.StandardInput.Close();
        Task<string> output = kubectl.StandardOutput.ReadToEndAsync(), errors = kubectl.StandardError.ReadToEndAsync();
        await kubectl.WaitForExitAsync();
        return (kubectl.ExitCode, await output + await errors);
    }

    /// <summary>Runs kubectl, which must succeed.</summary>
    public async Task<string> MustAsync(string arguments, string? input = null)
    {
        (int status, string output) = await KubectlAsync(arguments, input);
        Assert.True(status == 0, $"kubectl {arguments}: {output}");
        return output;
    }

    public Process StartKubectl(string arguments)
    {
        ProcessStartInfo start = new("kubectl", $"--server={Url} {arguments}") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // A home of its own: no configuration of the user's, and no discovery remembered from another server.
        start.Environment["HOME"] = _directory;
        start.Environment["KUBECONFIG"] = Path.Combine(_directory, "none");
        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await KillAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
