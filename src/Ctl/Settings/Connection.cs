using System.CommandLine;
using Margay.Api.Client;
using Margay.Ctl.Commands;

namespace Margay.Ctl.Settings;

/// <summary>A setting that makes no sense, with its source and the remedy.</summary>
public sealed class SettingsException(string message) : Exception(message);

/// <summary>
/// Where the server and the agent are. A flag comes before the environment, that before the user's file
/// (~/.config/margay/margay.conf), that before the host's (/etc/margay/margay.conf).
/// </summary>
public sealed class Connection
{
    private readonly Terminal _terminal;
    private readonly Option<string?> _server = Make("--server", "URL", $"margay-server [{ClientOptions.DefaultServer}; MARGAY_SERVER]");
    private readonly Option<string?> _tokenFile = Make("--token-file", "FILE", "file with the token for the server [MARGAY_TOKEN_FILE]");
    private readonly Option<string?> _caFile = Make("--ca-file", "FILE", "authorities that may have signed the server's certificate, PEM [the system's; MARGAY_CA_FILE]");
    private readonly Option<string?> _agentSocket = Make("--agent-socket", "PATH", $"socket of this host's agent [{AgentClient.DefaultSocket}; MARGAY_AGENT_SOCKET]");
    private readonly Option<int?> _timeout = new("--timeout") { HelpName = "SECONDS", Description = "how long one request may take [30]", Recursive = true };

    internal Connection(Terminal terminal) => _terminal = terminal;

    internal IEnumerable<Option> Options => [_server, _tokenFile, _caFile, _agentSocket, _timeout];

    /// <summary>A client of the server that flags, environment and files name.</summary>
    /// <exception cref="SettingsException">One of them is malformed.</exception>
    internal MargayClient Connect(ParseResult parsed)
    {
        IReadOnlyDictionary<string, string> file = ConfigurationFile.Read(_terminal);
        string server = Setting(parsed, _server, file) ?? ClientOptions.DefaultServer.AbsoluteUri;
        if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new SettingsException($"\"{server}\" is no server: write it like http://127.0.0.1:7443 (--server, MARGAY_SERVER)");
        string? caFile = Setting(parsed, _caFile, file);
        if (caFile is not null && !File.Exists(caFile)) throw new SettingsException($"{caFile} does not exist (--ca-file, MARGAY_CA_FILE)");
        return _terminal.Connect(new ClientOptions
        {
            Server = uri,
            TokenFile = Setting(parsed, _tokenFile, file),
            CaFile = caFile,
            RequestTimeout = TimeSpan.FromSeconds(Timeout(parsed) ?? 30),
            UserAgent = $"margay/{VersionCommand.Version}",
            OnWarning = text => _terminal.Error.WriteLine($"warning: {text}"),
        });
    }

    internal AgentClient Agent(ParseResult parsed) =>
        new(AgentSocket(parsed), Timeout(parsed) is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

    internal string AgentSocket(ParseResult parsed) =>
        Setting(parsed, _agentSocket, ConfigurationFile.Read(_terminal)) ?? AgentClient.DefaultSocket;

    private int? Timeout(ParseResult parsed) => parsed.GetValue(_timeout) switch
    {
        null => null,
        > 0 and int seconds => seconds,
        _ => throw new SettingsException("--timeout must be 1 or more seconds"),
    };

    // --token-file is MARGAY_TOKEN_FILE in the environment and token-file in files.
    private string? Setting(ParseResult parsed, Option<string?> option, IReadOnlyDictionary<string, string> file)
    {
        string name = option.Name.TrimStart('-');
        return NotEmpty(parsed.GetValue(option)) ?? NotEmpty(_terminal.Variable("MARGAY_" + name.ToUpperInvariant().Replace('-', '_'))) ?? file.GetValueOrDefault(name);
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static Option<string?> Make(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Recursive = true };
}
