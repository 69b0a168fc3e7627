using System.Collections.Immutable;

namespace Margay.Api.Selectors;

/// <summary>
/// A parsed selector: an immutable tree whose shape anyone may inspect (the calculation graph indexes by it). The set of node types is closed.
/// Trees are built by the parser or by <see cref="AllOf(ImmutableArray{Expression})"/>, <see cref="AnyOf(ImmutableArray{Expression})"/> and
/// <see cref="Negate"/>, which keep them in canonical shape: no double negation, no <c>And</c> directly below an <c>And</c>, set members sorted and unique.
/// </summary>
public abstract record Expression
{
    private Expression()
    {
    }

    /// <summary><c>all()</c>, and the empty selector.</summary>
    public sealed record All : Expression
    {
        public static All Instance { get; } = new();
    }

    /// <summary><c>global()</c>: what is in no namespace. Legal only as a whole namespace selector.</summary>
    public sealed record Global : Expression
    {
        public static Global Instance { get; } = new();
    }

    /// <summary><c>has(label)</c></summary>
    public sealed record Has(string Label) : Expression;

    /// <summary><c>label == "value"</c>: false without the label.</summary>
    public sealed record Equal(string Label, string Value) : Expression;

    /// <summary><c>label != "value"</c>: true without the label.</summary>
    public sealed record NotEqual(string Label, string Value) : Expression;

    /// <summary><c>label contains "value"</c>: false without the label.</summary>
    public sealed record Contains(string Label, string Value) : Expression;

    /// <summary><c>label starts with "value"</c>: false without the label.</summary>
    public sealed record StartsWith(string Label, string Value) : Expression;

    /// <summary><c>label ends with "value"</c>: false without the label.</summary>
    public sealed record EndsWith(string Label, string Value) : Expression;

    /// <summary><c>label in {"a", "b"}</c>: false without the label. Values are sorted by ordinal and unique.</summary>
    public sealed record In(string Label, ImmutableArray<string> Values) : Expression
    {
        public bool Equals(In? other) => other is not null && Label == other.Label && Values.AsSpan().SequenceEqual(other.Values.AsSpan());
        public override int GetHashCode() => HashCode.Combine(Label, HashOf(Values.AsSpan()));
    }

    /// <summary><c>label not in {"a", "b"}</c>: true without the label. Values are sorted by ordinal and unique.</summary>
    public sealed record NotIn(string Label, ImmutableArray<string> Values) : Expression
    {
        public bool Equals(NotIn? other) => other is not null && Label == other.Label && Values.AsSpan().SequenceEqual(other.Values.AsSpan());
        public override int GetHashCode() => HashCode.Combine(Label, HashOf(Values.AsSpan()), 1);
    }

    /// <summary>All operands hold; two or more.</summary>
    public sealed record And(ImmutableArray<Expression> Operands) : Expression
    {
        public bool Equals(And? other) => other is not null && Operands.AsSpan().SequenceEqual(other.Operands.AsSpan());
        public override int GetHashCode() => HashOf(Operands.AsSpan());
    }

    /// <summary>One operand holds at least; two or more.</summary>
    public sealed record Or(ImmutableArray<Expression> Operands) : Expression
    {
        public bool Equals(Or? other) => other is not null && Operands.AsSpan().SequenceEqual(other.Operands.AsSpan());
        public override int GetHashCode() => ~HashOf(Operands.AsSpan());
    }

    /// <summary>The operand does not hold. It is never itself a <c>Not</c>.</summary>
    public sealed record Not(Expression Operand) : Expression;

    /// <summary>The conjunction: nested ones are flattened, one is itself, none is <c>all()</c>.</summary>
    public static Expression AllOf(params ImmutableArray<Expression> operands) =>
        Flatten(operands, static e => e is And and ? and.Operands : default) switch
        {
            [] => All.Instance,
            [var only] => only,
            var several => new And(several),
        };

    /// <summary>The disjunction: nested ones are flattened, one is itself. There must be at least one.</summary>
    public static Expression AnyOf(params ImmutableArray<Expression> operands) =>
        Flatten(operands, static e => e is Or or ? or.Operands : default) switch
        {
            [] => throw new ArgumentException("a disjunction needs an operand", nameof(operands)),
            [var only] => only,
            var several => new Or(several),
        };

    /// <summary>The opposite; that of a negation is its operand.</summary>
    public static Expression Negate(Expression operand) => operand is Not not ? not.Operand : new Not(operand);

    /// <summary>The canonical text, which parses to an equal tree.</summary>
    public sealed override string ToString() => ExpressionWriter.Write(this);

    private static ImmutableArray<Expression> Flatten(
        ImmutableArray<Expression> operands, Func<Expression, ImmutableArray<Expression>> inner)
    {
        if (!operands.Any(e => !inner(e).IsDefault)) return operands;
        var flat = ImmutableArray.CreateBuilder<Expression>();
        foreach (Expression operand in operands)
        {
            ImmutableArray<Expression> nested = inner(operand);
            if (nested.IsDefault) flat.Add(operand);
            else flat.AddRange(nested);
        }

        return flat.ToImmutable();
    }

    private static int HashOf<T>(ReadOnlySpan<T> items)
    {
        var hash = new HashCode();
        foreach (T item in items) hash.Add(item);
        return hash.ToHashCode();
    }
}
