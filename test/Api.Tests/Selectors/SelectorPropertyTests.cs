using System.Collections.Immutable;
using CsCheck;
using Margay.Api.Selectors;

namespace Margay.Api.Tests.Selectors;

public class SelectorPropertyTests
{
    private static readonly Gen<string> Label = AnyOf("a", "b", "in", "not", "contains", "has", "all", "x.y/z-1");
    private static readonly Gen<string> Value = AnyOf("", "a", "b", "it's", "say \"x\"", "&&", "a b", "ünï", ")");

    private static readonly Gen<Dictionary<string, string>> LabelSet = Gen.Dictionary(Label, Value)[0, 5];

    private static readonly Gen<Expression> Leaf = Gen.OneOf(
        Gen.Const((Expression)Expression.All.Instance),
        Label.Select(l => (Expression)new Expression.Has(l)),
        Gen.Select(Label, Value, (l, v) => (Expression)new Expression.Equal(l, v)),
        Gen.Select(Label, Value, (l, v) => (Expression)new Expression.NotEqual(l, v)),
        Gen.Select(Label, Value, (l, v) => (Expression)new Expression.Contains(l, v)),
        Gen.Select(Label, Value, (l, v) => (Expression)new Expression.StartsWith(l, v)),
        Gen.Select(Label, Value, (l, v) => (Expression)new Expression.EndsWith(l, v)),
        Gen.Select(Label, Value.List[0, 10], (l, v) => (Expression)new Expression.In(l, Sorted(v))),
        Gen.Select(Label, Value.List[0, 10], (l, v) => (Expression)new Expression.NotIn(l, Sorted(v))));

    private static readonly Gen<Expression> Tree = Gen.Recursive<Expression>((depth, inner) =>
        depth >= 4 ? Leaf : Gen.Frequency(
            (3, Leaf),
            (1, inner.Select(Expression.Negate)),
            (1, inner.Array[2, 4].Select(o => Expression.AllOf([.. o]))),
            (1, inner.Array[2, 4].Select(o => Expression.AnyOf([.. o])))));

    [Fact]
    public void Print_ThenParse_GivesTheSameTree() => Tree.Sample(tree =>
    {
        string text = tree.ToString();
        if (text.Length > 4 * Selector.MaxLength) return;
        Expression parsed = Selector.Parse(text).Root;
        Assert.Equal(tree, parsed);
        Assert.Equal(text, parsed.ToString());
    });

    [Fact]
    public void Evaluation_AgreesWithTheDefinition() => Gen.Select(Tree, LabelSet).Sample((tree, labels) =>
        Assert.Equal(Define(tree, labels), new Selector(tree).Matches(labels)));

    [Fact]
    public void Parse_AnyText_ReturnsAResultAndRoundTrips()
    {
        Gen<string> piece = Gen.OneOf(
            AnyOf("has(", "all(", "global(", ")", "(", "{", "}", ",", "==", "!=", "!", "&&", "||", "=", " in ", " not ", "in", "'", "\"", " ", "\t", "\n", "a", "label", "starts", " with "),
            Gen.Char.Select(c => c.ToString()));
        piece.Array[0, 30].Select(string.Concat).Sample(text =>
        {
            if (Selector.TryParse(text, out Selector? selector, out SelectorError error)) Assert.Equal(selector, Selector.Parse(selector.Canonical));
            else Assert.InRange(error.Position, 0, text.Length);
        });
    }

    // The semantics once more, in the plainest words.
    private static bool Define(Expression expression, Dictionary<string, string> labels)
    {
        string? Of(string label) => labels.GetValueOrDefault(label);
        return expression switch
        {
            Expression.All => true,
            Expression.Has e => Of(e.Label) is not null,
            Expression.Equal e => Of(e.Label) == e.Value,
            Expression.NotEqual e => Of(e.Label) != e.Value,
            Expression.Contains e => Of(e.Label)?.Contains(e.Value, StringComparison.Ordinal) == true,
            Expression.StartsWith e => Of(e.Label)?.StartsWith(e.Value, StringComparison.Ordinal) == true,
            Expression.EndsWith e => Of(e.Label)?.EndsWith(e.Value, StringComparison.Ordinal) == true,
            Expression.In e => Of(e.Label) is { } v && e.Values.Contains(v),
            Expression.NotIn e => !(Of(e.Label) is { } v && e.Values.Contains(v)),
            Expression.Not e => !Define(e.Operand, labels),
            Expression.And e => e.Operands.All(o => Define(o, labels)),
            Expression.Or e => e.Operands.Any(o => Define(o, labels)),
            _ => throw new InvalidOperationException(),
        };
    }

    private static Gen<string> AnyOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static ImmutableArray<string> Sorted(List<string> values) => [.. values.Distinct().Order(StringComparer.Ordinal)];
}
