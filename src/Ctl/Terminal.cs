namespace Margay.Ctl;

/// <summary>Where a verb reads and writes: the process' streams, or a test's.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Faults, warnings and progress.</param>
/// <param name="In">Manifests given as <c>-</c>.</param>
/// <param name="Time">The clock.</param>
/// <param name="IsInteractive">Whether a person looks at <paramref name="Out"/>: colours are only then used.</param>
public sealed record Terminal(TextWriter Out, TextWriter Error, Stream In, TimeProvider Time, bool IsInteractive)
{
    public static Terminal OfProcess() => new(
        Console.Out, Console.Error, Console.OpenStandardInput(), TimeProvider.System,
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "");
}
