namespace Margay.CalcGraph;

/// <summary>What a <see cref="Graph"/> is told at birth.</summary>
public sealed record GraphOptions
{
    /// <summary>Names this life of the graph in every delta; revisions mean something only within it.</summary>
    public required string Epoch { get; init; }
}
