using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Margay.Api.Selectors;

/// <summary>Recursive descent over the tokens, one function for each rule of the grammar. Total: it returns an error for any text, and cannot overflow the stack.</summary>
internal ref struct SelectorParser
{
    // Longer than anything that the API accepts, so that the canonical text of an accepted selector (with its added blanks) parses again.
    private const int MaxParsedLength = 4 * Selector.MaxLength;
    private const int MaxDepth = 200;

    private Tokenizer _tokenizer;
    private Token _token;
    private int _depth;
    private SelectorError? _error;

    private SelectorParser(ReadOnlySpan<char> text)
    {
        _tokenizer = new Tokenizer(text);
        _token = _tokenizer.Next();
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out Expression? expression, out SelectorError error)
    {
        expression = null;
        error = default;
        if (text.Length > MaxParsedLength)
        {
            error = new SelectorError(MaxParsedLength, $"the selector has {text.Length} characters, at most {Selector.MaxLength} are allowed");
            return false;
        }

        var parser = new SelectorParser(text);
        expression = parser.ParseAll();
        error = parser._error ?? default;
        return expression is not null;
    }

    private Expression? ParseAll()
    {
        if (_token.Kind == TokenKind.End) return Expression.All.Instance;
        Expression? expression = ParseOr();
        if (expression is null || _token.Kind == TokenKind.End) return expression;
        return Fail(_token.Kind == TokenKind.Close ? "this ')' has no '(' before it" : "expected '&&', '||' or the end");
    }

    private Expression? ParseOr() => ParseOperands(TokenKind.Or);

    private Expression? ParseAnd() => ParseOperands(TokenKind.And);

    private Expression? ParseOperands(TokenKind between)
    {
        bool or = between == TokenKind.Or;
        Expression? first = or ? ParseAnd() : ParseNot();
        if (first is null || _token.Kind != between) return first;
        var operands = ImmutableArray.CreateBuilder<Expression>();
        operands.Add(first);
        while (_token.Kind == between)
        {
            Advance();
            if ((or ? ParseAnd() : ParseNot()) is not { } next) return null;
            operands.Add(next);
        }

        return or ? Expression.AnyOf(operands.ToImmutable()) : Expression.AllOf(operands.ToImmutable());
    }

    private Expression? ParseNot()
    {
        bool negated = false;
        for (; _token.Kind == TokenKind.Not; Advance()) negated = !negated;
        Expression? operand = ParsePrimary();
        return operand is not null && negated ? Expression.Negate(operand) : operand;
    }

    private Expression? ParsePrimary()
    {
        switch (_token.Kind)
        {
            case TokenKind.All: return Advance(Expression.All.Instance);
            case TokenKind.Global: return Advance(Expression.Global.Instance);
            case TokenKind.Has: return Advance(new Expression.Has(_token.Value.ToString()));
            case TokenKind.Open: return ParseParentheses();
            case TokenKind.Label: return ParseRelation();
            case TokenKind.String: return Fail("a string cannot stand on the left: write LABEL == \"value\", the label without quotes");
            case TokenKind.End: return Fail("expected a label, has(…), all(), '!' or '(', found the end");
            default: return Fail("expected a label, has(…), all(), '!' or '('");
        }
    }

    private Expression? ParseParentheses()
    {
        int open = _token.Start;
        if (++_depth > MaxDepth) return Fail($"more than {MaxDepth} nested parentheses");
        Advance();
        Expression? inner = ParseOr();
        _depth--;
        if (inner is null) return null;
        return _token.Kind == TokenKind.Close ? Advance(inner) : Fail($"expected '&&', '||' or the ')' for the '(' at character {open + 1}");
    }

    private Expression? ParseRelation()
    {
        string label = _token.Value.ToString();
        _token = _tokenizer.NextAfterLabel();
        TokenKind relation = _token.Kind;
        switch (relation)
        {
            case TokenKind.Equal or TokenKind.NotEqual or TokenKind.Contains or TokenKind.StartsWith or TokenKind.EndsWith:
                Advance();
                if (_token.Kind != TokenKind.String) return Fail("expected a string in quotes");
                string value = _token.Value.ToString();
                return Advance(MakeRelation(relation, label, value));
            case TokenKind.In or TokenKind.NotIn:
                Advance();
                return ParseSet(relation, label);
            default:
                return Fail($"expected an operator after the label '{label}': ==, !=, in, not in, contains, starts with or ends with (or write has({label}))");
        }
    }

    private static Expression MakeRelation(TokenKind relation, string label, string value) => relation switch
    {
        TokenKind.Equal => new Expression.Equal(label, value),
        TokenKind.NotEqual => new Expression.NotEqual(label, value),
        TokenKind.Contains => new Expression.Contains(label, value),
        TokenKind.StartsWith => new Expression.StartsWith(label, value),
        _ => new Expression.EndsWith(label, value),
    };

    private Expression? ParseSet(TokenKind relation, string label)
    {
        if (_token.Kind != TokenKind.OpenSet) return Fail("expected a set: {\"a\", \"b\"}");
        Advance();
        var values = new SortedSet<string>(StringComparer.Ordinal);
        while (_token.Kind == TokenKind.String)
        {
            values.Add(_token.Value.ToString());
            Advance();
            if (_token.Kind != TokenKind.Comma) break;
            Advance();
        }

        if (_token.Kind != TokenKind.CloseSet) return Fail("expected a string in quotes, ',' or '}'");
        ImmutableArray<string> members = [.. values];
        return Advance<Expression>(relation == TokenKind.In ? new Expression.In(label, members) : new Expression.NotIn(label, members));
    }

    private void Advance() => _token = _tokenizer.Next();

    private T Advance<T>(T result)
    {
        Advance();
        return result;
    }

    // The first fault is the one to tell; what a tokenizer says of it is more exact than what the parser expected.
    private Expression? Fail(string expected)
    {
        _error ??= new SelectorError(_token.Start, _token.Kind == TokenKind.Error ? _tokenizer.Fault! : expected);
        return null;
    }
}
