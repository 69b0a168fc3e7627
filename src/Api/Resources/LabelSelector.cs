namespace Margay.Api.Resources;

/// <summary>Which labels something must have (Kubernetes <c>LabelSelector</c>); all of it must hold, and an empty one matches everything.</summary>
public sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; init; }
}

public sealed record LabelSelectorRequirement
{
    public string? Key { get; init; }

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    public string? Operator { get; init; }

    /// <summary>For In and NotIn only.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}
