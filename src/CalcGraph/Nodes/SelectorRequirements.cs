using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>Finds labels without one of which a selector cannot match, so that only things with such a label need to be asked.</summary>
internal static class SelectorRequirements
{
    /// <summary>Alternatives, one of which is necessary; none at all when nothing can match; null when something without labels may match.</summary>
    /// <param name="expression">The selector's tree.</param>
    /// <param name="weigh">How many things have a label: of several necessary ones the rarest is taken.</param>
    public static IReadOnlyList<Requirement>? Find(Expression expression, Func<Requirement, int> weigh)
    {
        switch (expression)
        {
            case Expression.Equal e: return [new Requirement(e.Label, e.Value)];
            case Expression.In e: return [.. e.Values.Select(v => new Requirement(e.Label, v))];
            case Expression.Has e: return [new Requirement(e.Label, null)];
            case Expression.Contains e: return [new Requirement(e.Label, null)];
            case Expression.StartsWith e: return [new Requirement(e.Label, null)];
            case Expression.EndsWith e: return [new Requirement(e.Label, null)];
            case Expression.And and:
                return and.Operands.Select(o => Find(o, weigh)).OfType<IReadOnlyList<Requirement>>().MinBy(r => Weight(r, weigh));
            case Expression.Or or:
                List<Requirement> all = [];
                foreach (Expression operand in or.Operands)
                {
                    if (Find(operand, weigh) is not { } some) return null;
                    all.AddRange(some);
                }
                return [.. all.Distinct()];
            default: return null;
        }
    }

    /// <summary>Every label key that the selector asks about.</summary>
    public static IEnumerable<string> LabelsOf(Expression expression) => expression switch
    {
        Expression.Has e => [e.Label],
        Expression.Equal e => [e.Label],
        Expression.NotEqual e => [e.Label],
        Expression.Contains e => [e.Label],
        Expression.StartsWith e => [e.Label],
        Expression.EndsWith e => [e.Label],
        Expression.In e => [e.Label],
        Expression.NotIn e => [e.Label],
        Expression.Not e => LabelsOf(e.Operand),
        Expression.And e => e.Operands.SelectMany(LabelsOf),
        Expression.Or e => e.Operands.SelectMany(LabelsOf),
        _ => [],
    };

    // A key without a value is a worse guess than one with a value when both are rare now.
    private static long Weight(IReadOnlyList<Requirement> alternatives, Func<Requirement, int> weigh) =>
        alternatives.Sum(r => (long)weigh(r) * 4 + (r.Value is null ? 3 : 1));
}
