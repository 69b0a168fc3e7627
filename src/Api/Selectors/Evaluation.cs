using System.Collections.Immutable;

namespace Margay.Api.Selectors;

/// <summary>Evaluates a tree against labels, without allocating. A missing label makes positive relations false and negative ones true.</summary>
internal static class Evaluation
{
    // Up to here comparing one by one is quicker than searching.
    private const int LinearSearchLimit = 8;

    public static bool Holds<TLabels>(Expression expression, ref readonly TLabels labels)
        where TLabels : ILabels
    {
        switch (expression)
        {
            case Expression.All: return true;
            case Expression.Global: return !labels.TryGetLabel(Selector.NamespaceLabel, out _);
            case Expression.Has has: return labels.TryGetLabel(has.Label, out _);
            case Expression.Equal e: return labels.TryGetLabel(e.Label, out string? value) && value == e.Value;
            case Expression.NotEqual e: return !labels.TryGetLabel(e.Label, out value) || value != e.Value;
            case Expression.In e: return labels.TryGetLabel(e.Label, out value) && IsMember(e.Values, value);
            case Expression.NotIn e: return !labels.TryGetLabel(e.Label, out value) || !IsMember(e.Values, value);
            case Expression.Contains e: return labels.TryGetLabel(e.Label, out value) && value.Contains(e.Value, StringComparison.Ordinal);
            case Expression.StartsWith e: return labels.TryGetLabel(e.Label, out value) && value.StartsWith(e.Value, StringComparison.Ordinal);
            case Expression.EndsWith e: return labels.TryGetLabel(e.Label, out value) && value.EndsWith(e.Value, StringComparison.Ordinal);
            case Expression.Not not: return !Holds(not.Operand, in labels);
            case Expression.And and:
                foreach (Expression operand in and.Operands)
                    if (!Holds(operand, in labels)) return false;
                return true;
            case Expression.Or or:
                foreach (Expression operand in or.Operands)
                    if (Holds(operand, in labels)) return true;
                return false;
            default: throw new InvalidOperationException($"unknown selector node {expression.GetType().Name}");
        }
    }

    private static bool IsMember(ImmutableArray<string> sorted, string value)
    {
        if (sorted.Length > LinearSearchLimit) return sorted.BinarySearch(value, StringComparer.Ordinal) >= 0;
        foreach (string member in sorted)
            if (member == value) return true;
        return false;
    }
}
