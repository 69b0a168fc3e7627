namespace Margay.Api.Client;

/// <summary>Where the server is and how to speak to it.</summary>
public sealed record ClientOptions
{
    public static readonly Uri DefaultServer = new("http://127.0.0.1:7443");

    /// <summary>http or https; a path in front of /api is kept.</summary>
    public Uri Server { get; init; } = DefaultServer;

    /// <summary>File with the bearer token; read again for each connection attempt, so that it may be replaced.</summary>
    public string? TokenFile { get; init; }

    /// <summary>PEM file of the authorities that may have signed the server's certificate, instead of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>How long a connection attempt may take. 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one request may take, watches and streams excepted. 30 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request that is safe to repeat is tried again after a broken connection or an answer "busy". 2.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Wait before the first repetition; doubled with each, up to <see cref="MaxBackoff"/>, and jittered. 100 ms.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>5 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A watch or stream on which nothing comes for so long is taken for dead: the server sends something every 10 s. 45 s.</summary>
    public TimeSpan StreamIdleTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Told what the server warns of (RFC 9110 <c>Warning</c> headers, as Kubernetes uses them): accepted, but without effect.</summary>
    public Action<string>? OnWarning { get; init; }

    public string UserAgent { get; init; } = "margay";
}
