using System.Text;

namespace Margay.Api.Resources;

/// <summary>Which labels something must have (Kubernetes <c>LabelSelector</c>); all of it must hold, and an empty one matches everything.</summary>
public sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; init; }

    /// <summary>The same in the grammar of selectors; <c>all()</c> when it asks for nothing. An unknown operator gives text that no parser takes.</summary>
    public string ToSelectorText()
    {
        StringBuilder text = new();
        foreach ((string key, string value) in MatchLabels ?? new Dictionary<string, string>()) And(text).Append(key).Append(" == '").Append(value).Append('\'');
        foreach (LabelSelectorRequirement r in MatchExpressions ?? [])
        {
            string values = string.Join(", ", (r.Values ?? []).Select(v => $"'{v}'"));
            And(text).Append(r.Operator switch
            {
                "In" => $"{r.Key} in {{{values}}}",
                "NotIn" => $"{r.Key} not in {{{values}}}",
                "Exists" => $"has({r.Key})",
                "DoesNotExist" => $"!has({r.Key})",
                _ => $"{r.Key} {r.Operator}",
            });
        }

        return text.Length == 0 ? "all()" : text.ToString();
    }

    private static StringBuilder And(StringBuilder text) => text.Length == 0 ? text : text.Append(" && ");
}

public sealed record LabelSelectorRequirement
{
    public string? Key { get; init; }

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    public string? Operator { get; init; }

    /// <summary>For In and NotIn only.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}
