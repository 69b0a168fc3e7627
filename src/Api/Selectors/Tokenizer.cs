namespace Margay.Api.Selectors;

internal enum TokenKind
{
    End,
    Error,
    Label,
    String,
    Has,
    All,
    Global,
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
}

/// <summary>One word of a selector, where it begins and its text: of a string without the quotes, of has(…) the label.</summary>
internal readonly ref struct Token(TokenKind kind, int start, ReadOnlySpan<char> value)
{
    public TokenKind Kind { get; } = kind;
    public int Start { get; } = start;
    public ReadOnlySpan<char> Value { get; } = value;
}

/// <summary>Cuts text into tokens. After an error it stays at it; <see cref="Fault"/> says what was wrong.</summary>
internal ref struct Tokenizer(ReadOnlySpan<char> text)
{
    private const int MaxLabelLength = 512;

    private readonly ReadOnlySpan<char> _text = text;
    private int _position;

    public string? Fault { get; private set; }

    /// <summary>The next token where an operand or punctuation may stand.</summary>
    public Token Next()
    {
        SkipBlanks();
        int start = _position;
        if (start == _text.Length) return new Token(TokenKind.End, start, default);
        switch (_text[start])
        {
            case '(': return Take(TokenKind.Open, 1);
            case ')': return Take(TokenKind.Close, 1);
            case '{': return Take(TokenKind.OpenSet, 1);
            case '}': return Take(TokenKind.CloseSet, 1);
            case ',': return Take(TokenKind.Comma, 1);
            case '"' or '\'': return TakeString(_text[start]);
            case '=': return TakeDoubled('=', TokenKind.Equal, "a single '=' is no operator: use '=='");
            case '&': return TakeDoubled('&', TokenKind.And, "a single '&' is no operator: use '&&'");
            case '|': return TakeDoubled('|', TokenKind.Or, "a single '|' is no operator: use '||'");
            case '!': return IsAt(start + 1, '=') ? Take(TokenKind.NotEqual, 2) : Take(TokenKind.Not, 1);
            default: return TakeWord();
        }
    }

    /// <summary>The next token directly after a label, where the words of relations are recognised.</summary>
    public Token NextAfterLabel()
    {
        SkipBlanks();
        int start = _position;
        foreach ((TokenKind kind, string first, string second) in Relations)
        {
            int end = MatchRelation(start, first, second);
            if (end < 0) continue;
            _position = end;
            return new Token(kind, start, _text[start..end]);
        }

        return Next();
    }

    private static readonly (TokenKind Kind, string First, string Second)[] Relations =
    [
        (TokenKind.Contains, "contains", ""),
        (TokenKind.StartsWith, "starts", "with"),
        (TokenKind.EndsWith, "ends", "with"),
        (TokenKind.NotIn, "not", "in"),
        (TokenKind.In, "in", ""),
    ];

    private readonly int MatchRelation(int start, string first, string second)
    {
        if (!_text[start..].StartsWith(first)) return -1;
        int end = start + first.Length;
        if (second.Length > 0)
        {
            while (end < _text.Length && IsBlank(_text[end])) end++;
            if (!_text[end..].StartsWith(second)) return -1;
            end += second.Length;
        }

        // A word boundary must follow: "inside" does not start with "in".
        return end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] == '_') ? -1 : end;
    }

    private Token TakeWord()
    {
        int start = _position, length = 0;
        while (start + length < _text.Length && IsLabelCharacter(_text[start + length])) length++;
        ReadOnlySpan<char> word = _text.Slice(start, length);
        if (length == 0) return Fail(start, $"unexpected character {Show(_text[start])}");
        if (IsAt(start + length, '('))
        {
            if (word is "has") return TakeHas(start);
            if (word is "all") return TakeEmptyCall(TokenKind.All, start, length);
            if (word is "global") return TakeEmptyCall(TokenKind.Global, start, length);
        }

        if (length > MaxLabelLength) return Fail(start, $"a label has at most {MaxLabelLength} characters, this has {length}");
        return Take(TokenKind.Label, length);
    }

    private Token TakeHas(int start)
    {
        _position = start + "has(".Length;
        SkipBlanks();
        int labelStart = _position;
        while (_position < _text.Length && IsLabelCharacter(_text[_position])) _position++;
        ReadOnlySpan<char> label = _text[labelStart.._position];
        if (label.IsEmpty) return Fail(labelStart, "expected a label in has(…), without quotes");
        if (label.Length > MaxLabelLength) return Fail(labelStart, $"a label has at most {MaxLabelLength} characters, this has {label.Length}");
        return CloseCall(new Token(TokenKind.Has, start, label));
    }

    private Token TakeEmptyCall(TokenKind kind, int start, int length)
    {
        _position = start + length + 1;
        return CloseCall(new Token(kind, start, default));
    }

    private Token CloseCall(Token call)
    {
        SkipBlanks();
        if (!IsAt(_position, ')')) return Fail(_position, "expected ')'");
        _position++;
        return call;
    }

    private Token TakeString(char quote)
    {
        int start = _position;
        int length = _text[(start + 1)..].IndexOf(quote);
        if (length < 0) return Fail(start, $"the string that starts here has no closing {quote}");
        _position = start + length + 2;
        return new Token(TokenKind.String, start, _text.Slice(start + 1, length));
    }

    private Token TakeDoubled(char c, TokenKind kind, string fault) =>
        IsAt(_position + 1, c) ? Take(kind, 2) : Fail(_position, fault);

    private Token Take(TokenKind kind, int length)
    {
        var token = new Token(kind, _position, _text.Slice(_position, length));
        _position += length;
        return token;
    }

    private Token Fail(int at, string fault)
    {
        Fault = fault;
        _position = at;
        return new Token(TokenKind.Error, at, default);
    }

    private void SkipBlanks()
    {
        while (_position < _text.Length && IsBlank(_text[_position])) _position++;
    }

    private readonly bool IsAt(int position, char c) => position < _text.Length && _text[position] == c;
    private static bool IsBlank(char c) => c is ' ' or '\t';
    private static bool IsLabelCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '/' or '-';

    private static string Show(char c) => c switch
    {
        '\n' or '\r' => "(a line break: a selector is one line; in YAML write it with '>-')",
        < ' ' or > '~' => $"U+{(int)c:X4}",
        _ => $"'{c}'",
    };
}
