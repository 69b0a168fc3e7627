using System.Collections.Immutable;
using System.Text;

namespace Margay.Api.Selectors;

/// <summary>Writes the canonical text: one space around operators, double quotes unless the value holds one, parentheses only where needed.</summary>
internal static class ExpressionWriter
{
    public static string Write(Expression expression)
    {
        var text = new StringBuilder(64);
        Append(text, expression);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Expression expression)
    {
        switch (expression)
        {
            case Expression.All: text.Append("all()"); break;
            case Expression.Global: text.Append("global()"); break;
            case Expression.Has has: text.Append("has(").Append(has.Label).Append(')'); break;
            case Expression.Equal e: AppendRelation(text, e.Label, "==", e.Value); break;
            case Expression.NotEqual e: AppendRelation(text, e.Label, "!=", e.Value); break;
            case Expression.Contains e: AppendRelation(text, e.Label, "contains", e.Value); break;
            case Expression.StartsWith e: AppendRelation(text, e.Label, "starts with", e.Value); break;
            case Expression.EndsWith e: AppendRelation(text, e.Label, "ends with", e.Value); break;
            case Expression.In e: AppendSet(text, e.Label, "in", e.Values); break;
            case Expression.NotIn e: AppendSet(text, e.Label, "not in", e.Values); break;
            case Expression.And and: AppendOperands(text, and.Operands, " && ", parenthesise: static o => o is Expression.Or); break;
            case Expression.Or or: AppendOperands(text, or.Operands, " || ", parenthesise: static _ => false); break;
            case Expression.Not not:
                text.Append('!');
                AppendOperand(text, not.Operand, not.Operand is Expression.And or Expression.Or);
                break;
        }
    }

    private static void AppendRelation(StringBuilder text, string label, string relation, string value)
    {
        text.Append(label).Append(' ').Append(relation).Append(' ');
        AppendString(text, value);
    }

    private static void AppendSet(StringBuilder text, string label, string relation, ImmutableArray<string> values)
    {
        text.Append(label).Append(' ').Append(relation).Append(" {");
        for (int i = 0; i < values.Length; i++)
        {
            if (i > 0) text.Append(", ");
            AppendString(text, values[i]);
        }

        text.Append('}');
    }

    private static void AppendOperands(
        StringBuilder text, ImmutableArray<Expression> operands, string between, Func<Expression, bool> parenthesise)
    {
        for (int i = 0; i < operands.Length; i++)
        {
            if (i > 0) text.Append(between);
            AppendOperand(text, operands[i], parenthesise(operands[i]));
        }
    }

    private static void AppendOperand(StringBuilder text, Expression operand, bool parentheses)
    {
        if (parentheses) text.Append('(');
        Append(text, operand);
        if (parentheses) text.Append(')');
    }

    // The grammar has no escapes: a value that was parsed holds at most one kind of quote.
    private static void AppendString(StringBuilder text, string value)
    {
        char quote = value.Contains('"', StringComparison.Ordinal) ? '\'' : '"';
        text.Append(quote).Append(value).Append(quote);
    }
}
