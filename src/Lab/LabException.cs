namespace Margay.Lab;

/// <summary>Why something about a lab was not done: what happened, where to read more, what to do.</summary>
public sealed class LabException : Exception
{
    public LabException(string message) : base(message)
    {
    }

    public LabException(string message, Exception? inner) : base(message, inner)
    {
    }

    public LabException()
    {
    }

    /// <summary>The log of the program that failed.</summary>
    public string? Log { get; init; }

    public string? Remedy { get; init; }
}
