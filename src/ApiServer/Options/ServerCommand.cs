using System.CommandLine;

namespace Margay.ApiServer.Options;

/// <summary>The command line of margay-server.</summary>
internal static class ServerCommand
{
    /// <param name="run">Given the options, runs the server and gives the exit status.</param>
    public static RootCommand Build(Func<ServerOptions, CancellationToken, Task<int>> run)
    {
        Option<string> dataDirectory = new("--data-dir") { Description = "Where the store lives.", DefaultValueFactory = _ => ServerOptions.DefaultDataDirectory, HelpName = "DIR" };
        Option<string[]> listen = new("--listen") { Description = $"Address to serve at, http://ADDRESS:PORT or https://ADDRESS:PORT; may be repeated. Default {ServerOptions.DefaultListen}.", HelpName = "URL" };
        Option<string?> tokenFile = new("--token-file") { Description = "File of bearer tokens, one per line, that clients must send one of.", HelpName = "FILE" };
        Option<bool> noAuth = new("--no-auth") { Description = "Serve everyone, also beyond loopback." };
        Option<string?> certificate = new("--tls-cert") { Description = "Certificate chain (PEM) for https addresses.", HelpName = "FILE" };
        Option<string?> key = new("--tls-key") { Description = "Private key (PEM) of the certificate.", HelpName = "FILE" };
        Option<string> logFormat = new("--log-format") { Description = "text or json.", DefaultValueFactory = _ => "text", HelpName = "FORMAT" };
        logFormat.AcceptOnlyFromAmong("text", "json");
        Option<LogLevel> logLevel = new("--log-level") { Description = "Least level logged.", DefaultValueFactory = _ => LogLevel.Information, HelpName = "LEVEL" };
        Option<int> history = new("--history-events") { Description = "Events kept for watches that resume.", DefaultValueFactory = _ => 10_000, HelpName = "N" };
        RootCommand root = new("margay-server: holds the truth of a Margay network and serves it: Kubernetes-style API, and a view for each node.")
        {
            dataDirectory, listen, tokenFile, noAuth, certificate, key, logFormat, logLevel, history,
        };
        root.SetAction((parsed, cancel) => RunAsync(() => new ServerOptions
        {
            DataDirectory = parsed.GetValue(dataDirectory)!,
            Listen = [.. (parsed.GetValue(listen) is { Length: > 0 } given ? given : [ServerOptions.DefaultListen]).Select(ListenAddress.Parse)],
            TokenFile = parsed.GetValue(tokenFile),
            NoAuth = parsed.GetValue(noAuth),
            TlsCertificate = parsed.GetValue(certificate),
            TlsKey = parsed.GetValue(key),
            JsonLog = parsed.GetValue(logFormat) == "json",
            LogLevel = parsed.GetValue(logLevel),
            HistoryEvents = parsed.GetValue(history) is > 0 and var events ? events : throw new OptionException("--history-events", "must be greater than 0"),
        }, run, cancel));
        return root;
    }

    private static async Task<int> RunAsync(Func<ServerOptions> read, Func<ServerOptions, CancellationToken, Task<int>> run, CancellationToken cancel)
    {
        try
        {
            ServerOptions options = read();
            options.Check();
            return await run(options, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OptionException or Store.StoreOpenException)
        {
            await Console.Error.WriteLineAsync($"margay-server: {e.Message}").ConfigureAwait(false);
            return e is OptionException ? 2 : 1;
        }
    }
}
