using System.Text;
using Margay.Api.Client;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Ctl.Tests;

/// <summary>Runs the program in process, against a <see cref="FakeServer"/>, in a folder of its own.</summary>
public abstract class CliFixture : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("margay-ctl-").FullName;

    internal FakeServer Server { get; } = new();
    protected Dictionary<string, string> Variables { get; } = new() { ["HOME"] = "/nonexistent" };
    protected ClientOptions? Used { get; private set; }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Server.Dispose();
        GC.SuppressFinalize(this);
    }

    protected string Folder => _folder;

    protected string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    protected async Task<(int Status, string Out, string Error)> RunAsync(string[] args, string input = "")
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        using var stdin = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero));
        var terminal = new Terminal(output, error, stdin, time, name => Variables.GetValueOrDefault(name), options =>
        {
            Used = options;
            return new MargayClient(options with { Retries = 0 }, handler: Server);
        });
        int status = await CommandLine.RunAsync(args, terminal, TestContext.Current.CancellationToken);
        return (status, output.ToString(), error.ToString());
    }

    protected Task<(int Status, string Out, string Error)> RunAsync(params string[] args) => RunAsync(args, "");
}
