using System.Net;

namespace Margay.ApiServer.Options;

/// <summary>What the operator asked for, checked.</summary>
internal sealed record ServerOptions
{
    /// <summary>Plain HTTP on loopback: safe without further options.</summary>
    public const string DefaultListen = "http://127.0.0.1:7443";

    public const string DefaultDataDirectory = "/var/lib/margay-server";

    public string DataDirectory { get; init; } = DefaultDataDirectory;
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [];

    /// <summary>Null: no tokens are asked for.</summary>
    public string? TokenFile { get; init; }

    public bool NoAuth { get; init; }
    public string? TlsCertificate { get; init; }
    public string? TlsKey { get; init; }
    public bool JsonLog { get; init; }
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Events kept for watches that resume.</summary>
    public int HistoryEvents { get; init; } = 10_000;

    /// <summary>Says what does not fit together. Throws <see cref="OptionException"/>.</summary>
    public void Check()
    {
        if ((TlsCertificate is null) != (TlsKey is null)) throw new OptionException(TlsKey is null ? "--tls-key" : "--tls-cert", "--tls-cert and --tls-key go together");
        if (NoAuth && TokenFile is not null) throw new OptionException("--no-auth", "contradicts --token-file; leave one out");
        foreach (ListenAddress listen in Listen)
        {
            if (listen.IsTls && TlsCertificate is null) throw new OptionException("--listen", $"{listen} needs --tls-cert and --tls-key");
            if (!listen.IsLoopback && TokenFile is null && !NoAuth)
            {
                throw new OptionException("--listen", $"{listen} can be reached from other hosts: give --token-file FILE, or --no-auth if everyone there may change everything");
            }
        }
    }
}

/// <summary>One address to listen on.</summary>
internal sealed record ListenAddress(IPEndPoint EndPoint, bool IsTls)
{
    public bool IsLoopback => IPAddress.IsLoopback(EndPoint.Address);

    /// <summary>http://ADDRESS:PORT or https://ADDRESS:PORT; the address is a literal, * or localhost.</summary>
    public static ListenAddress Parse(string text)
    {
        if (!Uri.TryCreate(text.Replace("://*", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.AbsolutePath != "/")
        {
            throw new OptionException("--listen", $"\"{text}\" is not http://ADDRESS:PORT or https://ADDRESS:PORT");
        }
        IPAddress? address = uri.Host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(uri.Host, out IPAddress? literal) ? literal : null;
        if (address is null) throw new OptionException("--listen", $"\"{uri.Host}\" is not an address; write one, such as 127.0.0.1, [::1] or * for all");
        return new ListenAddress(new IPEndPoint(address, uri.Port), uri.Scheme == "https");
    }

    public override string ToString() => $"{(IsTls ? "https" : "http")}://{EndPoint}";
}

/// <summary>An option that cannot be followed: names it and the remedy.</summary>
internal sealed class OptionException(string option, string message) : Exception($"{option}: {message}");
