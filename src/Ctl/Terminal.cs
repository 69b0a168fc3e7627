using Margay.Api.Client;

namespace Margay.Ctl;

/// <summary>What a verb sees of the world: the process', or a test's.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Faults, warnings and progress.</param>
/// <param name="In">Manifests given as <c>-</c>.</param>
/// <param name="Time">The clock.</param>
/// <param name="Variable">Reads an environment variable.</param>
/// <param name="Connect">Makes the client of a server.</param>
public sealed record Terminal(
    TextWriter Out, TextWriter Error, Stream In, TimeProvider Time, Func<string, string?> Variable, Func<ClientOptions, MargayClient> Connect)
{
    public static Terminal OfProcess() => new(
        Console.Out, Console.Error, Console.OpenStandardInput(), TimeProvider.System, Environment.GetEnvironmentVariable, static options => new MargayClient(options));

    /// <summary>Reports a failure in the form that all verbs share; returns the exit status.</summary>
    public int Fail(string message)
    {
        Error.WriteLine($"error: {message}");
        return ExitStatus.Failed;
    }
}

/// <summary>What the process answers to the shell.</summary>
public static class ExitStatus
{
    public const int Done = 0;

    /// <summary>Something asked for was not done, or something checked is wrong.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was tried.</summary>
    public const int Usage = 2;
}
