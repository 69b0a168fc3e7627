namespace Margay.Api.Selectors;

/// <summary>Why text is no selector: the 0-based position in it and what was expected there.</summary>
public readonly record struct SelectorError(int Position, string Message)
{
    public override string ToString() => $"at character {Position + 1}: {Message}";
}
